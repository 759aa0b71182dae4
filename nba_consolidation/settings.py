"""Settings, and the one reader of the environment. Decides nothing; `deployment.py` builds from it.

Every setting is one variable, NBA_CONSOLIDATION_ and its name in capitals; all have a default that works on a laptop.
"""

from __future__ import annotations

import datetime as dt
import os
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.tables import CONFIDENCE_SCALES

PREFIX = "NBA_CONSOLIDATION_"
GAME_TIME_ZONE = zoneinfo.ZoneInfo("America/New_York")
# Predictions are made on the day of the game and the evening before; a row for a date further off than this is a slip.
_HORIZON = dt.timedelta(days=366)


class SettingsError(ConsolidationError):
    """A setting has a value that cannot be meant."""


@dataclass(frozen=True)
class Settings:
    """All there is to set. Paths are local; seconds are seconds.

    home: folder of the local deployment, which holds warehouse.duckdb, leases.sqlite and staging/.
    staging: the staging folder, if it lies elsewhere.
    first_date: the first game date that can be consolidated.
    confidence_scales: per system `percent` or `fraction`, written `system=percent,other=fraction`; a system that is
    not named is judged by the group of system, game date and batch.
    schema_evolution: add the columns that the live table lacks instead of refusing the staging table.
    lease_ttl, lease_wait: how long a lease lasts without a heartbeat, and how long one waits for it.
    warehouse_wait: how long one waits for another process to let go of the warehouse file.
    memory_limit: DuckDB's own notation; beyond it, it spills to disk.
    """

    home: Path = Path(".local")
    staging: Path | None = None
    first_date: dt.date = dt.date(2021, 10, 19)
    confidence_scales: Mapping[str, str] = field(default_factory=dict)
    schema_evolution: bool = False
    lease_ttl: float = 60.0
    lease_wait: float = 120.0
    warehouse_wait: float = 120.0
    memory_limit: str = "1500MB"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """What the environment says, the defaults for the rest. Raises SettingsError naming the variable."""
        given = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for setting in fields(cls):
            text = given.get(PREFIX + setting.name.upper())
            if text is not None and text != "":
                values[setting.name] = _read(setting.name, text)
        return cls(**values)

    def child_environment(self, **more: str) -> dict[str, str]:
        """The environment for a process of our own that is to work in the same home."""
        ours = {PREFIX + "HOME": str(self.home.absolute())}
        if self.staging:
            ours[PREFIX + "STAGING"] = str(self.staging.absolute())
        return {**os.environ, **ours, **more}


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
        raise SettingsError(f"{PREFIX}{name.upper()} cannot be {text!r}: {error}") from error


def _flag(text: str) -> bool:
    meanings = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in meanings:
        raise ValueError("say true or false")
    return meanings[text.lower()]


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError("give a number of seconds, 0 or more")
    return seconds


def _scales(text: str) -> dict[str, str]:
    pairs = [part.split("=", 1) for part in text.split(",") if part.strip()]
    if any(len(pair) != 2 or pair[1].strip() not in CONFIDENCE_SCALES for pair in pairs):
        raise ValueError("write system=percent or system=fraction, separated by commas")
    return {pair[0].strip(): pair[1].strip() for pair in pairs}


_READERS: Mapping[str, Callable[[str], object]] = {
    "home": Path,
    "staging": Path,
    "first_date": dt.date.fromisoformat,
    "confidence_scales": _scales,
    "schema_evolution": _flag,
    "lease_ttl": _seconds,
    "lease_wait": _seconds,
    "warehouse_wait": _seconds,
    "memory_limit": str,
}
