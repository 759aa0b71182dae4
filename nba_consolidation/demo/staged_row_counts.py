"""Counts staged Arrow tables row by row: the key of every sound row, and the rule that each bad one breaks.

It uses numpy alone and none of the product's SQL, so that the product can be compared with it. The expected result of
the counted rows is computed in `expectation`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nba_consolidation.demo.arrow_columns import Floats, Ints
from nba_consolidation.demo.defects import Refusal
from nba_consolidation.demo.season import Delivery, Season
from nba_consolidation.demo.systems import SYSTEMS

_LATEST_SOUND = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
_RECOMMENDATIONS = pa.array(["OVER", "UNDER", "PASS", "HOLD", "NO_LINE", "NO_PREDICTION"])
_OVER, _UNDER = range(2)
OUTCOMES = ("correct", "wrong", "push", "passed", "voided")
# A business key as one exact number: date, game, player, system, line in half points (0 is NULL); the line comes last,
# so that the key without it is the activation key.
_GAME_BITS, _PLAYER_BITS, _SYSTEM_BITS, LINE_BITS = 16, 16, 4, 8
DATE_SHIFT = _GAME_BITS + _PLAYER_BITS + _SYSTEM_BITS + LINE_BITS


@dataclass(frozen=True)
class StagedRowCounts:
    """The staged rows: key, time and outcome of every sound row, and the rule that each other row breaks.

    outcomes: positions in OUTCOMES, of each row once its game is played.
    """

    season: Season
    keys: Ints
    created: Ints
    outcomes: Ints
    staged: Counter[dt.date]
    quarantined: Counter[tuple[dt.date, str]]
    tables: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def total(cls, season: Season, all_counts: Iterable[StagedRowCounts]) -> StagedRowCounts:
        """The sum of all the counts; zero without any."""
        parts = list(all_counts)
        nothing = np.empty(0, np.int64)
        return cls(
            season,
            keys=np.concatenate([nothing, *(part.keys for part in parts)]),
            created=np.concatenate([nothing, *(part.created for part in parts)]),
            outcomes=np.concatenate([nothing, *(part.outcomes for part in parts)]),
            staged=sum((part.staged for part in parts), Counter()),
            quarantined=sum((part.quarantined for part in parts), Counter()),
            tables=sum(part.tables for part in parts),
            refused={name: rows for part in parts for name, rows in part.refused.items()},
        )

    @classmethod
    def of(cls, delivery: Delivery, table: pa.Table) -> StagedRowCounts:
        """Counts one staging table, from its rows."""
        if delivery.refusal is not None:
            return cls._of_refused(delivery, table)
        season = delivery.season
        date_numbers = _date_numbers(table, season, home=min(delivery.game_dates))
        broken = _broken_rules(table, season)
        sound = np.ones(table.num_rows, np.bool_)
        sound[list(broken)] = False
        return cls(
            season,
            keys=_business_keys(table, season)[sound],
            created=_created(table)[sound],
            outcomes=_outcomes(table, date_numbers, season)[sound],
            staged=_count(date_numbers, season),
            quarantined=Counter((season.game_dates[date_numbers[row]], rule) for row, rule in broken.items()),
            tables=1,
        )

    @classmethod
    def _of_refused(cls, delivery: Delivery, table: pa.Table) -> StagedRowCounts:
        rows = 0 if delivery.refusal is Refusal.CORRUPT else table.num_rows
        nothing = np.empty(0, np.int64)
        return cls(delivery.season, nothing, nothing, nothing, Counter(), Counter(), refused={delivery.name: rows})


@dataclass(frozen=True)
class _Vocabulary:
    dates: pa.Array
    games: pa.Array
    players: pa.Array
    systems: pa.Array


@lru_cache(maxsize=4)
def _vocabulary(season: Season) -> _Vocabulary:
    return _Vocabulary(
        dates=pa.array(season.game_dates, pa.date32()),
        games=pa.array([game for date in season.game_dates for game in season.game_ids(date)]),
        players=pa.array(season.players),
        systems=pa.array(SYSTEMS),
    )


def _business_keys(table: pa.Table, season: Season) -> Ints:
    """The keys of the rows; those of bad rows mean nothing."""
    known = _vocabulary(season)
    half_points = np.nan_to_num(_floats(table, "current_points_line") * 2, nan=0).astype(np.int64)
    parts = (
        (_codes(table, "game_id", known.games), _GAME_BITS),
        (_codes(table, "player_lookup", known.players), _PLAYER_BITS),
        (_codes(table, "system_id", known.systems), _SYSTEM_BITS),
        (half_points, LINE_BITS),
    )
    keys = _codes(table, "game_date", known.dates)
    for codes, bits in parts:
        keys = (keys << bits) | codes
    return keys


def _broken_rules(table: pa.Table, season: Season) -> dict[int, str]:
    """The bad rows, each with the rule it breaks."""
    points, line = _floats(table, "predicted_points"), _floats(table, "current_points_line")
    tenths = np.abs(line * 10 - np.rint(line * 10)) < 1e-6
    latest = int(_LATEST_SOUND.timestamp()) * 1_000_000
    breaks = {
        "predicted_points|fits": np.isnan(points),
        "current_points_line|exact": ~np.isnan(line) & ~tenths,
        "game_date|known": _codes(table, "game_date", _vocabulary(season).dates) < 0,
        "player_lookup|present": pc.is_null(table["player_lookup"]).to_numpy(),
        "predicted_points|range": (points < 0) | (points > 80),
        "current_points_line|half_point": tenths & (np.abs(line * 2 - np.rint(line * 2)) > 1e-6),
        "recommendation|known": _codes(table, "recommendation", _RECOMMENDATIONS) < 0,
        "created_at|not_in_future": _created(table) > latest,
    }
    return {int(row): rule for rule, rows in breaks.items() for row in np.flatnonzero(rows)}


def _date_numbers(table: pa.Table, season: Season, home: dt.date) -> Ints:
    """The date that consolidates each row: its own, or the first of the table if that is unknown."""
    numbers = _codes(table, "game_date", _vocabulary(season).dates)
    return np.where(numbers < 0, season.game_dates.index(home), numbers)


def _count(date_numbers: Ints, season: Season) -> Counter[dt.date]:
    numbers, rows = np.unique(date_numbers, return_counts=True)
    return Counter({season.game_dates[number]: int(count) for number, count in zip(numbers, rows, strict=True)})


def _outcomes(table: pa.Table, date_numbers: Ints, season: Season) -> Ints:
    """The outcome of each row once its game is played, as a position in OUTCOMES; a later assignment overrides."""
    players = _codes(table, "player_lookup", _vocabulary(season).players)
    points = np.empty(len(players), np.int64)
    for number in np.unique(date_numbers):
        rows = date_numbers == number
        points[rows] = _points(season, int(number))[players[rows]]
    line, recommendations = _floats(table, "current_points_line"), _codes(table, "recommendation", _RECOMMENDATIONS)
    right = np.where(recommendations == _OVER, points > line, points < line)
    outcome = np.where(right, OUTCOMES.index("correct"), OUTCOMES.index("wrong"))
    outcome[points == line] = OUTCOMES.index("push")
    outcome[(recommendations != _OVER) & (recommendations != _UNDER)] = OUTCOMES.index("passed")
    outcome[points < 0] = OUTCOMES.index("voided")
    return outcome


@lru_cache(maxsize=4)
def _points(season: Season, number: int) -> Ints:
    """The points of every player of the league on the date with this number; -1 for one who did not play."""
    scores = season.box_scores(season.game_dates[number])
    points = np.full(len(season.players), -1, np.int64)
    points[_codes(scores, "player_lookup", _vocabulary(season).players)] = scores["points"].to_numpy()
    return points


def _codes(table: pa.Table, column: str, values: pa.Array) -> Ints:
    """The position of each value among `values`; -1 for another one, and for NULL."""
    positions: Ints = pc.fill_null(pc.index_in(table[column], value_set=values), -1).to_numpy().astype(np.int64)
    return positions


def _floats(table: pa.Table, column: str) -> Floats:
    """The column as numbers; NULL is NaN."""
    numbers: Floats = pc.fill_null(table[column].cast(pa.float64()), float("nan")).to_numpy()
    return numbers


def _created(table: pa.Table) -> Ints:
    """When each row was made, in microseconds since 1970."""
    created: Ints = table["created_at"].cast(pa.int64()).to_numpy()
    return created
