"""The name of a staging table: `_staging_{batch}_{worker}`. Made and taken apart here only."""

from __future__ import annotations

import re

PREFIX = "_staging_"
_VALID = re.compile(r"_staging_[A-Za-z0-9_]{1,200}")
# A batch is a time stamp, with a word or two in front at most; what follows it is the worker's, underscores and all.
_BATCH = re.compile(r"_staging_((?:[A-Za-z][A-Za-z0-9]*_)*\d{8}_\d{6}(?:_\d{6})?)(?:_(.+))?")


def staging_table_name(batch_id: str, worker_id: str) -> str:
    """The staging table of a worker's share of a batch; `-` becomes `_`.

    Raises ValueError for a batch or worker that has any other character than letters, digits, `-` and `_`.
    """
    name = f"{PREFIX}{batch_id}_{worker_id}".replace("-", "_")
    if not batch_id or not worker_id or not is_valid(name):
        raise ValueError(
            f"batch {batch_id!r} and worker {worker_id!r} make no staging table name: "
            "use letters, digits, '-' and '_' only"
        )
    return name


def is_valid(name: str) -> bool:
    """Whether the name, which came from outside, is a staging table's: no quote, dot, slash or blank can be in it."""
    return _VALID.fullmatch(name) is not None


def batch_and_worker(name: str) -> tuple[str, str]:
    """The batch and the worker of a valid name; all is batch, and no worker, where there is no time stamp."""
    match = _BATCH.fullmatch(name)
    if match is None:
        return name.removeprefix(PREFIX), ""
    return match[1], match[2] or ""
