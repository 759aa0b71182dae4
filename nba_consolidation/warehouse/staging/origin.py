"""Which worker wrote a staging table, as the table itself says; and what a later write of the same name may replace.

The name is ambiguous: workers `w-1` and `w_1` share one, as do batch `a`, worker `b_c` and batch `a_b`, worker `c`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nba_consolidation.schema import BUSINESS_KEY
from nba_consolidation.warehouse.errors import WriteRefused

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Origin:
    """Batch, worker and, if the worker writes its share in several parts, the part. Each part has its own table."""

    batch: str
    worker: str
    part: str = ""

    def __str__(self) -> str:
        return f"batch {self.batch!r}, worker {self.worker!r}" + (f", part {self.part!r}" if self.part else "")

    def to_text(self) -> str:
        """As a table keeps it: in the metadata of a Parquet file, in the description of a BigQuery table."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str | bytes | None) -> Origin | None:
        """The inverse of `to_text`; None for a table that another program wrote."""
        try:
            document = json.loads(text or "")
            return cls(**{name: str(value) for name, value in document.items()})
        except (ValueError, TypeError, AttributeError, RecursionError):
            return None


def ensure_replaceable(
    table: str, existing: Origin | None, origin: Origin, waiting: Callable[[], Iterable[Any]], data: pa.Table | None
) -> None:
    """Raises WriteRefused if a write would replace the table of another worker, or rows that it does not have itself.

    existing: the origin of the existing table. waiting: returns its business keys. data: the new rows; None if they may
    replace any rows of the same worker.
    """
    if existing is not None and existing != origin:
        reason = f"{origin} has the same table name as {existing}, whose rows wait there"
        raise WriteRefused(table, reason, next_step="rename the worker or the batch, and write the rows again")
    if data is None:
        return
    lost = set(waiting()) - set(business_keys(data))
    if lost:
        reason = (
            f"{origin} has rows waiting there, and {len(lost):,} of their business keys are not among the new rows, "
            f"for example {', '.join(map(str, min(lost, key=str)))}"
        )
        next_step = (
            "write all rows together, write chunks as parts (part=, or stage --part), or replace what waits "
            "(replace=True, or stage --replace)"
        )
        raise WriteRefused(table, reason, next_step=next_step)


def business_keys(data: pa.Table) -> Iterable[tuple[Any, ...]]:
    """The business key of each row; NULL for a column that is not there."""
    nulls = [None] * data.num_rows
    return zip(*(data[name].to_pylist() if name in data.column_names else nulls for name in BUSINESS_KEY), strict=True)
