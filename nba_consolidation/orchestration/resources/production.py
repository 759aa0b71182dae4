"""The resources of the production deployment: leases in Firestore, tables in BigQuery, whose client is dagster-gcp's.

The one Dagster module that loads a client library with itself: it is imported where production was chosen.
"""

from typing import TYPE_CHECKING

import dagster as dg
from dagster_gcp import BigQueryResource
from pydantic import Field

from nba_consolidation.leases import LeaseStore
from nba_consolidation.orchestration.resources.contract import (
    LeaseResource,
    WarehouseResource,
    lease_fields,
    warehouse_fields,
)
from nba_consolidation.settings import PRODUCTION, Settings
from nba_consolidation.wiring import Engine, engine_of, leases_of

if TYPE_CHECKING:
    from google.cloud.bigquery import Client


class FirestoreLeaseResource(LeaseResource):
    """Leases as documents in Firestore, for processes on any machine."""

    project: str = Field(description="The Google Cloud project.")
    database: str = Field(description="The Firestore database's id: (default), or a name.")
    collection: str = Field(description="Where the leases of consolidations lie.")
    grading_collection: str = Field(description="Where the leases of gradings lie.")
    emulator: str | None = Field(default=None, description="host:port of a Firestore emulator.")

    def store(self) -> LeaseStore:
        return leases_of(
            Settings(
                deployment=PRODUCTION,
                project=self.project,
                firestore_database=self.database,
                lock_collection=self.collection,
                grading_lock_collection=self.grading_collection,
                firestore_emulator=self.emulator,
            )
        )


class BigQueryWarehouseResource(WarehouseResource):
    """A BigQuery dataset, and the dataset of the staging tables."""

    bigquery: dg.ResourceDependency[BigQueryResource]
    project: str = Field(description="The Google Cloud project.")
    dataset: str = Field(description="Dataset of the tables: dataset, or project.dataset.")
    staging_dataset: str | None = Field(default=None, description="Dataset of the staging tables, if another one.")
    box_scores: str = Field(description="Table of the box scores: table, dataset.table, or project.dataset.table.")
    maximum_bytes_billed: int | None = Field(default=None, description="A job that would cost more is not run.")
    staging_kept_days: float | None = Field(
        default=None, description="Set merged staging tables aside for so many days, instead of dropping them."
    )

    def settings(self) -> Settings:
        return Settings(
            **self.common_settings(),
            deployment=PRODUCTION,
            project=self.project,
            dataset=self.dataset,
            staging_dataset=self.staging_dataset,
            box_scores=self.box_scores,
            location=self.bigquery.location,
            maximum_bytes_billed=self.maximum_bytes_billed,
            staging_kept_days=self.staging_kept_days,
        )

    def engine(self) -> Engine:
        return engine_of(self.settings(), self._client)

    def _client(self) -> "Client":
        """A client that outlives the block: dagster-gcp needs it for the reading of the credentials only."""
        with self.bigquery.get_client() as client:
            return client


def resources_of(settings: Settings) -> dict[str, LeaseResource | WarehouseResource | BigQueryResource]:
    """All, as the settings have them. `bigquery` is a resource of its own: credentials can be given there."""
    client = BigQueryResource(project=settings.project, location=settings.location)
    return {
        "bigquery": client,
        "leases": FirestoreLeaseResource(
            **lease_fields(settings),
            project=settings.project or "",
            database=settings.firestore_database,
            collection=settings.lock_collection,
            grading_collection=settings.grading_lock_collection,
            emulator=settings.firestore_emulator,
        ),
        "warehouse": BigQueryWarehouseResource(
            **warehouse_fields(settings),
            bigquery=client,
            project=settings.project or "",
            dataset=settings.dataset,
            staging_dataset=settings.staging_dataset,
            box_scores=settings.box_scores,
            maximum_bytes_billed=settings.maximum_bytes_billed,
            staging_kept_days=settings.staging_kept_days,
        ),
    }
