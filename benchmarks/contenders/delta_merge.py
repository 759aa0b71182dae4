"""deltalake: the newest staged row per key (by polars), then one MERGE into a table partitioned by game date."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable, Schema, write_deltalake

from benchmarks.contenders.polars_unique import newest
from benchmarks.job import Job, fresh_folder, linked_copy
from nba_consolidation.schema import BUSINESS_KEY

_SAME = {"current_points_line": "IS NOT DISTINCT FROM"}


def setup(job: Job) -> None:
    """The history as a Delta table, made once and then copied by hard links, because Delta never rewrites a file."""
    made = Path(job.base) / "delta"
    if not made.exists():
        _make(job, made)
    if job.phase == "first":
        fresh_folder(job)
        linked_copy(made, job.work / "table")


def _make(job: Job, target: Path) -> None:
    half = target.with_name("delta.half")
    shutil.rmtree(half, ignore_errors=True)
    history = Path(job.base) / "parquet"
    if history.exists():
        partitions = ds.partitioning(pa.schema([("game_date", pa.date32())]), flavor="hive")
        reader = ds.dataset(history, partitioning=partitions).scanner(batch_readahead=2).to_reader()
        write_deltalake(str(half), reader, partition_by=["game_date"])
    else:
        shape = newest(job.files[:1]).clear().to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        DeltaTable.create(str(half), Schema.from_arrow(shape), partition_by=["game_date"])
    half.rename(target)


def run(job: Job) -> dict[str, object]:
    """Newest per key, then the merge; the predicate makes NULL equal NULL."""
    dates = ", ".join(f"'{date}'" for date in job.game_dates)
    # In brackets: deltalake's parser binds IS NOT DISTINCT FROM weaker than AND.
    matches = " AND ".join(f"(t.{name} {_SAME.get(name, '=')} s.{name})" for name in BUSINESS_KEY)
    merge = DeltaTable(str(job.work / "table")).merge(
        newest(job.files), f"t.game_date IN ({dates}) AND {matches}", source_alias="s", target_alias="t"
    )
    newer = "s.created_at > t.created_at"
    return {"metrics": merge.when_matched_update_all(newer).when_not_matched_insert_all().execute()}


def result(job: Job) -> str:
    """Where to read the result."""
    return "parquet:" + "\n".join(DeltaTable(str(job.work / "table")).file_uris())
