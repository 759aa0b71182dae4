"""The sensor `new_box_scores`: which dates it requests again, and which changes its fingerprint notices."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg
import pytest

from nba_consolidation.orchestration.sensors.box_scores import new_box_scores
from nba_consolidation.schema import BOX_SCORES
from nba_consolidation.settings import Settings, today
from nba_consolidation.warehouse.errors import WarehouseError
from nba_consolidation_tests.orchestration.sensors.conftest import Daemon, span
from nba_consolidation_tests.prepared import connect

YESTERDAY = today() - dt.timedelta(days=1)


@pytest.fixture
def daemon(settings: Settings, instance: dg.DagsterInstance) -> Daemon:
    return Daemon(new_box_scores(settings), settings, instance)


def box_scores(daemon: Daemon, *rows: tuple[Any, ...]) -> None:
    """Replaces the rows of the table: date, game, player, points, minutes."""
    daemon.deployment.warehouse.create_tables([BOX_SCORES])
    with connect(daemon.settings.home / "warehouse.duckdb") as connection:
        connection.execute("DELETE FROM player_game_summary")
        for row in rows:
            connection.execute(
                "INSERT INTO player_game_summary (game_date, game_id, player_lookup, points, minutes_played) "
                "VALUES (?, ?, ?, ?, ?)",
                row,
            )


LEBRON = (YESTERDAY, "g1", "lebronjames", 30, 35.5)
CURRY = (YESTERDAY, "g2", "stephencurry", 28, 33.0)


def test_dates_whose_box_scores_arrived_are_requested_once(daemon: Daemon) -> None:
    box_scores(daemon, LEBRON, CURRY)
    (request,) = daemon.tick().run_requests
    assert span(request) == (str(YESTERDAY), str(YESTERDAY))
    assert request.run_key.startswith("grade:")
    box_scores(daemon, CURRY, LEBRON)  # in another order
    assert daemon.tick().run_requests == []


@pytest.mark.parametrize(
    "rows",
    [
        (LEBRON,),
        (LEBRON, CURRY, CURRY),
        (LEBRON, (*CURRY[:3], 29, 33.0)),
        (LEBRON, (*CURRY[:3], 28, 33.1)),
        (LEBRON, (*CURRY[:3], None, None)),
        ((*LEBRON[:3], 28, 33.0), (*CURRY[:3], 30, 35.5)),  # the sums are the same
        ((*LEBRON[:3], 31, 35.5), (*CURRY[:3], 27, 33.0)),
        (LEBRON, (YESTERDAY, "g3", *CURRY[2:])),
    ],
)
def test_a_correction_is_graded_and_its_undoing_as_well(daemon: Daemon, rows: tuple[Any, ...]) -> None:
    keys = []
    for state in ((LEBRON, CURRY), rows, (LEBRON, CURRY)):
        box_scores(daemon, *state)
        keys += [request.run_key for request in daemon.tick().run_requests]
    assert len(set(keys)) == 3


def test_dates_older_than_two_weeks_are_left_to_a_backfill(daemon: Daemon) -> None:
    box_scores(daemon, (today() - dt.timedelta(days=15), *LEBRON[1:]), (today() - dt.timedelta(days=14), *LEBRON[1:]))
    (request,) = daemon.tick().run_requests
    assert span(request)[0] == str(today() - dt.timedelta(days=14))


def test_box_scores_that_cannot_be_read_fail_the_tick_and_the_cursor_is_kept(daemon: Daemon) -> None:
    box_scores(daemon, LEBRON)
    daemon.tick()
    before = daemon.cursor
    with connect(daemon.settings.home / "warehouse.duckdb") as connection:
        connection.execute("ALTER TABLE player_game_summary RENAME TO elsewhere")
    with pytest.raises(WarehouseError):
        daemon.tick()
    assert daemon.cursor == before


def test_a_busy_warehouse_is_read_in_the_next_tick(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
    from nba_consolidation.warehouse.errors import WarehouseBusy

    box_scores(daemon, LEBRON)

    def busy(*_: object) -> None:
        raise WarehouseBusy("process 7 has the file")

    with monkeypatch.context() as patched:
        patched.setattr(DuckDBWarehouse, "query", busy)
        assert "process 7" in daemon.tick().skip_message
    assert len(daemon.tick().run_requests) == 1


def test_incident_r48_a_home_without_tables_has_no_box_scores_yet(daemon: Daemon) -> None:
    daemon.deployment.warehouse.check()
    assert "no box scores yet" in daemon.tick().skip_message


def test_without_a_home_the_sensor_skips_and_creates_none(daemon: Daemon) -> None:
    assert "there is no warehouse yet" in daemon.tick().skip_message
    assert not daemon.settings.home.exists()
