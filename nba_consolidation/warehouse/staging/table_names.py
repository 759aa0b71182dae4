"""Staging table names, `_staging_{batch}_{worker}`: how they are built, checked and taken apart."""

from __future__ import annotations

import re

PREFIX = "_staging_"
_LONGEST = 200
_VALID = re.compile(rf"_staging_[A-Za-z0-9_]{{1,{_LONGEST}}}")
# A batch id is a time stamp, with words before it at most; the rest of the name is the worker id, underscores included.
_BATCH = re.compile(r"_staging_((?:[A-Za-z][A-Za-z0-9]*_)*\d{8}_\d{6}(?:_\d{6})?)(?:_(.+))?")


def staging_table_name(batch_id: str, worker_id: str, part: str = "") -> str:
    """The name of a worker's staging table of a batch, or of one part of it; `-` becomes `_`.

    Raises ValueError if an id has characters other than letters, digits, `-` and `_`, or if they are too long.
    """
    name = f"{PREFIX}{batch_id}_{worker_id}{f'_part_{part}' if part else ''}".replace("-", "_")
    if not batch_id or not worker_id or not is_valid(name):
        raise ValueError(
            f"batch {batch_id!r} and worker {worker_id!r}{f' and part {part!r}' if part else ''} cannot form a staging "
            f"table name: use only letters, digits, '-' and '_', at most {_LONGEST} characters in all"
        )
    return name


def is_valid(name: str) -> bool:
    """Whether this is a staging table's name. Such a name has no quote, dot, slash or blank, so it is safe in SQL."""
    return _VALID.fullmatch(name) is not None


def batch_and_worker(name: str) -> tuple[str, str]:
    """The batch id and worker id in a valid name; without a time stamp, all of it is the batch id."""
    match = _BATCH.fullmatch(name)
    if match is None:
        return name.removeprefix(PREFIX), ""
    return match[1], match[2] or ""
