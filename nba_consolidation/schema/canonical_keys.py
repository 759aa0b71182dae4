"""The canonical spelling of the text parts of the business key, for a writer that has no warehouse.

The row rules have the same in SQL (`player_key.sql`, `trimmed.sql`, `row_rules.sql`); a test holds the two together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

_CANONICAL_PLAYER = re.compile("[a-z0-9]+")
_UNDECOMPOSED = str.maketrans({
    "đ": "d", "ł": "l", "ø": "o", "\u0131": "i", "ð": "d", "ħ": "h", "ŧ": "t", "ŋ": "n", "ə": "e", "ɨ": "i",
    "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th",
})  # fmt: skip
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs"})
_BLANK = _INVISIBLE | {"Zs", "Zl", "Zp"}


def player_key(name: str) -> str:
    """The player_lookup of a name in ASCII letters and digits; the name in lower case if it has none of them."""
    letters = unicodedata.normalize("NFD", name).lower().translate(_UNDECOMPOSED)
    return re.sub("[^a-z0-9]", "", letters) or trimmed(name).lower()


def trimmed(text: str) -> str:
    """The text without blanks at its ends and without invisible characters."""
    first = next((position for position, letter in enumerate(text) if not _is(letter, _BLANK)), len(text))
    last = next((position for position in range(len(text), first, -1) if not _is(text[position - 1], _BLANK)), first)
    return "".join(letter for letter in text[first:last] if not _is(letter, _INVISIBLE))


def key_problem(column: str, value: object) -> str | None:
    """Why the value is not canonical in that column of the key, in the words of the row rule; None if it is, or blank.

    A missing value breaks another rule.
    """
    if column not in _PROBLEMS or not isinstance(value, str) or not trimmed(value):
        return None
    return _PROBLEMS[column](value)


def _player_problem(name: str) -> str | None:
    if _CANONICAL_PLAYER.fullmatch(name):
        return None
    key = player_key(name)
    return "must be lower-case ASCII letters and digits" + (f": {key}" if _CANONICAL_PLAYER.fullmatch(key) else "")


def _text_problem(text: str) -> str | None:
    return None if text == trimmed(text) else f"must have no surrounding blanks: {trimmed(text)}"


def _is(letter: str, categories: frozenset[str]) -> bool:
    return unicodedata.category(letter) in categories


_PROBLEMS: Mapping[str, Callable[[str], str | None]] = {
    "game_id": _text_problem,
    "player_lookup": _player_problem,
    "system_id": _text_problem,
}
CANONICAL_COLUMNS = frozenset(_PROBLEMS)
"""The parts of the business key that are text."""
