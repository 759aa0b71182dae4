"""One format for the terminal, the page and the charts, and columns that exist in their tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import fields

import pytest

from nba_consolidation import schema
from nba_consolidation.operations.daily_quality.results import CheckResult, CheckStatus
from nba_consolidation.operations.lease_history import LeaseHistoryEntry
from nba_consolidation.operations.quarantine import BrokenRule
from nba_consolidation.schema import display_columns
from nba_consolidation.schema.display import (
    UNKNOWN,
    DisplayColumn,
    compact,
    fixed,
    percent,
    percent_range,
    plain,
    system_name,
    words,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (0, "0"),
        (True, "yes"),
        (False, "no"),
        ("all_of_it", "all_of_it"),
        (dt.date(2026, 1, 15), "2026-01-15"),
        (dt.datetime(2026, 1, 15, 20, 0, 5, tzinfo=dt.timezone(dt.timedelta(hours=-5))), "2026-01-16 01:00:05 UTC"),
        (CheckStatus.WARNED, "warned"),
        (None, UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_plain_values(value: object, text: str) -> None:
    assert plain(value) == text


def test_shares_are_in_percent_with_one_digit() -> None:
    assert percent(0.53) == "53.0 %"
    assert percent(0.0421, "+") == "+4.2 %"
    assert percent_range(0.48, 0.5804) == "48.0 % to 58.0 %"
    assert percent_range(-0.1, 0.02, "+") == "-10.0 % to +2.0 %"


def test_numbers_have_a_sensible_precision() -> None:
    assert fixed(3.14159, 2) == "3.14"
    assert fixed(0.5, 1, "+") == "+0.5"
    assert [compact(value) for value in (60.0, 0.0312, 1_250_000.0)] == ["60", "0.0312", "1,250,000"]
    assert words("not_enough") == "not enough"
    assert (system_name("ALL"), system_name("catboost_v9")) == ("all systems", "catboost_v9")


def test_unknown_values_are_a_hyphen() -> None:
    unknown = [percent(None), percent_range(None, 0.5), percent_range(0.5, None), fixed(None, 2), compact(None)]
    assert {*unknown, words(None)} == {UNKNOWN}


def names(table: schema.Table | type) -> Sequence[str]:
    return table.column_names if isinstance(table, schema.Table) else [field.name for field in fields(table)]


@pytest.mark.parametrize(
    ("columns", "table"),
    [
        ((display_columns.SYSTEM, display_columns.WINDOW, *display_columns.PERFORMANCE), schema.SYSTEM_PERFORMANCE),
        (display_columns.CALIBRATION_SCORES, schema.CALIBRATION_SCORES),
        (display_columns.CALIBRATION_EVENTS, schema.CALIBRATION_EVENTS),
        (display_columns.PLAYERS, schema.PLAYER_RELIABILITY),
        (display_columns.BIAS_AND_VARIANCE, schema.PLAYER_RELIABILITY),
        (display_columns.POLICIES, schema.POLICY_REVIEWS),
        (display_columns.OVERRIDES[:-3], schema.OVERRIDES),
        (display_columns.STRATEGIES, schema.STRATEGY_PERFORMANCE),
        (display_columns.QUARANTINE_RULES, BrokenRule),
        (display_columns.LEASE_EVENTS, LeaseHistoryEntry),
        (display_columns.CHECKS, CheckResult),
    ],
)
def test_every_display_column_exists_in_its_table(columns: Sequence[DisplayColumn], table: schema.Table | type) -> None:
    row = dict.fromkeys(names(table))
    texts = {column.title: column.cell(row) for column in columns}
    assert {title: text for title, text in texts.items() if text != UNKNOWN} in ({}, {"status": "as computed"})


def test_a_column_is_the_same_at_the_terminal_and_on_the_page() -> None:
    """Both show `HIT_RATE`: the number of bets and the interval are never left out."""
    row = {"bets": 1234, "hit_rate": 0.53, "hit_rate_low": 0.5, "hit_rate_high": 0.56}
    assert [column.cell(row) for column in display_columns.HIT_RATE] == ["1,234", "53.0 %", "50.0 % to 56.0 %"]
    for columns in (display_columns.PERFORMANCE, display_columns.CALIBRATION_BINS, display_columns.CALIBRATION_SCORES,
                    display_columns.PLAYERS, display_columns.POLICIES, display_columns.STRATEGIES):  # fmt: skip
        assert set(display_columns.HIT_RATE) <= set(columns)
        assert all(column.rank == 0 for column in columns if column in display_columns.HIT_RATE)
