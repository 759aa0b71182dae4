"""Pairs predicted players without a box score with box scores of the same game that match no prediction.

"No box score of that name" does not prove that he did not play: box scores have suffixes, initials, nicknames, damaged
encodings and transliterations. A person decides about each pair.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from urllib.parse import unquote

from nba_consolidation.schema.canonical_keys import player_key

_SUFFIX = re.compile("(?:jr|sr|ii|iii|iv|v)$")
_SIMILAR_FROM = 0.8
"""The Levenshtein similarity from which two whole names are similar: at most one letter in five differs."""
_SHORTEST_SURNAME, _SHORTEST_SURNAME_ALONE = 4, 5
_SHORTEST_PART, _SAME_BEGINNING = 6, 0.7
_ENCODINGS = ("cp1252", "latin-1", "mac_roman", "cp437")


@dataclass(frozen=True)
class UnmatchedName:
    """A predicted player without a box score, or (not is_predicted) a box score that matches no prediction.

    box_score_key: identifies the game. player_key: the folded name.
    """

    game_date: dt.date
    box_score_key: str
    player_lookup: str
    player_key: str
    team_abbr: str | None
    is_predicted: bool


@dataclass(frozen=True)
class SimilarName:
    """A predicted player, and the most similar name among the unmatched box scores of his game."""

    game_date: dt.date
    box_score_key: str
    player_key: str
    box_score_player: str


def most_similar_names(names: Sequence[UnmatchedName]) -> list[SimilarName]:
    """One pair for each predicted player with a similar name in his game."""
    game_key = attrgetter("game_date", "box_score_key")
    pairs = []
    for (date, game), group in groupby(sorted(names, key=game_key), game_key):
        in_game = list(group)
        box_scores = [name for name in in_game if not name.is_predicted]
        for predicted in (name for name in in_game if name.is_predicted):
            scored = [(similarity(predicted, box_score), box_score.player_lookup) for box_score in box_scores]
            best, box_score_player = max(scored, default=(0.0, ""))
            if best > 0:
                pairs.append(SimilarName(date, game, predicted.player_key, box_score_player))
    return pairs


def similarity(predicted: UnmatchedName, box_score: UnmatchedName) -> float:
    """The similarity of the names up to 1; 0 if they are not similar. Teams count if only the surnames are equal."""
    teams = {name.team_abbr.strip().upper() for name in (predicted, box_score) if name.team_abbr}
    known = predicted.team_abbr and box_score.team_abbr
    same_team = None if not known else len(teams) == 1
    return max(_similarity(predicted.player_key, key, same_team) for key in spellings(box_score.player_lookup))


@lru_cache(4096)
def spellings(name: str) -> tuple[str, ...]:
    """The folded name, and the folded variants: encoding repaired, transliterated, surname moved to the end."""
    return tuple(dict.fromkeys(player_key(variant) for variant in _variants(name)))


def _variants(name: str) -> Iterator[str]:
    from anyascii import anyascii

    unescaped = unquote(html.unescape(name))
    yield from (name, unescaped, anyascii(unescaped))
    surname, comma, first = unescaped.partition(",")
    if comma:
        yield f"{first} {surname}"
    for encoding in _ENCODINGS:  # UTF-8 that was read in another encoding
        try:
            yield unescaped.encode(encoding).decode()
        except UnicodeError:
            continue


def _similarity(one: str, other: str, same_team: bool | None) -> float:
    """The Levenshtein similarity, with or without suffixes; 0.8 for another order or a part; 0 if not similar."""
    from rapidfuzz.distance import Levenshtein

    plain = _SUFFIX.sub("", one), _SUFFIX.sub("", other)
    letters = max(Levenshtein.normalized_similarity(*pair) for pair in ((one, other), plain))
    if letters >= _SIMILAR_FROM:
        return letters
    if _is_rotation(one, other) or _is_part(one, other):
        return _SIMILAR_FROM
    return letters if _have_one_surname(one, other, same_team) else 0.0


def _is_rotation(one: str, other: str) -> bool:
    """`doncicluka` of `lukadoncic`."""
    return len(one) == len(other) and one in other + other


def _is_part(one: str, other: str) -> bool:
    """A name that was cut off or is damaged at its end, or a surname alone."""
    shorter, longer = sorted((one, other), key=len)
    beginning = _common_end(shorter[::-1], longer[::-1])
    return len(shorter) >= _SHORTEST_PART and (longer.endswith(shorter) or beginning >= _SAME_BEGINNING * len(shorter))


def _have_one_surname(one: str, other: str, same_team: bool | None) -> bool:
    """With one surname: an initial (`lball`), two first names with one initial, or, in one team, a nickname."""
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) > 3 and longer[0] == shorter[0] and longer.endswith(shorter[1:]):
        return True
    common = _common_end(one, other)
    if one[:1] == other[:1] and same_team is not False:
        return common >= _SHORTEST_SURNAME
    return bool(same_team) and common >= _SHORTEST_SURNAME_ALONE


def _common_end(one: str, other: str) -> int:
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((length for length, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
