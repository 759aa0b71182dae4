"""The queries of sensors and backfills on BigQuery."""

from __future__ import annotations

import datetime as dt

import pytest

from nba_consolidation.operations.unfinished_dates import unfinished_dates
from nba_consolidation.schema import BOX_SCORES
from nba_consolidation.sql import Statement
from nba_consolidation_tests.bigquery.executed import executes
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, prediction


@pytest.mark.slow
def test_dates_consolidated_after_their_validation_are_listed(bench: BigQueryBench) -> None:
    bench.stage(prediction())
    bench.consolidate()
    assert unfinished_dates(bench.warehouse).unvalidated == (DATE,)
    bench.validate()
    assert unfinished_dates(bench.warehouse).unvalidated == ()
    bench.stage(prediction("22.5", minute=3), worker="late")
    bench.consolidate()
    assert unfinished_dates(bench.warehouse).unvalidated == (DATE,)


@executes("box_score_dates")
def test_the_fingerprint_of_box_scores_changes_with_a_correction_but_not_with_the_order(bench: BigQueryBench) -> None:
    bench.warehouse.create_tables([BOX_SCORES])

    def fingerprint(*players: tuple[str, int]) -> str:
        bench.select("DELETE FROM {dataset}.player_game_summary WHERE game_date > '2000-01-01'")
        for player, points in players:
            bench.select(
                "INSERT INTO {dataset}.player_game_summary (game_date, game_id, player_lookup, points, minutes_played) "
                f"VALUES (DATE '2026-01-15', 'g1', '{player}', {points}, 33.5)"
            )
        bounds = {"first_date": DATE, "last_date": DATE + dt.timedelta(days=1)}
        (row,) = bench.warehouse.query(Statement("box_score_dates", bounds))
        assert (row["game_date"], row["games"], row["players"]) == (DATE, 1, len(players))
        return str(row["fingerprint"])

    first = fingerprint(("a", 20), ("b", 30))
    assert fingerprint(("b", 30), ("a", 20)) == first
    assert fingerprint(("b", 20), ("a", 30)) != first
