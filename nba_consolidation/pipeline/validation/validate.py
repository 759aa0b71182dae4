"""The use case: what stands for some game dates becomes what consumers read. Written anew per date, under its fence."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from nba_consolidation.fencing.fenced_writer import Guarding, tell
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.consolidation import transaction
from nba_consolidation.pipeline.consolidation.consolidate import LOCK_TYPE
from nba_consolidation.schema import ALL_TABLES

_log = logging.getLogger(__name__)
_AUDITS = ("duplicate_validated_predictions", "confidences_out_of_scale")


@dataclass(frozen=True)
class ValidatedDate:
    """What consumers now read of one date, in rows; players and systems are distinct ones."""

    game_date: dt.date
    validated_rows: int
    percent_scale_rows: int
    without_line: int
    players: int
    systems: int


@dataclass(frozen=True)
class Validator:
    """Everything a validation needs. scales: `percent` or `fraction`, for systems whose scale is known."""

    guarding: Guarding
    scales: Mapping[str, str] = field(default_factory=dict)

    def validate(self, dates: Collection[dt.date], holder: Holder) -> list[ValidatedDate]:
        """Rewrites the validated rows of the dates in one transaction, under the leases that guard them.

        Raises LeaseError, WarehouseError and FencedOut as the consolidation does; AuditFailed names the audit.
        """
        ordered = sorted(dates)
        self.guarding.warehouse.create_tables(ALL_TABLES)
        with self.guarding.writer(LOCK_TYPE, ordered, holder) as writer:
            result = writer.run(
                ordered,
                lambda parameters: transaction.validation(
                    parameters, self._systems("percent"), self._systems("fraction")
                ),
                audits=_AUDITS,
            )
        validated = [ValidatedDate(**row) for row in result.rows["validated_counts"]]
        rows = sum(date.validated_rows for date in validated)
        tell(_log, "validated", holder.run_id, ordered, rows=rows, transaction_ms=round(1000 * result.seconds))
        return validated

    def _systems(self, scale: str) -> list[str]:
        return [system for system, declared in self.scales.items() if declared == scale]
