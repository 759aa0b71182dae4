"""Polars: the staged rows and the existing ones of their dates, the newest per key, written by date as Parquet."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmarks.job import Job, fresh_folder, linked_copy
from nba_consolidation.schema import BUSINESS_KEY, PREDICTIONS


def setup(job: Job) -> None:
    """The history by hard links: its files are never written to."""
    if job.phase == "first":
        fresh_folder(job)
        if (Path(job.base) / "parquet").exists():
            linked_copy(Path(job.base) / "parquet", job.work / "table")


def run(job: Job) -> dict[str, object]:
    """Reads, takes the newest, replaces the files of the dates."""
    staged = newest(job.files)
    existing = [file for date in job.game_dates for file in _folder(job, date).glob("*.parquet")]
    everything = staged
    if existing:
        columns = staged.columns
        existing_rows = pl.concat([pl.read_parquet(file, hive_partitioning=True).select(columns) for file in existing])
        everything = newest_of(pl.concat([staged.cast(existing_rows.schema), existing_rows]).lazy())
    for (date,), rows in everything.partition_by("game_date", as_dict=True).items():
        folder = _folder(job, date)
        folder.mkdir(parents=True, exist_ok=True)
        rows.drop("game_date").write_parquet(folder / "new.tmp")
        for file in folder.glob("*.parquet"):
            file.unlink()
        (folder / "new.tmp").rename(folder / "data.parquet")
    return {}


def newest(files: list[str]) -> pl.DataFrame:
    """The newest staged row per key, with every column of the table."""
    rows = pl.scan_parquet(files, include_file_paths="path")
    table = pl.col("path").str.extract(r"([^/]+)\.parquet$")
    return newest_of(
        rows.with_columns(
            prediction_version=pl.lit(1, pl.Int64),
            is_active=pl.lit(True),
            superseded_by=pl.lit(None, pl.String),
            updated_at=pl.lit(None, pl.Datetime("us", "UTC")),
            version_created_at=pl.col("created_at"),
            version_prediction_id=pl.col("prediction_id"),
            staging_table=table,
            batch_id=table.str.extract("^(.*)_w"),
            lease_token=pl.lit(1, pl.Int64),
            run_id=pl.lit("benchmark"),
            consolidation_id=pl.lit("benchmark"),
        ).select(PREDICTIONS.column_names)
    )


def newest_of(rows: pl.LazyFrame) -> pl.DataFrame:
    """The newest row per key; NULL equals NULL."""
    ordered = rows.sort("created_at", "prediction_id", descending=True)
    return ordered.unique(subset=BUSINESS_KEY, keep="first").collect()


def _folder(job: Job, date: object) -> Path:
    return job.work / "table" / f"game_date={date}"


def result(job: Job) -> str:
    """Where to read the result."""
    return f"parquet:{job.work}/table/*/*.parquet"
