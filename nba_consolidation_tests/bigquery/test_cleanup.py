"""The clean-up on BigQuery."""

from __future__ import annotations

import datetime as dt

from nba_consolidation.fencing.fenced_writer import FencedWriter, utc_now
from nba_consolidation.leases import Holder
from nba_consolidation.operations.staging_cleanup import Action, CleanUp
from nba_consolidation_tests.bigquery.executed import executes
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import KNOWN, NEXT_DATE, NO_WAIT, prediction, staged


@executes("record_cleanup")
def test_old_tables_are_dropped_archived_and_recorded(bench: BigQueryBench) -> None:
    pending = bench.stage(prediction(game_date=NEXT_DATE), worker="pending")
    empty = bench.staging.write("_staging_20260115_120000_empty", staged([prediction()]).slice(0, 0)).name
    writer = FencedWriter(bench.warehouse, bench.leases, clock=lambda: utc_now() + dt.timedelta(days=8), wait=NO_WAIT)
    use_case = CleanUp(writer, bench.staging, lambda: KNOWN, dt.timedelta(days=7))
    report = use_case.clean_up(Holder.here("run"), dry_run=False, archive=[pending])
    assert {table.staging_table: table.action for table in report.tables} == {
        pending: Action.ARCHIVED,
        empty: Action.DROPPED,
    }
    rows = bench.select("SELECT staging_table, archived_to, first_date FROM {dataset}.staging_cleanups ORDER BY 1")
    assert [(row["staging_table"], row["first_date"]) for row in rows] == [(empty, None), (pending, NEXT_DATE)]
    assert (rows[0]["archived_to"], pending in rows[1]["archived_to"]) == (None, True)
