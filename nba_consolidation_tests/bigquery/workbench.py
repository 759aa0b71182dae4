"""A BigQuery warehouse and staging area with the use cases on them, and plain queries for the results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.consolidation.consolidate import Consolidator
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation.pipeline.publication.publish import PublishedDate, Publisher
from nba_consolidation.pipeline.validation.validate import ValidatedDate, Validator
from nba_consolidation.schema import ALL_TABLES, Table
from nba_consolidation_tests.bigquery.service import Service
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, KNOWN, NO_WAIT, NOW, staged


class BigQueryBench:
    """Runs the use cases on BigQuery for tests."""

    def __init__(self, service: Service, tables: Sequence[Table] = ALL_TABLES) -> None:
        self.service = service
        self.warehouse, self.staging = service.engine()
        self.leases = MemoryLeaseStore()
        self.warehouse.create_tables(tables)

    def stage(self, *rows: Mapping[str, Any], worker: str = "w0") -> str:
        return self.staging.write(f"_staging_20260115_120000_{worker}", staged(rows)).name

    def consolidate(self, *dates: dt.date, **changes: Any) -> ConsolidationReport:
        options: dict[str, Any] = {"leases": self.leases, "clock": lambda: NOW, "wait": NO_WAIT, **changes}
        use_case = Consolidator(FencedWriter(self.warehouse, **options), self.staging, lambda: KNOWN)
        return use_case.consolidate(dates or (DATE,), Holder.here("run"))

    def validate(self) -> list[ValidatedDate]:
        use_case = Validator(FencedWriter(self.warehouse, self.leases, clock=lambda: NOW, wait=NO_WAIT))
        return use_case.validate((DATE,), Holder.here("validation"))

    def publish(self) -> list[PublishedDate]:
        writer = FencedWriter(self.warehouse, self.leases, clock=lambda: NOW, wait=NO_WAIT)
        return Publisher(writer, lambda: (DATE,)).publish((DATE,), Holder.here("publication"))

    def select(self, text: str) -> list[dict[str, Any]]:
        """Plain SQL; `{dataset}` is the dataset's name."""
        job = self.warehouse.session.client.query(text.format(dataset=self.service.dataset))
        return [dict(row) for row in job.result()]

    def published(self) -> list[dict[str, Any]]:
        return self.select(
            "SELECT * FROM {dataset}.player_prop_predictions WHERE game_date > '2000-01-01' "
            "ORDER BY game_date, player_lookup, current_points_line"
        )
