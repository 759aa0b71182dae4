"""The use case: validates the active consolidated rows of some game dates, in one transaction."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from nba_consolidation.fencing.audits import DUPLICATE_VALIDATED, as_options
from nba_consolidation.fencing.fenced_writer import FencedWriter, Parameters, log_outcome
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.consolidation.consolidate import LOCK_TYPE
from nba_consolidation.schema import ALL_TABLES, VALIDATED, WITHHELD
from nba_consolidation.sql import Statement

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ValidatedDate:
    """The validated rows of one date; players and systems are distinct ones.

    withheld_rows: active rows that are not validated, because their confidence is not on the scale of their group.
    """

    game_date: dt.date
    validated_rows: int
    percent_scale_rows: int
    without_line: int
    withheld_rows: int
    players: int
    systems: int


@dataclass(frozen=True)
class Validator:
    """Validates game dates. scales: `percent` or `fraction`, for systems whose scale is declared."""

    writer: FencedWriter
    scales: Mapping[str, str] = field(default_factory=dict)

    def validate(self, dates: Collection[dt.date], holder: Holder) -> list[ValidatedDate]:
        """Rewrites the validated rows of the dates in one transaction, under the leases of their consolidation.

        Raises LeaseError, WarehouseError and FencedOut as the consolidation does; AuditFailed names the audit.
        """
        ordered = sorted(dates)
        self.writer.warehouse.create_tables(ALL_TABLES)
        with self.writer.holding(LOCK_TYPE, ordered, holder) as leased:
            next_step = f". Run: nba-consolidation repair predictions {as_options(ordered)}, then validate again"
            result = leased.write(ordered, self.statements, next_step=next_step)
        validated = [ValidatedDate(**row) for row in result.rows["validated_counts"]]
        rows = sum(date.validated_rows for date in validated)
        log_outcome(
            _log,
            "validated",
            holder.run_id,
            ordered,
            rows=rows,
            withheld=sum(date.withheld_rows for date in validated),
            transaction_ms=round(1000 * result.seconds),
        )
        return validated

    def statements(self, parameters: Parameters) -> list[Statement]:
        """Replaces the validated rows of the dates, then audits them. The fence comes before."""
        scaled = {
            **parameters,
            "percent_systems": self._systems("percent"),
            "fraction_systems": self._systems("fraction"),
        }
        return [
            *(Statement("delete_dates", scaled, names={"TABLE": table.name}) for table in (VALIDATED, WITHHELD)),
            Statement("confidence_scales", scaled),
            Statement("validate", scaled),
            Statement("withhold", scaled),
            DUPLICATE_VALIDATED.statement(scaled),
            Statement("unconserved_validations", scaled, audit=True),
            Statement("validated_counts", scaled),
        ]

    def _systems(self, scale: str) -> list[str]:
        return [system for system, declared in self.scales.items() if declared == scale]
