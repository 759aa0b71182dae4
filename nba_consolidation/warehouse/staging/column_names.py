"""Finds all problems in the column names of staged rows or of a file, each with its likely reason."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nba_consolidation.errors import did_you_mean


@dataclass(frozen=True)
class NameProblem:
    """One column whose name is wrong, and why."""

    column: str
    reason: str


def name_problems(names: Sequence[object], known: Collection[str], required: Collection[str]) -> list[NameProblem]:
    """The columns without a name, the unknown, the repeated and the missing ones.

    known: the columns that the rows may have. required: those that they must have.
    """
    texts = [str(name) for name in names]
    return [*_unnamed(texts), *_unknown(texts, known), *required_once(texts, required)]


def required_once(names: Sequence[object], required: Collection[str]) -> list[NameProblem]:
    """The repeated columns, and the required ones that are missing."""
    texts = [str(name) for name in names]
    repeated = [name for name, times in Counter(texts).items() if times > 1 and name.strip()]
    absent = [name for name in required if name not in texts]
    return [
        *(NameProblem(name, f"column {name!r} is there twice") for name in repeated),
        *(NameProblem(name, f"required column {name!r} is missing{_nearest(name, texts)}") for name in absent),
    ]


def in_one_message(problems: Sequence[NameProblem]) -> str:
    """The reasons, one after the other."""
    return "; ".join(problem.reason for problem in problems)


def _unnamed(names: Sequence[str]) -> list[NameProblem]:
    reasons = {1: " (an index that pandas wrote?)", len(names): " (a comma at the end of each line?)"}
    return [
        NameProblem(name, f"column {number} has no name{reasons.get(number, '')}")
        for number, name in enumerate(names, start=1)
        if not name.strip()
    ]


def _unknown(names: Sequence[str], known: Collection[str]) -> list[NameProblem]:
    unknown = dict.fromkeys(name for name in names if name.strip() and name not in known)
    unused = sorted(set(known) - set(names))
    return [NameProblem(name, f"column {name!r} is unknown{_meant(name, unused)}") for name in unknown]


def _meant(name: str, candidates: Sequence[str]) -> str:
    if name.startswith("__index_level_"):
        return " (an index that pandas wrote?)"
    return did_you_mean(_plain(name), candidates)


def _nearest(name: str, names: Sequence[str]) -> str:
    """The column that may be the missing one under another spelling."""
    spellings = {_plain(other): other for other in names}
    return "".join(f" (there is {spellings[near]!r})" for near in difflib.get_close_matches(name, spellings, 1))


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
