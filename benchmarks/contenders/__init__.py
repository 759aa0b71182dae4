"""The contenders. Each is a module with `setup(job)`, `run(job)` (the only part that is timed) and `result(job)`.

Properties by design are declared here; the effect on rows and values is measured.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """A way to do the job. in_project_environment: it runs in the project's environment, not in that of the peers."""

    name: str
    title: str
    in_project_environment: bool
    atomic: str
    second_writer: str


_FILE_LOCK = "only DuckDB's file lock; on a shared warehouse none"

CONTENDERS = (
    Contender("limit", "bare INSERT … newest per key (the limit)", True, "yes", _FILE_LOCK),
    Contender("product", "product: lease to clean-up", True, "yes, audits included", "lease and fence"),
    Contender(
        "predecessor", "predecessor: MERGE, deactivate, check", True,
        "no: three transactions, duplicates visible until the check", _FILE_LOCK,
    ),
    Contender(
        "polars_unique", "polars concat + unique + write", False,
        "no: one file per date, one after the other", "no protection: the last one wins",
    ),
    Contender(
        "dbt_incremental", "dbt-duckdb incremental + unique test", False,
        "the model is; the test runs after the commit", _FILE_LOCK,
    ),
    Contender(
        "delta_merge", "polars unique + deltalake merge", False,
        "yes, without a check", "optimistic: the second commit fails",
    ),
)  # fmt: skip
