"""The buckets of confidence and of edge: where each begins and ends, and what people call it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

BINS = 10
"""Of confidence, each a tenth wide."""

EDGE_BOUNDS = (1, 2, 3, 5)
"""|predicted - line| in points: where the second and each later bucket of edges begins; graded_rows.sql has as many."""


class Bucket(NamedTuple):
    """One bucket of a slice. Number 0 is all of the slice `all`, and of another what is in none of its buckets."""

    sliced_by: str
    bucket: int
    bucket_label: str
    lower_bound: float | None = None
    upper_bound: float | None = None


def buckets() -> list[Bucket]:
    """All of them."""
    return [Bucket("all", 0, "all"), *_of_confidence(), *_of_edge()]


def _of_confidence() -> Iterator[Bucket]:
    yield Bucket("confidence", 0, "none from 0 to 1")
    for number in range(1, BINS + 1):
        lower, upper = (number - 1) / BINS, number / BINS
        yield Bucket("confidence", number, f"{lower:.1f} to {upper:.1f}", lower, upper)


def _of_edge() -> Iterator[Bucket]:
    yield Bucket("edge", 0, "no line")
    ends: list[float | None] = [*map(float, EDGE_BOUNDS), None]
    for number, (lower, upper) in enumerate(zip((0.0, *map(float, EDGE_BOUNDS)), ends, strict=True), start=1):
        label = f"from {lower:g}" if upper is None else f"{lower:g} to {upper:g}"
        yield Bucket("edge", number, f"{label} points", lower, upper)
