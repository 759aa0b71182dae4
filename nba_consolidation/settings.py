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
from pathlib import Path
from typing import Any, Final, Self, get_origin

from pydantic import (
    BaseModel,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from nba_consolidation import setting_kinds as kinds
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.schema import BOX_SCORES
from nba_consolidation.setting_kinds import kind, one_of, setting

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


class QualityThresholds(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """The limits of the daily quality."""

    fewest_predictions: int = setting(300, kinds.COUNT, "Active predictions of a game date; fewer are too few.")
    most_predictions: int = setting(2000, kinds.COUNT, "Active predictions of a game date; more are too many.")
    history_game_days: int = setting(14, kinds.WHOLE_DAYS, "Earlier game days with which the volume is compared.")
    fewest_history_days: int = setting(5, kinds.WHOLE_DAYS, "With fewer of them, the volume is not compared.")
    robust_z: float = setting(3.5, kinds.FIGURE, "Tolerated deviation of the volume, in robust standard deviations.")
    recent_days: int = setting(
        7,
        kinds.WHOLE_DAYS,
        "Days that are searched for confidences off the scale and ungraded predictions.",
    )
    most_ungraded: int = setting(50, kinds.COUNT, "Validated predictions without a graded row; more are a warning.")
    stale_hours_warned: float = setting(30.0, kinds.HOURS, "Age of the newest consolidation, while games are played.")
    stale_hours_failed: float = setting(48.0, kinds.HOURS, "The same; the check fails.")
    system_game_days: int = setting(
        7, kinds.WHOLE_DAYS, "A system is expected if it predicted on half of these game days."
    )
    lease_held_minutes: float = setting(60.0, kinds.MINUTES, "A lease that is held for longer is stuck.")
    lease_expired_minutes: float = setting(5.0, kinds.MINUTES, "So is one that expired longer ago and was not removed.")
    staged_hours_warned: float = setting(1.0, kinds.HOURS, "How long a staging table may wait.")
    staged_hours_failed: float = setting(24.0, kinds.HOURS, "The same; the check fails.")
    quarantined_share_warned: float = setting(
        0.01, kinds.SHARE, "Share of the date's staged rows that are quarantined."
    )
    quarantined_share_failed: float = setting(0.10, kinds.SHARE, "The same; the check fails.")

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        for low, high in _ORDERED_THRESHOLDS:
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} ({getattr(self, low)}) is above {high} ({getattr(self, high)})")
        return self


_ORDERED_THRESHOLDS = (
    ("fewest_predictions", "most_predictions"),
    ("fewest_history_days", "history_game_days"),
    ("stale_hours_warned", "stale_hours_failed"),
    ("staged_hours_warned", "staged_hours_failed"),
    ("quarantined_share_warned", "quarantined_share_failed"),
)


class Settings(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """All settings. Raises SettingsError that names each wrong setting, its value and what it must be."""

    deployment: str = setting(LOCAL, one_of(LOCAL, PRODUCTION), "DuckDB and SQLite here, or BigQuery and Firestore.")
    first_date: dt.date = setting(dt.date(2021, 10, 19), kinds.DATE, "First game date, and first partition.")
    schema_evolution: bool = setting(
        False, kinds.FLAG, "Add unknown columns to the live table; else refuse such tables."
    )
    staging_retention_days: float = setting(7.0, kinds.DAYS, "Age from which the clean-up looks at a staging table.")
    reports: str | None = setting(None, kinds.PLACE, "Where daily reports go. Default: `reports/` in the home folder.")

    lease_ttl: float = setting(60.0, kinds.LIFETIME, "How long a lease lasts if its holder stops renewing it.")
    lease_wait: float = setting(120.0, kinds.SECONDS, "How long to wait for a lease that another process holds.")

    sensor_interval: float = setting(30.0, kinds.SECONDS, "Time between two evaluations of a sensor.")
    arrivals_quiet: float = setting(60.0, kinds.SECONDS, "A date is requested once nothing has arrived for this long.")
    arrivals_wait: float = setting(
        600.0, kinds.SECONDS, "A date is requested after this long even if more still arrives."
    )

    confidence_scales: Mapping[str, str] = setting(
        {}, kinds.SCALES, "Scale of a system's confidences. Other systems: decided by the median of each group of rows."
    )
    odds: int = setting(-110, kinds.ODDS, "Odds at which returns are computed, in addition to -110.")
    calibration_window_days: int = setting(30, kinds.WHOLE_DAYS, "Graded bets of so many days fit a calibration.")
    calibration_major_shift: float = setting(
        0.10, kinds.SHARE, "A new calibration that moves confidences by more than this on average waits for approval."
    )
    player_policy: str = setting("false_discovery", one_of("false_discovery", "edge_3_under_40"),
                                  "The policy by which players are blacklisted.")  # fmt: skip
    disabled_systems: tuple[str, ...] = setting((), kinds.NAMES, "Systems whose bets do not count in player reviews.")
    quality_thresholds: QualityThresholds = setting(
        QualityThresholds(),
        kinds.FIGURES,
        "Thresholds of the daily quality that differ from the [defaults](#thresholds).",
    )

    log_level: str | None = setting(
        None,
        kinds.LEVEL,
        "What the terminal logs; `info` is every step. Default: `warning` locally, `info` in production.",
    )
    log_format: str | None = setting(
        None, one_of("text", "json"), "JSON is for Cloud Logging. Default: `text` locally, `json` in production."
    )
    otlp_endpoint: str | None = setting(
        None, kinds.TEXT, "Where OpenTelemetry metrics go. Needs the extra `telemetry`."
    )

    slack_token: str | None = setting(None, kinds.TEXT, "Token of a Slack bot. Needs the extra `alerts`.", secret=True)
    slack_channel: str | None = setting(None, kinds.TEXT, "Slack channel, such as `#alerts`.")
    alert_emails: tuple[str, ...] = setting((), kinds.ADDRESSES, "Recipients of alerts.")
    smtp_host: str | None = setting(None, kinds.TEXT, "The mail server.")
    smtp_port: int | None = setting(None, kinds.PORT, "Default: 587 with `starttls`, 465 with `ssl`, 25 with `none`.")
    smtp_security: str = setting("starttls", one_of("starttls", "ssl", "none"), "How the connection is encrypted.")
    smtp_user: str | None = setting(None, kinds.TEXT, "User, if the mail server asks for one.")
    smtp_password: str | None = setting(None, kinds.TEXT, "Password of that user.", secret=True)
    smtp_sender: str | None = setting(None, kinds.ADDRESS, "Sender of the mails.")
    alert_severity: str = setting("warning", one_of("warning", "error"), "The lowest severity that is sent.")
    alert_hours: float = setting(24.0, kinds.HOURS, "The same date and cause is sent again only after this long.")
    webserver_url: str | None = setting(None, kinds.URL, "Address of Dagster's pages, for links to runs.")

    home: Path = setting(Path(".local"), kinds.FOLDER, "Folder of `warehouse.duckdb`, `leases.sqlite` and `staging/`.")
    staging: Path | None = setting(None, kinds.FOLDER, "The staging folder. Default: `staging/` in the home folder.")
    warehouse_wait: float = setting(
        120.0, kinds.SECONDS, "How long to wait for the DuckDB file: one process can write, or several read."
    )
    memory_limit: str = setting("1500MB", kinds.SIZE, "Memory of a transaction; beyond it, DuckDB spills to disk.")

    project: str | None = setting(None, kinds.PROJECT, "It runs the jobs and has the leases. Required in production.")
    dataset: str = setting("nba_predictions", kinds.DATASET, "Dataset of the tables.")
    staging_dataset: str | None = setting(
        None, kinds.DATASET, "Dataset of the staging tables. Default: that of the tables."
    )
    box_scores: str = setting(BOX_SCORES.name, kinds.TABLE, "Table of the box scores, which is only read.")
    location: str | None = setting(None, kinds.LOCATION, "Location of the jobs, and of datasets that are created.")
    firestore_database: str = setting("(default)", kinds.DATABASE, "Firestore database of the leases.")
    lock_collection: str = setting("consolidation_locks", kinds.COLLECTION, "Collection of consolidation leases.")
    grading_lock_collection: str = setting("grading_locks", kinds.COLLECTION, "Collection of grading leases.")
    maximum_bytes_billed: int | None = setting(None, kinds.BYTES, "A job that would bill more fails before it runs.")
    staging_kept_days: float | None = setting(
        None, kinds.DAYS, "Keep merged staging tables this long. Default: drop them."
    )
    firestore_emulator: str | None = setting(None, kinds.EMULATOR, "A Firestore emulator, which then has the leases.")

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
    def exists(self) -> bool:
        """Whether there is anything to read. A command that only reads must not create a mistyped home folder."""
        return self.deployment != LOCAL or self.home.exists()

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
        if annotation is QualityThresholds or get_origin(annotation) is Mapping:
            return dict([text.strip() for text in part.split("=", 1)] for part in parts)
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _check(cls, value: object, info: ValidationInfo) -> object:
        values = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else [value]
        shape = kind(cls, info.field_name or "").shape
        if not all(re.fullmatch(shape, str(each), re.ASCII) for each in values if each is not None):
            raise ValueError(shape)
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, values: Any, validate: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        try:
            return validate(values)
        except ValidationError as error:
            options = info.context or ()
            refusals = dict.fromkeys(_refusal(each, values, options) for each in error.errors())
            raise SettingsError("; ".join(refusals)) from error

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


def _refusal(error: Any, values: Mapping[str, object], options: Collection[str]) -> str:
    """What is wrong with one value: it and what is allowed, or that it belongs to no setting."""
    name, *inner = (str(part) for part in error["loc"])
    if name not in Settings.model_fields:
        return f"there is no setting {name}"
    source = f"--{name.replace('_', '-')} " if name in options else f"{variable(name)}="
    if name == "quality_thresholds" and inner:
        return f"{source}{inner[0]}={error['input']}: {_allowed_threshold(inner[0])}"
    if name == "quality_thresholds" and isinstance(error["input"], Mapping):
        return f"{variable(name)}: {error['ctx']['error']}"
    return f"{source}{values[name]}: must be {kind(Settings, name).must}"


def _allowed_threshold(name: str) -> str:
    fields = QualityThresholds.model_fields
    return (
        f"must be {kind(QualityThresholds, name).must}" if name in fields else f"the thresholds are {', '.join(fields)}"
    )


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
