"""The root of all errors that this package raises on purpose. The others are in `errors.py` beside what raises them.

Also the hint of a message about a misspelt name.
"""

import difflib
from collections.abc import Collection


class ConsolidationError(Exception):
    """Something went wrong that a person can act on.

    The message says what happened, to which date and table, and what to do next; the terminal prints it without a
    traceback.
    """


class UnknownName(ConsolidationError):
    """A player, system or the like that was asked for does not exist."""


def nearest_names(name: str, known: Collection[str], most: int) -> list[str]:
    """Those of the known names that are similar to a misspelt one, the most similar first; at most so many."""
    return difflib.get_close_matches(name.lower(), known, most)


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The hint ` (did you mean 'x'?)` with the most similar of the known names, or nothing if none is similar."""
    return "".join(f" (did you mean {near!r}?)" for near in nearest_names(name, known, 1))


def ensure_known(kind: str, name: str | None, known: Collection[str]) -> None:
    """Raises UnknownName with the nearest names for one that is not among the known; where none is known, all pass."""
    if name is None or name in known or not known:
        return
    nearest = nearest_names(name, sorted(known), 5) or sorted(known)[:5]
    raise UnknownName(f"{kind} {name!r} is unknown. The nearest of {len(known):,}: {', '.join(nearest)}")
