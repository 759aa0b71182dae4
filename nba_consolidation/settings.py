"""Every setting, declared once: its default, allowed values, unit and description. The only reader of the environment.

`Settings` gives the terminal its options, the Dagster resources their fields and docs/settings.md its tables. `wiring`
builds from it.
"""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
import zoneinfo
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, cast, get_origin

from pydantic import (
    BaseModel,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.schema import BOX_SCORES, CONFIDENCE_SCALES

PREFIX = "NBA_CONSOLIDATION_"
LOCAL: Final = "local"
PRODUCTION: Final = "production"
BUCKET: Final = "gs://"
GAME_TIME_ZONE = zoneinfo.ZoneInfo("America/New_York")
_NOT_IN_A_PATH = re.compile(r"[?\\\ud800-\udfff]")
"""DuckDB takes `?` and a backslash in a path for something else, and would open another file; bytes that are not UTF-8
(surrogates in Python) it cannot open."""
_HORIZON = dt.timedelta(days=366)
"""Predictions are made on the day of the game or the evening before; a date further off than this is a mistake."""


class SettingsError(ConsolidationError):
    """A setting has a value that is not allowed, or is missing."""


@dataclass(frozen=True)
class SettingKind:
    """Which values a setting may have: "must be {must}".

    metavar: a word for them in the terminal's help. shape: a regular expression for the value, or for each of several.
    bounds: as pydantic names them.
    """

    must: str
    metavar: str = "TEXT"
    shape: str = "(?s:.*)"
    bounds: Mapping[str, float] = field(default_factory=dict)


def _one_of(*names: str) -> SettingKind:
    return SettingKind(f"{', '.join(names[:-1])} or {names[-1]}", f"[{'|'.join(names)}]", "|".join(names))


def _setting(default: object, kind: SettingKind, description: str, *, secret: bool = False) -> Any:
    extra: Any = {"kind": kind}
    bounds: Any = kind.bounds
    return Field(default, description=description, repr=not secret, json_schema_extra=extra, **bounds)


_PROJECT = r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"
_DATASET = rf"(?:{_PROJECT}\.)?\w{{1,1024}}"
_ADDRESS = r"[^@\s]+@[^@\s]+"

TEXT = SettingKind("text")
FLAG = SettingKind("true or false")
DATE = SettingKind("a date such as 2026-01-15", "DATE")
FOLDER = SettingKind("a folder", "FOLDER")
PLACE = SettingKind("a folder, or `gs://bucket/path`", "PLACE")
SIZE = SettingKind("a size such as 1500MB, 2GiB or 80%", "SIZE", r"(?i:\d+(?:\.\d+)? *(?:%|[kmgt]i?b))")
NAMES = SettingKind("names, separated by commas", "NAMES")
FIGURES = SettingKind("`name=number`, separated by commas", "PAIRS")
SCALES = SettingKind("`system=percent` or `system=fraction`, separated by commas", "PAIRS", "|".join(CONFIDENCE_SCALES))
ODDS = SettingKind(
    "American odds such as -110 or +105, none of which lie between -100 and +100", "ODDS", r"-?[1-9]\d\d+"
)
LIFETIME = SettingKind("a number of seconds above 0", "SECONDS", bounds={"gt": 0})
SECONDS = SettingKind("a number of seconds, 0 or more", "SECONDS", bounds={"ge": 0})
HOURS = SettingKind("a number of hours, 0 or more", "HOURS", bounds={"ge": 0})
DAYS = SettingKind("a number of days, 0 or more", "DAYS", bounds={"ge": 0})
WHOLE_DAYS = SettingKind("a whole number of days above 0", "DAYS", bounds={"gt": 0})
BYTES = SettingKind("a whole number of bytes above 0", "BYTES", bounds={"gt": 0})
SHARE = SettingKind("a number from 0 to 1", "SHARE", bounds={"ge": 0, "le": 1})
PORT = SettingKind("a port number from 1 to 65535", "PORT", bounds={"ge": 1, "le": 65535})
PROJECT = SettingKind("the id of a Google Cloud project", "PROJECT", _PROJECT)
DATASET = SettingKind("a BigQuery dataset, `dataset` or `project.dataset`", "DATASET", _DATASET)
TABLE = SettingKind(
    "a table, `table`, `dataset.table` or `project.dataset.table`", "TABLE", rf"(?:{_DATASET}\.)?\w{{1,1024}}"
)
LOCATION = SettingKind("a BigQuery location such as US or europe-west1", "LOCATION", r"[A-Za-z][A-Za-z0-9-]{1,62}")
DATABASE = SettingKind("the id of a Firestore database", "DATABASE", r"\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9]")
COLLECTION = SettingKind("the name of a Firestore collection", "COLLECTION", r"(?!__)[\w-]{1,1000}")
EMULATOR = SettingKind("`host:port`", "HOST:PORT", r"[\w.-]+:\d{1,5}")
ADDRESS = SettingKind("an e-mail address", "ADDRESS", _ADDRESS)
ADDRESSES = SettingKind("e-mail addresses, separated by commas", "ADDRESSES", _ADDRESS)
URL = SettingKind("an address that begins with http:// or https://", "URL", r"https?://\S+")
LEVEL = SettingKind("debug, info, warning or error", "LEVEL", "(?i:debug|info|warning|error)")

GROUPS = {
    "General": "deployment",
    "Leases": "lease_ttl",
    "Sensors": "sensor_interval",
    "Grading, analysis and quality": "confidence_scales",
    "Logs and metrics": "log_level",
    "Alerts": "slack_token",
    "The local deployment": "home",
    "The production deployment": "project",
}
"""The headings of docs/settings.md, each with the first of its settings."""
_STANDARD_VARIABLES = {"firestore_emulator": "FIRESTORE_EMULATOR_HOST", "otlp_endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT"}
"""Every client of Firestore and of OpenTelemetry reads these."""


class Settings(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """All settings. Raises SettingsError that names each wrong setting, its value and what it must be."""

    deployment: str = _setting(LOCAL, _one_of(LOCAL, PRODUCTION), "DuckDB and SQLite here, or BigQuery and Firestore.")
    first_date: dt.date = _setting(dt.date(2021, 10, 19), DATE, "First game date, and first partition.")
    schema_evolution: bool = _setting(False, FLAG, "Add unknown columns to the live table; else refuse such tables.")
    staging_retention_days: float = _setting(7.0, DAYS, "Age from which the clean-up looks at a staging table.")
    reports: str | None = _setting(None, PLACE, "Where daily reports go. Default: `reports/` in the home folder.")

    lease_ttl: float = _setting(60.0, LIFETIME, "How long a lease lasts if its holder stops renewing it.")
    lease_wait: float = _setting(120.0, SECONDS, "How long to wait for a lease that another process holds.")

    sensor_interval: float = _setting(30.0, SECONDS, "Time between two evaluations of a sensor.")
    arrivals_quiet: float = _setting(60.0, SECONDS, "A date is requested once nothing has arrived for this long.")
    arrivals_wait: float = _setting(600.0, SECONDS, "A date is requested after this long even if more still arrives.")

    confidence_scales: Mapping[str, str] = _setting(
        {}, SCALES, "Scale of a system's confidences. Other systems: decided by the median of each group of rows."
    )
    odds: int = _setting(-110, ODDS, "Odds at which returns are computed, in addition to -110.")
    calibration_window_days: int = _setting(30, WHOLE_DAYS, "Graded bets of so many days fit a calibration.")
    calibration_major_shift: float = _setting(
        0.10, SHARE, "A new calibration that moves confidences by more than this on average waits for approval."
    )
    player_policy: str = _setting("false_discovery", _one_of("false_discovery", "edge_3_under_40"),
                                  "The policy by which players are blacklisted.")  # fmt: skip
    disabled_systems: tuple[str, ...] = _setting((), NAMES, "Systems whose bets do not count in player reviews.")
    quality_thresholds: Mapping[str, float] = _setting(
        {}, FIGURES, "Thresholds of the daily quality that differ from the [defaults](operating.md#thresholds)."
    )

    log_level: str | None = _setting(
        None, LEVEL, "What the terminal logs; `info` is every step. Default: `warning` locally, `info` in production."
    )
    log_format: str | None = _setting(
        None, _one_of("text", "json"), "JSON is for Cloud Logging. Default: `text` locally, `json` in production."
    )
    otlp_endpoint: str | None = _setting(None, TEXT, "Where OpenTelemetry metrics go. Needs the extra `telemetry`.")

    slack_token: str | None = _setting(None, TEXT, "Token of a Slack bot. Needs the extra `alerts`.", secret=True)
    slack_channel: str | None = _setting(None, TEXT, "Slack channel, such as `#alerts`.")
    alert_emails: tuple[str, ...] = _setting((), ADDRESSES, "Recipients of alerts.")
    smtp_host: str | None = _setting(None, TEXT, "The mail server.")
    smtp_port: int | None = _setting(None, PORT, "Default: 587 with `starttls`, 465 with `ssl`, 25 with `none`.")
    smtp_security: str = _setting("starttls", _one_of("starttls", "ssl", "none"), "How the connection is encrypted.")
    smtp_user: str | None = _setting(None, TEXT, "User, if the mail server asks for one.")
    smtp_password: str | None = _setting(None, TEXT, "Password of that user.", secret=True)
    smtp_sender: str | None = _setting(None, ADDRESS, "Sender of the mails.")
    alert_severity: str = _setting("warning", _one_of("warning", "error"), "The lowest severity that is sent.")
    alert_hours: float = _setting(24.0, HOURS, "The same date and cause is sent again only after this long.")
    webserver_url: str | None = _setting(None, URL, "Address of Dagster's pages, for links to runs.")

    home: Path = _setting(Path(".local"), FOLDER, "Folder of `warehouse.duckdb`, `leases.sqlite` and `staging/`.")
    staging: Path | None = _setting(None, FOLDER, "The staging folder. Default: `staging/` in the home folder.")
    warehouse_wait: float = _setting(120.0, SECONDS, "How long to wait for the DuckDB file; one process can open it.")
    memory_limit: str = _setting("1500MB", SIZE, "Memory of a transaction; beyond it, DuckDB spills to disk.")

    project: str | None = _setting(None, PROJECT, "It runs the jobs and has the leases. Required in production.")
    dataset: str = _setting("nba_predictions", DATASET, "Dataset of the tables.")
    staging_dataset: str | None = _setting(None, DATASET, "Dataset of the staging tables. Default: that of the tables.")
    box_scores: str = _setting(BOX_SCORES.name, TABLE, "Table of the box scores, which is only read.")
    location: str | None = _setting(None, LOCATION, "Location of the jobs, and of datasets that are created.")
    firestore_database: str = _setting("(default)", DATABASE, "Firestore database of the leases.")
    lock_collection: str = _setting("consolidation_locks", COLLECTION, "Collection of consolidation leases.")
    grading_lock_collection: str = _setting("grading_locks", COLLECTION, "Collection of grading leases.")
    maximum_bytes_billed: int | None = _setting(None, BYTES, "A job that would bill more fails before it runs.")
    staging_kept_days: float | None = _setting(None, DAYS, "Keep merged staging tables this long. Default: drop them.")
    firestore_emulator: str | None = _setting(None, EMULATOR, "A Firestore emulator, which then has the leases.")

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, options: Mapping[str, Any] | None = None
    ) -> Self:
        """What the terminal's options set, then the environment, then the defaults. An empty variable sets nothing."""
        variables = os.environ if environment is None else environment
        values = {name: text for name in cls.model_fields if (text := variables.get(variable(name)))}
        return cls.model_validate({**values, **(options or {})}, context=set(options or ()))

    def replace(self, **changes: Any) -> Self:
        """These settings with some of them changed."""
        return type(self)(**{**dict(self), **changes})

    def child_environment(self, **more: str) -> dict[str, str]:
        """The environment of a process that is to work in the same home folder."""
        folders = {PREFIX + "HOME": str(self.home.absolute())}
        if self.staging:
            folders[PREFIX + "STAGING"] = str(self.staging.absolute())
        return {**os.environ, **folders, **more}

    @property
    def log_output(self) -> tuple[str, str]:
        """The format and the level of the terminal's log."""
        log_format, level = ("text", "warning") if self.deployment == LOCAL else ("json", "info")
        return self.log_format or log_format, self.log_level or level

    @property
    def sends_alerts(self) -> bool:
        """Whether alerts go anywhere: always in production, where they are at least logged."""
        return self.deployment == PRODUCTION or bool(self.slack_channel or self.alert_emails)

    @property
    def place(self) -> str:
        """Where the data is, for messages: the home folder, or the BigQuery dataset."""
        return str(self.home) if self.deployment == LOCAL else self._with_project(self.dataset)

    @property
    def reports_place(self) -> str:
        """The folder of the reports, or their `gs://bucket/path`."""
        return self.reports or str(self.home / "reports")

    @property
    def box_scores_path(self) -> str:
        """The table of the box scores in production, `project.dataset.table`."""
        dataset, _, table = self.box_scores.rpartition(".")
        return f"{self._with_project(dataset or self.dataset)}.{table}"

    def _with_project(self, dataset: str) -> str:
        return dataset if "." in dataset else f"{self.project}.{dataset}"

    @field_validator("*", mode="before")
    @classmethod
    def _parse(cls, value: object, info: ValidationInfo) -> object:
        """Texts that pydantic does not know (`a,b`, `a=1,b=2`) or takes too freely (a number as a date)."""
        annotation = cls.model_fields[info.field_name or ""].annotation
        if not isinstance(value, str):
            return value
        if annotation is dt.date:
            return dt.date.fromisoformat(value)
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if get_origin(annotation) is tuple:
            return tuple(parts)
        if get_origin(annotation) is Mapping:
            return dict([text.strip() for text in part.split("=", 1)] for part in parts)
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _check(cls, value: object, info: ValidationInfo) -> object:
        values = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else [value]
        shape = kind(info.field_name or "").shape
        if not all(re.fullmatch(shape, str(each), re.ASCII) for each in values if each is not None):
            raise ValueError(shape)
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, values: Any, validate: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        try:
            return validate(values)
        except ValidationError as error:
            names = dict.fromkeys(str(each["loc"][0]) for each in error.errors())
            raise SettingsError("; ".join(_refusal(n, values[n], info.context or ()) for n in names)) from error

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.deployment == PRODUCTION and self.project is None:
            raise SettingsError(f"{variable('project')} is not set: the production deployment needs a project")
        for name, needed in (("slack_token", "slack_channel"), ("slack_channel", "slack_token"),
                             ("alert_emails", "smtp_host"), ("alert_emails", "smtp_sender")):  # fmt: skip
            if getattr(self, name) and not getattr(self, needed):
                raise SettingsError(f"{variable(needed)} is not set: {variable(name)} needs it to send alerts")
        if self.deployment == LOCAL:
            for name in ("home", "staging"):
                _ensure_usable(name, getattr(self, name))
        return self


def _ensure_usable(name: str, folder: Path | None) -> None:
    """Raises SettingsError for a folder in which DuckDB would open another file, or none."""
    if folder and (character := _NOT_IN_A_PATH.search(str(folder.absolute()))):
        raise SettingsError(
            f"{variable(name)}={str(folder)!r}: DuckDB cannot use a folder with {character[0]!r} in its path. "
            "Choose a path without '?', without a backslash, and in UTF-8"
        )


def _refusal(name: str, value: object, options: Collection[str]) -> str:
    if name not in Settings.model_fields:
        return f"there is no setting {name}"
    source = f"--{name.replace('_', '-')} " if name in options else f"{variable(name)}="
    return f"{source}{value}: must be {kind(name).must}"


def kind(name: str) -> SettingKind:
    """Which values a setting may have."""
    extra: Any = Settings.model_fields[name].json_schema_extra
    return cast(SettingKind, extra["kind"])


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return _STANDARD_VARIABLES.get(name, PREFIX + name.upper())


def unknown_variables(environment: Mapping[str, str] | None = None) -> list[str]:
    """A warning for each variable that begins like a setting's and is none: misspelt, as a rule."""
    names = {variable(name).removeprefix(PREFIX) for name in Settings.model_fields}
    prefixed = sorted(name for name in (os.environ if environment is None else environment) if name.startswith(PREFIX))
    unknown = [name.removeprefix(PREFIX) for name in prefixed if name.removeprefix(PREFIX) not in names]
    nearest = {name: difflib.get_close_matches(name, names, 1) for name in unknown}
    hints = {name: "".join(f"; did you mean {PREFIX}{near}?" for near in nearest[name]) for name in unknown}
    return [f"{PREFIX}{name} is not a setting{hint}" for name, hint in hints.items()]


def today() -> dt.date:
    """Today's game date: the date in New York."""
    return dt.datetime.now(GAME_TIME_ZONE).date()


def last_known_date() -> dt.date:
    """The last game date that a staged row may have."""
    return today() + _HORIZON
