"""Which calibration is in force: Python, the publication and the audit have the same rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nba_consolidation.pipeline.analysis.recalibration.candidates import IDENTITY
from nba_consolidation.pipeline.analysis.recalibration.versions import (
    ACTIVE,
    PROPOSED,
    REJECTED,
    CalibrationEvent,
    CalibrationHistory,
    CalibrationState,
    CalibrationVersion,
)
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE

SYSTEMS = ("catboost_v9", "ensemble_v1")
DAYS = 6
DATES = [DATE + dt.timedelta(day) for day in range(DAYS)]


def version(system: str, date: dt.date, number: int) -> CalibrationVersion:
    """A version that differs from others in its system, date and number only."""
    return CalibrationVersion(
        system_id=system, game_date=date, scope="system", first_date=date - dt.timedelta(30),
        last_date=date - dt.timedelta(1), bets=number, correct=0, system_bets=number, method="identity",
        parameters="{}", curve=IDENTITY.curve, replaces=None, mean_shift=0.0, is_major=False, largest_gap=0.0,
        judged_bets=0, log_loss_before=0.0, log_loss_after=0.0, brier_before=0.0, brier_after=0.0, ece_before=0.0,
        ece_after=0.0, log_loss_constant=None, ece_noise_before=None, ece_noise_high_before=None, ece_noise_after=None,
        ece_noise_high_after=None, is_informative=None, code_version="1",
    )  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> CalibrationHistory:
    """Some versions of two systems with any events, in any order, even impossible ones."""
    versions = [
        version(draw(st.sampled_from(SYSTEMS)), draw(st.sampled_from(DATES)), number)
        for number in range(draw(st.integers(1, 5)))
    ]
    events = {}
    for _ in range(draw(st.integers(0, 14))):
        of, state = draw(st.sampled_from(versions)), draw(st.sampled_from(CalibrationState))
        number, date = draw(st.integers(1, 9)), draw(st.sampled_from(DATES))
        event = CalibrationEvent(of.version_id, of.system_id, of.game_date, number, state, date, "")
        events[of.version_id, number, state] = event  # the primary key
    return CalibrationHistory(tuple(versions), tuple(events.values()))


def two_active(*events: tuple[int, int]) -> CalibrationHistory:
    """Versions of one system that become active, each with the day and the number of that event."""
    versions = tuple(version(SYSTEMS[0], DATE, place) for place in range(len(events)))
    active = (
        CalibrationEvent(one.version_id, one.system_id, one.game_date, number, ACTIVE, DATES[day], "")
        for one, (day, number) in zip(versions, events, strict=True)
    )
    return CalibrationHistory(versions, tuple(active))


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE confidence_recalibration (version_id TEXT, system_id TEXT, curve DOUBLE[])")
        connection.execute("""
            CREATE TABLE confidence_recalibration_events
            (version_id TEXT, system_id TEXT, number BIGINT, state TEXT, effective_date DATE)
        """)
        connection.execute("CREATE TABLE leases (game_date DATE)")
        connection.execute(
            "CREATE TABLE published_predictions (game_date DATE, system_id TEXT, calibration_version TEXT)"
        )
        connection.executemany("INSERT INTO leases VALUES (?)", [[date] for date in DATES])
        yield connection


def fill(engine: duckdb.DuckDBPyConnection, history: CalibrationHistory) -> None:
    engine.execute("DELETE FROM confidence_recalibration")
    engine.execute("DELETE FROM confidence_recalibration_events")
    for one in history.versions:
        row = [one.version_id, one.system_id, list(one.curve[:2])]
        engine.execute("INSERT INTO confidence_recalibration VALUES (?, ?, ?)", row)
    for event in history.events:
        engine.execute(
            "INSERT INTO confidence_recalibration_events VALUES (?, ?, ?, ?, ?)",
            [event.version_id, event.system_id, event.number, event.state.value, event.effective_date],
        )


def audited(
    engine: duckdb.DuckDBPyConnection, published: dict[tuple[dt.date, str], str | None]
) -> set[tuple[dt.date, str]]:
    """The dates and systems of which the audit finds that another calibration was published."""
    engine.execute("DELETE FROM published_predictions")
    published_rows = [[date, system, carried] for (date, system), carried in published.items()]
    engine.executemany("INSERT INTO published_predictions VALUES (?, ?, ?)", published_rows)
    findings = engine.execute(Statement("outdated_calibrations", over_dates(DATES)).render("duckdb")).fetchall()
    return {(row[0], row[1]) for row in findings}


@settings(max_examples=40, deadline=None)
@given(history=histories())
@example(history=two_active((3, 1), (1, 2)))
@example(history=two_active((1, 2), (1, 1)))
def test_python_publication_and_audit_have_the_same_rule(
    engine: duckdb.DuckDBPyConnection, history: CalibrationHistory
) -> None:
    fill(engine, history)
    expected: dict[tuple[dt.date, str], str | None] = {}
    for date in DATES:
        for system in SYSTEMS:
            one = history.in_force(system, date)
            expected[date, system] = one.version_id if one else None
    engine.execute("DROP TABLE IF EXISTS calibrations")
    engine.execute(Statement("calibrations_in_force").render("duckdb"))
    rows = engine.execute("SELECT game_date, system_id, version_id FROM calibrations").fetchall()
    assert sorted(rows) == sorted((*key, one) for key, one in expected.items() if one)
    assert audited(engine, expected) == set()
    in_force = {key for key, one in expected.items() if one}
    assert audited(engine, dict.fromkeys(expected)) == in_force
    assert audited(engine, dict.fromkeys(expected, "another")) == set(expected)


@settings(max_examples=40, deadline=None)
@given(history=histories(), day=st.integers(0, DAYS - 1))
def test_a_rolled_back_or_superseded_version_is_never_in_force(history: CalibrationHistory, day: int) -> None:
    date = DATES[day]
    for system in SYSTEMS:
        one = history.in_force(system, date)
        if one:
            about = [e for e in history.events_of(one) if e.effective_date <= date and e.state is not PROPOSED]
            decisive = [event for event in about if event.state is not REJECTED]
            assert decisive[-1].state is ACTIVE
            assert one.system_id == system
