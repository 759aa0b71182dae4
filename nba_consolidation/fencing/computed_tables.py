"""Tables that are computed as a whole for some game dates: `recompute` writes the rows that changed, and no others.

A row keeps its lineage until its values change.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Generic, TypeVar

import pyarrow as pa

from nba_consolidation.fencing.fenced_writer import FencedWriter, Parameters, log_outcome
from nba_consolidation.leases import Holder
from nba_consolidation.schema import ALL_TABLES, Table
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.arrow_types import arrow_type
from nba_consolidation.warehouse.table_reads import game_dates

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)
_LINEAGE = frozenset({"lease_token", "run_id", "computed_at"})
Counts = TypeVar("Counts")
Compute = Callable[[Sequence[dt.date]], "Sequence[pd.DataFrame]"]


@dataclass(frozen=True)
class ComputedTables(Generic[Counts]):
    """Tables that one use case computes together.

    dates_in: the one with rows of every computed date. id_column: has the id of the transaction that wrote a row.
    counts: the statement that counts, by date, the current rows and those that the transaction wrote; its parameter is
    named like id_column. make_counts: takes one of its rows, or only a game_date without rows. event: the log event.
    """

    lock_type: str
    tables: tuple[Table, ...]
    dates_in: Table
    id_column: str
    counts: str
    make_counts: Callable[..., Counts]
    event: str

    def statements(self, parameters: Parameters, transaction_id: str) -> list[Statement]:
        """The statements that delete outdated rows, insert missing ones, and count."""
        parameters = {**parameters, self.id_column: transaction_id, "transaction_id": transaction_id}
        changes = [
            Statement(change, parameters, self._values(table), names=self._names(table))
            for table in self.tables
            for change in ("delete_outdated", "insert_computed")
        ]
        return [*changes, Statement(self.counts, parameters)]

    def relations(self, frames: Sequence[pd.DataFrame]) -> dict[str, pa.Table]:
        """The computed rows of the tables, as `statements` reads them."""
        pairs = zip(self.tables, frames, strict=True)
        return {self._names(table)["COMPUTED"]: _arrow(frame, table, self._values(table)) for table, frame in pairs}

    def _values(self, table: Table) -> list[str]:
        """All columns but the lineage: a row is rewritten only where one of these changed."""
        return [column for column in table.column_names if column not in _LINEAGE | {self.id_column}]

    def _names(self, table: Table) -> dict[str, str]:
        return {"TABLE": table.name, "COMPUTED": f"computed_{table.name}", "ID_COLUMN": self.id_column}


@dataclass(frozen=True)
class RecomputationReport(Generic[Counts]):
    """The result of a recomputation. dates: the counts by date; followed: the later dates that depend on the others.

    transactions: their ids. The lease times are in milliseconds.
    """

    run_id: str
    dates: tuple[Counts, ...] = ()
    followed: tuple[dt.date, ...] = ()
    transactions: tuple[str, ...] = ()
    seconds: float = 0.0
    lease_wait_ms: int = 0
    lease_hold_ms: int = 0

    def total(self, figure: str) -> int:
        """The sum of one figure of the counts over the dates."""
        return sum(getattr(counts, figure) for counts in self.dates)

    def __add__(self, other: RecomputationReport[Counts]) -> RecomputationReport[Counts]:
        """Both transactions in one report."""
        return RecomputationReport(
            self.run_id,
            self.dates + other.dates,
            self.followed + other.followed,
            self.transactions + other.transactions,
            round(self.seconds + other.seconds, 3),
            self.lease_wait_ms + other.lease_wait_ms,
            self.lease_hold_ms + other.lease_hold_ms,
        )


def recompute(
    writer: FencedWriter,
    computed: ComputedTables[Counts],
    dates: Collection[dt.date],
    holder: Holder,
    *,
    compute: Compute,
    dependent: Callable[[Sequence[dt.date], Sequence[dt.date]], Iterable[dt.date]] = lambda computed, _: computed,
    together: Callable[[dt.date], Hashable] = lambda _: None,
    on_step: Callable[[str], None] = lambda _: None,
) -> RecomputationReport[Counts]:
    """Brings the tables up to date for the dates, and for later ones that depend on them. Unchanged rows stay.

    compute: returns one frame per table, in order; called under the leases of the dates. together: dates for which it
    is equal are one transaction. dependent: takes the later computed dates and the requested ones, returns those that
    depend on the requested ones, by default all. Raises LeaseError, WarehouseError, FencedOut; then nothing of that
    transaction was written.
    """
    report = RecomputationReport[Counts](holder.run_id)
    writer.warehouse.create_tables(ALL_TABLES)
    for value, group in groupby(sorted(set(dates)), together):
        requested = list(group)
        computed_dates = game_dates(writer.warehouse, computed.dates_in, requested[0])
        later = [date for date in computed_dates if together(date) == value]
        followed = sorted(set(dependent(later, requested)) - set(requested))
        report += _recomputed(writer, computed, holder, requested, followed, compute, on_step)
    return report


def _recomputed(
    writer: FencedWriter,
    computed: ComputedTables[Counts],
    holder: Holder,
    requested: Sequence[dt.date],
    followed: Sequence[dt.date],
    compute: Compute,
    on_step: Callable[[str], None],
) -> RecomputationReport[Counts]:
    """The report of one transaction, which is logged."""
    began, transaction_id = time.monotonic(), uuid.uuid4().hex
    dates = sorted([*requested, *followed])
    with writer.holding(computed.lock_type, dates, holder) as leased:
        on_step("compute")
        result = leased.write(
            dates,
            lambda parameters: computed.statements(parameters, transaction_id),
            relations=computed.relations(compute(dates)),
            on_statement=on_step,
        )
    by_date = {row["game_date"]: row for row in result.rows[computed.counts]}
    counts = tuple(computed.make_counts(**by_date.get(date, {"game_date": date})) for date in dates)
    report = RecomputationReport(
        holder.run_id, counts, tuple(followed), (transaction_id,), round(time.monotonic() - began, 3),
        leased.lease.waited_ms, leased.lease.held_ms,
    )  # fmt: skip
    log_outcome(
        _log, computed.event, holder.run_id, dates, rows_written=report.total("written_rows"),
        ms=round(1000 * report.seconds), lease_wait_ms=report.lease_wait_ms, lease_hold_ms=report.lease_hold_ms,
    )  # fmt: skip
    return report


def _arrow(frame: pd.DataFrame, table: Table, columns: Sequence[str]) -> pa.Table:
    schema = pa.schema([(column, arrow_type(table.column(column).type)) for column in columns])
    values = frame[schema.names]
    # pandas gives a column without values the type float, which cannot be cast to every type.
    untyped = {column: object for column in schema.names if not values[column].notna().any()}
    return pa.Table.from_pandas(values.astype(untyped), schema, preserve_index=False)
