"""The kinds of values that a setting can have: how a person is told what is allowed, and what is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import BaseModel, Field

from nba_consolidation.schema import CONFIDENCE_SCALES


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


def one_of(*names: str) -> SettingKind:
    """One of two or more names."""
    return SettingKind(f"{', '.join(names[:-1])} or {names[-1]}", f"[{'|'.join(names)}]", "|".join(names))


def setting(default: object, kind: SettingKind, description: str, *, secret: bool = False) -> Any:
    """A field of a model of settings. secret: its value is never printed."""
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
COUNT = SettingKind("a whole number, 0 or more", "NUMBER", bounds={"ge": 0})
FIGURE = SettingKind("a number, 0 or more", "NUMBER", bounds={"ge": 0})
MINUTES = SettingKind("a number of minutes, 0 or more", "MINUTES", bounds={"ge": 0})
LEVEL = SettingKind("debug, info, warning or error", "LEVEL", "(?i:debug|info|warning|error)")


def kind(model: type[BaseModel], name: str) -> SettingKind:
    """Which values a field of a model of settings may have."""
    extra: Any = model.model_fields[name].json_schema_extra
    return cast(SettingKind, extra["kind"])
