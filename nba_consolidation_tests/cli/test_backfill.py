"""`backfill`: output, exit codes, and that starting it again does the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nba_consolidation.leases import Holder, LeaseTiming, hold, lease_key
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation.pipeline.validation.validate import Validator
from nba_consolidation.warehouse.errors import WarehouseUnavailable
from nba_consolidation_tests.cli.conftest import DATE, Terminal
from nba_consolidation_tests.pipeline.consolidation.workbench import NEXT_DATE, THIRD_DATE, prediction

Write = Callable[..., Path]
RANGE = ("backfill", "--from", "2026-01-10", "--to", "2026-01-20", "--chunk", 3)


@pytest.fixture
def season(terminal: Terminal, rows_file: Write) -> Terminal:
    """Three dates that wait."""
    terminal.run("stage", rows_file("x.jsonl", *(prediction(game_date=d) for d in (DATE, NEXT_DATE, THIRD_DATE))))
    return terminal


def test_a_range_is_consolidated_and_validated_and_repeating_it_does_nothing(season: Terminal) -> None:
    document = season.json(*RANGE)
    assert document["totals"] == {
        "consolidated_dates": 3, "staged": 3, "inserted": 3, "updated": 0, "quarantined": 0, "validated": 3,
        "published": 3,
    }  # fmt: skip
    assert (document["dates"], document["failed"]) == (11, [])
    assert set(season.json(*RANGE)["totals"].values()) == {0}


def test_what_was_done_is_told_in_a_line(season: Terminal) -> None:
    output = season.run(*RANGE).stdout
    assert "11 dates from 2026-01-10 to 2026-01-20: 3 consolidated dates, 3 staged" in output


def test_a_date_that_is_held_is_named_and_ends_with_3_and_all_others_are_done(season: Terminal) -> None:
    other = Holder.here("someone-else")
    leases = SqliteLeaseStore(season.home / "leases.sqlite")
    with hold(leases, [lease_key("consolidation", NEXT_DATE)], other, timing=LeaseTiming(60)):
        result = season.run("--lease-wait", 0, *RANGE, exit_code=3)
    assert "2026-01-16" in result.stdout
    assert "someone-else" in result.stdout
    assert season.json("status")["totals"]["validated_rows"] == 2
    assert season.json(*RANGE)["totals"]["validated"] == 1


def test_what_a_process_that_died_left_unvalidated_is_validated(
    season: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise WarehouseUnavailable("the machine went away")

    with monkeypatch.context() as patched:
        patched.setattr(Validator, "validate", dies)
        assert "no date is done yet" in season.run("backfill", "--from", DATE, exit_code=1).stderr
    assert season.json("status")["totals"]["validated_rows"] == 0
    document = season.json(*RANGE)["totals"]
    assert (document["staged"], document["validated"]) == (0, 3)


def test_a_date_validated_before_it_was_last_consolidated_is_validated_again(
    season: Terminal, rows_file: Write
) -> None:
    season.run(*RANGE)
    season.run("stage", "--batch", "20260115_180000", rows_file("y.jsonl", prediction("22.5", minute=9)))
    season.run("consolidate", "--no-validate")
    assert season.json(*RANGE)["totals"]["validated"] == 1


def test_a_range_that_ends_before_it_begins_is_a_usage_error(terminal: Terminal) -> None:
    terminal.run("backfill", "--from", "2026-01-20", "--to", "2026-01-10", exit_code=2)


def test_refused_tables_are_named_and_end_with_3_and_the_rest_is_done(season: Terminal) -> None:
    (season.home / "staging" / "_staging_20260115_120000_torn.parquet").write_bytes(b"PAR1")
    document = season.json(*RANGE, exit_code=3)
    assert [table["name"] for table in document["refused"]] == ["_staging_20260115_120000_torn"]
    assert document["totals"]["validated"] == 3
