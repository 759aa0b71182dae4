"""How values and tables are shown to people: one format for the terminal, the report's page and its charts.

JSON documents and stored tables keep full precision and do not use this module.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from nba_consolidation.schema.performance import ALL_SYSTEMS

Row = Mapping[str, Any]
UNKNOWN = "-"


def plain(value: object) -> str:
    """The value as text: thousands separated by commas, timestamps to the second and in UTC; `-` if there is none."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    return str(value.value) if isinstance(value, Enum) else str(value)


def percent(share: float | None, sign: str = "") -> str:
    """A share of 1 in percent: `53.0 %`, or `+4.2 %` with the sign `+`."""
    return UNKNOWN if share is None else f"{100 * share:{sign}.1f} %"


def percent_range(low: float | None, high: float | None, sign: str = "") -> str:
    """An interval of shares in percent: `48.0 % to 58.0 %`."""
    return UNKNOWN if low is None or high is None else f"{percent(low, sign)} to {percent(high, sign)}"


def fixed(value: float | None, digits: int, sign: str = "") -> str:
    """A number with so many digits after the point."""
    return UNKNOWN if value is None else f"{value:{sign}.{digits}f}"


def fixed_range(low: float | None, high: float | None) -> str:
    """An interval of numbers that have a sign: `-4.1 to +0.3`."""
    return UNKNOWN if low is None or high is None else f"{low:+.1f} to {high:+.1f}"


INFORMATIVE = "the confidence beats a constant"
NOT_INFORMATIVE = "nothing beats a constant beyond chance: the confidence carries no information"


def noise_range(mean: float | None, high: float | None) -> str:
    """The calibration error of perfectly calibrated forecasts: `0.008, 95 % below 0.016`."""
    return UNKNOWN if mean is None or high is None else f"{mean:.3f}, 95 % below {high:.3f}"


def calibration_error(ece: float | None, noise: float | None, noise_high: float | None) -> str:
    """A calibration error, its noise floor, and the side of it: `ECE 0.161, above chance (0.010, 95 % below 0.018)`."""
    if ece is None or noise is None or noise_high is None:
        return f"ECE {fixed(ece, 3)}"
    side = "above chance" if ece > noise_high else "no more than chance"
    return f"ECE {ece:.3f}, {side} ({noise_range(noise, noise_high)})"


def compact(value: float | None) -> str:
    """A number of unknown magnitude with at most six significant digits: `60`, `0.0312`, `1,250,000`."""
    if value is None:
        return UNKNOWN
    return f"{value:g}" if abs(value) < 1e6 else f"{value:,.0f}"


def words(value: object) -> str:
    """A constant of the tables in words: `not enough` for `not_enough`."""
    return plain(value).replace("_", " ")


def system_name(system: str) -> str:
    """The system, or `all systems` for the rows that sum up all of them."""
    return "all systems" if system == ALL_SYSTEMS else system


@dataclass(frozen=True)
class DisplayColumn:
    """One column of a table that people read.

    cell: the text of a row's cell. right: aligned right, as numbers are. wide: long text, which may wrap.
    rank: where a terminal is too narrow, it leaves out the columns with the highest rank first; those with 0 stay.
    counts: the name of the count in the row, for columns whose values can be added up.
    """

    title: str
    cell: Callable[[Row], str]
    rank: int = 0
    right: bool = False
    wide: bool = False
    counts: str = ""


def text_column(title: str, key: str, rank: int = 0, *, wide: bool = False) -> DisplayColumn:
    """A name, a date, a timestamp or a sentence."""
    return DisplayColumn(title, lambda row: plain(row[key]), rank, wide=wide)


def words_column(title: str, key: str, rank: int = 0) -> DisplayColumn:
    """A constant of the tables, in words."""
    return DisplayColumn(title, lambda row: words(row[key]), rank)


def count_column(title: str, key: str, rank: int = 0) -> DisplayColumn:
    """A whole number."""
    return DisplayColumn(title, lambda row: plain(row[key]), rank, right=True, counts=key)


def id_column(title: str, key: str, rank: int = 0, *, right: bool = False) -> DisplayColumn:
    """A number that identifies something, such as a token: without separators."""
    return DisplayColumn(title, lambda row: UNKNOWN if row[key] is None else str(row[key]), rank, right=right)


def percent_column(title: str, key: str, rank: int = 0, sign: str = "") -> DisplayColumn:
    """A share of 1, in percent."""
    return DisplayColumn(title, lambda row: percent(row[key], sign), rank, right=True)


def interval_column(title: str, key: str, rank: int = 0, sign: str = "") -> DisplayColumn:
    """The interval around a share: of `hit_rate` from `hit_rate_low` to `hit_rate_high`."""
    return DisplayColumn(
        title, lambda row: percent_range(row[f"{key}_low"], row[f"{key}_high"], sign), rank, right=True
    )


def fixed_column(title: str, key: str, digits: int, rank: int = 0, sign: str = "") -> DisplayColumn:
    """A number with so many digits after the point."""
    return DisplayColumn(title, lambda row: fixed(row[key], digits, sign), rank, right=True)


def noise_column(title: str, key: str, rank: int = 0) -> DisplayColumn:
    """The noise floor of a calibration error: its mean is in `ece_noise`, its 95 % quantile in `ece_noise_high`."""
    high = key.replace("ece_noise", "ece_noise_high")
    return DisplayColumn(title, lambda row: noise_range(row[key], row[high]), rank, right=True)
