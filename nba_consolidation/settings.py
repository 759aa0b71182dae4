"""Settings, and the one reader of the environment. Decides nothing; `deployment.py` builds from it.

Every setting is one variable, NBA_CONSOLIDATION_ and its name in capitals; all have a default that works on a laptop.
What names something outside (a project, a dataset, a collection) is checked here, once, wherever it came from.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.schema import BOX_SCORES, CONFIDENCE_SCALES

PREFIX = "NBA_CONSOLIDATION_"
LOCAL, PRODUCTION = "local", "production"
GAME_TIME_ZONE = zoneinfo.ZoneInfo("America/New_York")
# Predictions are made on the day of the game and the evening before; a row for a date further off than this is a slip.
_HORIZON = dt.timedelta(days=366)


class SettingsError(ConsolidationError):
    """A setting has a value that cannot be meant."""


@dataclass(frozen=True)
class Settings:
    """All there is to set. Paths are local; seconds are seconds. Raises SettingsError naming the variable.

    deployment: `local` (DuckDB, Parquet and SQLite) or `production` (BigQuery and Firestore).

    Of both:
    first_date: the first game date that can be consolidated.
    confidence_scales: per system `percent` or `fraction`, written `system=percent,other=fraction`; a system that is
    not named is judged by the group of system, game date and batch.
    odds: American odds, such as -110 or +105, at which a system's return is computed beside that at -110.
    calibration_window_days: days of graded bets before a date that a calibration for it is fitted on.
    calibration_major_shift: a new calibration that moves confidences by more than this, on average, waits for a person.
    player_policy: by which of the policies players are blacklisted, `false_discovery` or `edge_3_under_40`.
    disabled_systems: systems whose bets do not count when players are judged, written `system,other`.
    schema_evolution: add the columns that the live table lacks instead of refusing the staging table.
    lease_ttl, lease_wait: how long a lease lasts without a heartbeat, and how long one waits for it.
    staging_retention_days: a staging table that lies longer than this is an orphan, which the clean-up looks at.
    sensor_interval: seconds between two looks of a sensor. arrivals_quiet: a date is consolidated once nothing came for
    it for so many seconds. arrivals_wait: or once it has been waiting for so long, however much still comes.
    quality_thresholds: those of the daily quality that are not as `quality.thresholds` has them, written `name=figure`.
    reports: where the daily report goes: a folder, or `gs://bucket/path`. By default reports/ in the home folder.
    log_level, log_format: what a terminal logs to stderr, and as `text` or `json`. By default warnings as text locally,
    every step as JSON in production.
    otlp_endpoint: where OpenTelemetry metrics go, if anywhere; its variable is OTEL_EXPORTER_OTLP_ENDPOINT.

    Of alerts, which are only logged unless a channel or an address is given:
    slack_token, slack_channel; alert_emails (with commas), smtp_host, smtp_port, smtp_security (`starttls`, `ssl` or
    `none`), smtp_user, smtp_password, smtp_sender.
    alert_severity: the least that is told, `warning` or `error`. alert_hours: the same date and cause is not told again
    for so long. webserver_url: of Dagster, for the links to runs.

    Of the local one:
    home: folder which holds warehouse.duckdb, leases.sqlite and staging/.
    staging: the staging folder, if it lies elsewhere.
    warehouse_wait: how long one waits for another process to let go of the warehouse file.
    memory_limit: DuckDB's own notation; beyond it, it spills to disk.

    Of production:
    project: the Google Cloud project, which runs the jobs and has the leases; must be given.
    dataset: BigQuery dataset of the tables, `dataset` or `project.dataset`. staging_dataset: of the staging tables, if
    they lie elsewhere. box_scores: the table that has the box scores, `table` (of the dataset), `dataset.table` or
    `project.dataset.table`; read, never made or changed. location: of the jobs, and of datasets that are created.
    firestore_database: its id. lock_collection, grading_lock_collection: where the lease documents lie.
    maximum_bytes_billed: a job that would cost more fails before it runs.
    staging_kept_days: set merged staging tables aside and let them expire, instead of dropping them.
    firestore_emulator: `host:port` of one, which then has the leases; its variable is FIRESTORE_EMULATOR_HOST, as for
    every client of Firestore.
    """

    deployment: str = LOCAL
    first_date: dt.date = dt.date(2021, 10, 19)
    confidence_scales: Mapping[str, str] = field(default_factory=dict)
    odds: int = -110
    calibration_window_days: int = 30
    calibration_major_shift: float = 0.10
    player_policy: str = "false_discovery"
    disabled_systems: tuple[str, ...] = ()
    schema_evolution: bool = False
    lease_ttl: float = 60.0
    lease_wait: float = 120.0
    staging_retention_days: float = 7.0
    sensor_interval: float = 30.0
    arrivals_quiet: float = 60.0
    arrivals_wait: float = 600.0
    quality_thresholds: Mapping[str, float] = field(default_factory=dict)
    reports: str | None = None
    log_level: str | None = None
    log_format: str | None = None
    otlp_endpoint: str | None = None
    slack_token: str | None = field(default=None, repr=False)
    slack_channel: str | None = None
    alert_emails: tuple[str, ...] = ()
    smtp_host: str | None = None
    smtp_port: int | None = None
    smtp_security: str = "starttls"
    smtp_user: str | None = None
    smtp_password: str | None = field(default=None, repr=False)
    smtp_sender: str | None = None
    alert_severity: str = "warning"
    alert_hours: float = 24.0
    webserver_url: str | None = None
    home: Path = Path(".local")
    staging: Path | None = None
    warehouse_wait: float = 120.0
    memory_limit: str = "1500MB"
    project: str | None = None
    dataset: str = "nba_predictions"
    staging_dataset: str | None = None
    box_scores: str = BOX_SCORES.name
    location: str | None = None
    firestore_database: str = "(default)"
    lock_collection: str = "consolidation_locks"
    grading_lock_collection: str = "grading_locks"
    maximum_bytes_billed: int | None = None
    staging_kept_days: float | None = None
    firestore_emulator: str | None = None

    def __post_init__(self) -> None:
        for name, (shape, words) in _SHAPES.items():
            value = getattr(self, name)
            if value is not None and not re.fullmatch(shape, value, re.ASCII):
                raise SettingsError(f"{variable(name)} cannot be {value!r}: give {words}")
        if abs(self.odds) < _EVEN_ODDS:
            raise SettingsError(f"{variable('odds')} cannot be {self.odds}: {_ODDS_MEANT}")
        if self.deployment == PRODUCTION and self.project is None:
            raise SettingsError(f"{variable('project')} is missing: the production deployment needs a project")
        for needed, with_it in (("slack_token", "slack_channel"), ("slack_channel", "slack_token"),
                                ("alert_emails", "smtp_host"), ("alert_emails", "smtp_sender")):  # fmt: skip
            if getattr(self, needed) and not getattr(self, with_it):
                raise SettingsError(f"{variable(with_it)} is missing: alerts need it beside {variable(needed)}")

    @property
    def logs(self) -> tuple[str, str]:
        """The format and the level of the log of a terminal."""
        form, level = ("text", "warning") if self.deployment == LOCAL else ("json", "info")
        return self.log_format or form, self.log_level or level

    @property
    def alerts(self) -> bool:
        """Whether alerts go to anybody: always in production, where they are at least logged."""
        return self.deployment == PRODUCTION or bool(self.slack_channel or self.alert_emails)

    @property
    def place(self) -> str:
        """Where everything lies, for people: the home folder, or the BigQuery dataset."""
        return str(self.home) if self.deployment == LOCAL else self._with_project(self.dataset)

    @property
    def reports_place(self) -> str:
        """The folder of reports, or their `gs://bucket/path`."""
        return self.reports or str(self.home / "reports")

    @property
    def box_scores_path(self) -> str:
        """The table that has the box scores in production, `project.dataset.table`."""
        dataset, _, table = self.box_scores.rpartition(".")
        return f"{self._with_project(dataset or self.dataset)}.{table}"

    def _with_project(self, dataset: str) -> str:
        return dataset if "." in dataset else f"{self.project}.{dataset}"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """What the environment says, the defaults for the rest. Raises SettingsError naming the variable."""
        given = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for setting in fields(cls):
            text = given.get(variable(setting.name))
            if text is not None and text != "":
                values[setting.name] = _read(setting.name, text)
        return cls(**values)

    def child_environment(self, **more: str) -> dict[str, str]:
        """The environment for a process of our own that is to work in the same home."""
        ours = {PREFIX + "HOME": str(self.home.absolute())}
        if self.staging:
            ours[PREFIX + "STAGING"] = str(self.staging.absolute())
        return {**os.environ, **ours, **more}


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return _STANDARD_VARIABLES.get(name, PREFIX + name.upper())


def unknown_variables(environment: Mapping[str, str] | None = None) -> list[str]:
    """Variables of the environment that look like ours and set nothing: misspelt ones, as a rule."""
    given = os.environ if environment is None else environment
    known = {variable(setting.name) for setting in fields(Settings)}
    return sorted(name for name in given if name.startswith(PREFIX) and name not in known)


def today() -> dt.date:
    """The game date that it is now: in New York."""
    return dt.datetime.now(GAME_TIME_ZONE).date()


def last_known_date() -> dt.date:
    """The last game date that a staged row may name."""
    return today() + _HORIZON


def _read(name: str, text: str) -> object:
    try:
        return _READERS[name](text)
    except (ValueError, KeyError) as error:
        raise SettingsError(f"{variable(name)} cannot be {text!r}: {error}") from error


def _odds(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(_ODDS_MEANT) from error


def _flag(text: str) -> bool:
    meanings = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in meanings:
        raise ValueError("say true or false")
    return meanings[text.lower()]


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError("give a number, 0 or more")
    return seconds


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError("give a whole number of days above 0")
    return int(text)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError("give a number from 0 to 1")
    return share


def _bytes(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError("give a whole number of bytes above 0")
    return int(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _scales(text: str) -> dict[str, str]:
    pairs = [part.split("=", 1) for part in text.split(",") if part.strip()]
    if any(len(pair) != 2 or pair[1].strip() not in CONFIDENCE_SCALES for pair in pairs):
        raise ValueError("write system=percent or system=fraction, separated by commas")
    return {pair[0].strip(): pair[1].strip() for pair in pairs}


def _thresholds(text: str) -> dict[str, float]:
    pairs = [part.split("=", 1) for part in text.split(",") if part.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("write name=figure, separated by commas")
    return {name.strip(): float(figure) for name, figure in pairs}


def _addresses(text: str) -> tuple[str, ...]:
    addresses = tuple(part.strip() for part in text.split(",") if part.strip())
    if any(not re.fullmatch(r"[^@\s]+@[^@\s]+", address) for address in addresses):
        raise ValueError("give addresses, separated by commas")
    return addresses


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ValueError("give the number of a port")
    return int(text)


_READERS: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys((setting.name for setting in fields(Settings)), str),
    "first_date": dt.date.fromisoformat,
    "confidence_scales": _scales,
    "odds": _odds,
    "calibration_window_days": _days,
    "calibration_major_shift": _share,
    "disabled_systems": _names,
    "schema_evolution": _flag,
    "quality_thresholds": _thresholds,
    "alert_emails": _addresses,
    "smtp_port": _port,
    "alert_hours": _seconds,
    "lease_ttl": _seconds,
    "lease_wait": _seconds,
    "staging_retention_days": _seconds,
    "sensor_interval": _seconds,
    "arrivals_quiet": _seconds,
    "arrivals_wait": _seconds,
    "home": Path,
    "staging": Path,
    "warehouse_wait": _seconds,
    "maximum_bytes_billed": _bytes,
    "staging_kept_days": _seconds,
}
_EVEN_ODDS = 100
_ODDS_MEANT = "give American odds, such as -110 or +105; none lie between -100 and +100"
_STANDARD_VARIABLES = {
    "firestore_emulator": "FIRESTORE_EMULATOR_HOST",
    "otlp_endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT",
}

_PROJECT = r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"
_DATASET = rf"(?:{_PROJECT}\.)?\w{{1,1024}}"
_DATASET_SHAPE = (_DATASET, "a BigQuery dataset, `dataset` or `project.dataset`")
_COLLECTION_SHAPE = (r"(?!__)[\w-]{1,1000}", "the name of a Firestore collection")
_SHAPES = {
    "deployment": (f"{LOCAL}|{PRODUCTION}", f"`{LOCAL}` or `{PRODUCTION}`"),
    "player_policy": ("false_discovery|edge_3_under_40", "`false_discovery` or `edge_3_under_40`"),
    "project": (_PROJECT, "the id of a Google Cloud project"),
    "dataset": _DATASET_SHAPE,
    "staging_dataset": _DATASET_SHAPE,
    "box_scores": (
        rf"(?:{_DATASET}\.)?\w{{1,1024}}",
        "a BigQuery table, `table`, `dataset.table` or `project.dataset.table`",
    ),
    "location": (r"[A-Za-z][A-Za-z0-9-]{1,62}", "a BigQuery location, such as US or europe-west1"),
    "firestore_database": (r"\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9]", "the id of a Firestore database"),
    "lock_collection": _COLLECTION_SHAPE,
    "grading_lock_collection": _COLLECTION_SHAPE,
    "log_level": ("(?i:debug|info|warning|error)", "debug, info, warning or error"),
    "log_format": ("text|json", "text or json"),
    "smtp_security": ("starttls|ssl|none", "starttls, ssl or none"),
    "smtp_sender": (r"[^@\s]+@[^@\s]+", "an address"),
    "alert_severity": ("warning|error", "warning or error"),
    "webserver_url": (r"https?://\S+", "an address that begins with http:// or https://"),
    "firestore_emulator": (r"[\w.-]+:\d{1,5}", "`host:port`"),
}
