"""The clean-up on BigQuery: the same SQL and the same contract, in the other engine."""

from __future__ import annotations

import datetime as dt

from nba_consolidation.consolidation.cleanup import Action, CleanUp
from nba_consolidation.fencing import Guarding, utc_now
from nba_consolidation.locking import Holder
from nba_consolidation_tests.consolidation.workbench import KNOWN, NEXT_DATE, NO_WAIT, prediction, staged

from .executed import executes
from .workbench import BigQueryBench


@executes("cleanup")
def test_old_tables_are_dropped_archived_and_recorded(bench: BigQueryBench) -> None:
    waiting = bench.stage(prediction(game_date=NEXT_DATE), worker="waiting")
    empty = bench.staging.write("_staging_20260115_120000_empty", staged([prediction()]).slice(0, 0)).name
    guarding = Guarding(bench.warehouse, bench.leases, clock=lambda: utc_now() + dt.timedelta(days=8), wait=NO_WAIT)
    use_case = CleanUp(guarding, bench.staging, lambda: KNOWN, dt.timedelta(days=7))
    report = use_case.clean_up(Holder.here("run"), dry_run=False, archive=[waiting])
    assert {table.staging_table: table.action for table in report.tables} == {
        waiting: Action.ARCHIVED,
        empty: Action.DROPPED,
    }
    rows = bench.select("SELECT staging_table, archived_to, first_date FROM {dataset}.staging_cleanups ORDER BY 1")
    assert [(row["staging_table"], row["first_date"]) for row in rows] == [(empty, None), (waiting, NEXT_DATE)]
    assert (rows[0]["archived_to"], waiting in rows[1]["archived_to"]) == (None, True)
