"""The composition root: builds the stores that the settings name, and the use cases over them.

Nothing is opened or called here. A fault of a store shows when it is first used, or in `check_access`.
Each store and use case is imported where it is built, so that a command loads only what it uses.
"""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nba_consolidation.leases import LeaseError
from nba_consolidation.schema import ALL_TABLES, BOX_SCORES
from nba_consolidation.settings import LOCAL, Settings, last_known_date, today
from nba_consolidation.warehouse.duckdb.file_in_use import WaitNotice
from nba_consolidation.warehouse.staging.interface import KnownDates

if TYPE_CHECKING:
    from nba_consolidation.fencing.fenced_writer import FencedWriter
    from nba_consolidation.leases import LeaseStore
    from nba_consolidation.operations.daily_quality.examine import Quality
    from nba_consolidation.operations.repair.accuracy import AccuracyRepairer
    from nba_consolidation.operations.repair.predictions import PredictionsRepairer
    from nba_consolidation.operations.repair.restore import Restorer
    from nba_consolidation.operations.staging_cleanup import CleanUp
    from nba_consolidation.pipeline.analysis.betting.evaluate import Strategist
    from nba_consolidation.pipeline.analysis.performance.analyse import Analyst
    from nba_consolidation.pipeline.analysis.recalibration.recalibrate import Recalibrator
    from nba_consolidation.pipeline.analysis.reliability.review import Reviewer
    from nba_consolidation.pipeline.consolidation.consolidate import Consolidator
    from nba_consolidation.pipeline.daily_report.gather import Reporter
    from nba_consolidation.pipeline.grading.grade import Grader
    from nba_consolidation.pipeline.publication.publish import Publisher
    from nba_consolidation.pipeline.validation.validate import Validator
    from nba_consolidation.warehouse.bigquery.session import MakeClient
    from nba_consolidation.warehouse.interface import Warehouse
    from nba_consolidation.warehouse.staging.interface import StagingArea
    from nba_consolidation.warehouse.staging.parquet import ParquetStaging


@dataclass(frozen=True)
class Deployment:
    """The stores, and the use cases over them."""

    settings: Settings
    warehouse: Warehouse
    staging: StagingArea
    leases: LeaseStore

    def to_read(self) -> Deployment:
        """The same for a caller that only reads the warehouse. Locally, a table that is missing is empty for it."""
        reading = replace(self, warehouse=self.warehouse.reader())
        reading.create_tables()
        return reading

    def known_dates(self) -> KnownDates:
        """The game dates that can exist today."""
        return KnownDates(self.settings.first_date, last_known_date())

    def create_tables(self) -> None:
        """Creates the tables that are missing."""
        self.warehouse.create_tables(ALL_TABLES)

    def check_access(self) -> None:
        """Raises LeaseError or WarehouseError if a library, credential or permission is missing (incident 9)."""
        self.leases.check()
        self.warehouse.check()

    @property
    def fenced_writer(self) -> FencedWriter:
        from nba_consolidation.fencing.fenced_writer import FencedWriter
        from nba_consolidation.leases import LeaseTiming, WaitPolicy

        timing, wait = LeaseTiming(self.settings.lease_ttl), WaitPolicy(self.settings.lease_wait)
        return FencedWriter(self.warehouse, self.leases, timing=timing, wait=wait)

    @property
    def consolidator(self) -> Consolidator:
        from nba_consolidation.pipeline.consolidation.consolidate import Consolidator

        return Consolidator(self.fenced_writer, self.staging, self.known_dates, evolve=self.settings.schema_evolution)

    def clean_up(self, retention_days: float | None = None) -> CleanUp:
        """retention_days: instead of the setting's."""
        from nba_consolidation.operations.staging_cleanup import CleanUp

        days = self.settings.staging_retention_days if retention_days is None else retention_days
        retention, evolve = dt.timedelta(days=days), self.settings.schema_evolution
        return CleanUp(self.fenced_writer, self.staging, self.known_dates, retention, evolve=evolve)

    @property
    def grader(self) -> Grader:
        from nba_consolidation.pipeline.grading.grade import Grader

        return Grader(self.fenced_writer, self.settings.confidence_scales)

    @property
    def validator(self) -> Validator:
        from nba_consolidation.pipeline.validation.validate import Validator

        return Validator(self.fenced_writer, scales=self.settings.confidence_scales)

    @property
    def accuracy_repairer(self) -> AccuracyRepairer:
        from nba_consolidation.operations.repair.accuracy import AccuracyRepairer

        return AccuracyRepairer(self.fenced_writer, scales=self.settings.confidence_scales)

    @property
    def predictions_repairer(self) -> PredictionsRepairer:
        from nba_consolidation.operations.repair.predictions import PredictionsRepairer

        return PredictionsRepairer(self.fenced_writer)

    @property
    def restorer(self) -> Restorer:
        from nba_consolidation.operations.repair.restore import Restorer

        return Restorer(self.fenced_writer)

    @property
    def analyst(self) -> Analyst:
        from nba_consolidation.pipeline.analysis.performance.analyse import Analyst

        return Analyst(self.fenced_writer, odds=self.settings.odds)

    @property
    def recalibrator(self) -> Recalibrator:
        from nba_consolidation.pipeline.analysis.recalibration.decision import RecalibrationPolicy
        from nba_consolidation.pipeline.analysis.recalibration.recalibrate import Recalibrator

        policy = RecalibrationPolicy(self.settings.calibration_window_days, self.settings.calibration_major_shift)
        return Recalibrator(self.fenced_writer, policy)

    @property
    def publisher(self) -> Publisher:
        from nba_consolidation.pipeline.publication.publish import Publisher

        return Publisher(self.fenced_writer, self.upcoming_game_dates)

    @property
    def reviewer(self) -> Reviewer:
        from nba_consolidation.pipeline.analysis.reliability.review import Reviewer

        return Reviewer(self.fenced_writer, self.settings.player_policy, self.settings.disabled_systems)

    @property
    def strategist(self) -> Strategist:
        from nba_consolidation.pipeline.analysis.betting.evaluate import Strategist

        return Strategist(self.fenced_writer, odds=self.settings.odds)

    def upcoming_game_dates(self) -> list[dt.date]:
        """The known game dates from today on, in New York."""
        first, last = today(), self.known_dates().last
        return [first + dt.timedelta(days) for days in range((last - first).days + 1)]

    @property
    def quality(self) -> Quality:
        from nba_consolidation.operations.daily_quality.examine import Quality
        from nba_consolidation.operations.daily_quality.readings import Reader

        reader = Reader(self.warehouse, self.staging, self.leases, self.known_dates, self.settings.schema_evolution)
        return Quality(reader, self.settings.quality_thresholds)

    @property
    def reporter(self) -> Reporter:
        from nba_consolidation.pipeline.daily_report.gather import Reporter

        return Reporter(
            self.warehouse, self.staging, self.leases, self.known_dates, self.quality, self.settings.place,
            evolve=self.settings.schema_evolution,
        )  # fmt: skip


def deploy(
    settings: Settings, report_wait: Callable[[str], None] | None = None, *, report_after: float = 2.0
) -> Deployment:
    """The deployment that the settings describe.

    report_wait: prints who has the warehouse's file open, once a wait for it has lasted `report_after` seconds; logs it
    by default.
    """
    leases = leases_of(settings)
    notice = WaitNotice(_run_of(leases), report_wait, report_after)
    engine = _duckdb(settings, notice) if settings.deployment == LOCAL else engine_of(settings)
    return Deployment(settings, *engine, leases)


def engine_of(settings: Settings, make_client: MakeClient | None = None) -> tuple[Warehouse, StagingArea]:
    """The warehouse and the staging area. make_client: makes BigQuery's client with other than the default identity."""
    if settings.deployment == LOCAL:
        return _duckdb(settings, WaitNotice(_run_of(leases_of(settings))))
    return _bigquery(settings, make_client)


def leases_of(settings: Settings) -> LeaseStore:
    """The lease store."""
    if settings.deployment == LOCAL:
        from nba_consolidation.leases.sqlite import SqliteLeaseStore

        return SqliteLeaseStore(settings.home / "leases.sqlite")

    from nba_consolidation.leases.firestore.store import FirestoreLeaseStore

    return FirestoreLeaseStore(
        settings.project or "",
        settings.firestore_database,
        collection=settings.lock_collection,
        collections={"grading": settings.grading_lock_collection},
        emulator=settings.firestore_emulator,
    )


def staging_of(settings: Settings) -> StagingArea:
    """The staging area alone: workers need no warehouse."""
    return staging_folder(settings) if settings.deployment == LOCAL else engine_of(settings)[1]


def staging_folder(settings: Settings) -> ParquetStaging:
    """The local staging area."""
    from nba_consolidation.warehouse.staging.parquet import ParquetStaging

    return ParquetStaging(settings.staging or settings.home / "staging")


def _run_of(leases: LeaseStore) -> Callable[[int], str | None]:
    """Finds the run in which a process of this machine works, by the leases that it holds."""

    def run_of(pid: int) -> str | None:
        try:
            holders = [lease.holder for lease in leases.list() if not lease.expired]
        except LeaseError:  # whoever waits for the warehouse gets no other error because of that
            return None
        return next((one.run_id for one in holders if (one.host, one.pid) == (socket.gethostname(), pid)), None)

    return run_of


def _duckdb(settings: Settings, notice: WaitNotice) -> tuple[Warehouse, StagingArea]:
    from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse

    staging = staging_folder(settings)
    warehouse = DuckDBWarehouse(
        settings.home / "warehouse.duckdb",
        staging,
        open_limit=settings.warehouse_wait,
        notice=notice,
        memory_limit=settings.memory_limit,
        external=(BOX_SCORES,),
    )
    return warehouse, staging


def _bigquery(settings: Settings, make_client: MakeClient | None) -> tuple[Warehouse, StagingArea]:
    from nba_consolidation.warehouse.bigquery.session import BigQuerySession, connect
    from nba_consolidation.warehouse.bigquery.warehouse import BigQueryWarehouse
    from nba_consolidation.warehouse.staging.bigquery import BigQueryStaging

    make = make_client or (lambda: connect(settings.project, settings.location))
    session = BigQuerySession(make, location=settings.location, maximum_bytes_billed=settings.maximum_bytes_billed)
    keep = None if settings.staging_kept_days is None else dt.timedelta(days=settings.staging_kept_days)
    staging = BigQueryStaging(session, settings.staging_dataset or settings.dataset, keep=keep)
    external = {BOX_SCORES.name: settings.box_scores_path}
    return BigQueryWarehouse(session, settings.dataset, staging, external=external), staging
