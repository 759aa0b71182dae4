"""The demo season: who plays when, what is true, what the workers predict, and how they deliver it.

Everything follows from the seed, so any process can build any delivery. Nothing is written or counted here (that is
`stager`), and the players are made up. It is one file of more than 300 lines because it is one invented world.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nba_consolidation.tables import PREDICTIONS
from nba_consolidation.warehouse import naming
from nba_consolidation.warehouse.arrow import arrow_type

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# fmt: off
TEAMS = (
    "ATL", "BOS", "BKN", "CHA", "CHI", "CLE", "DAL", "DEN", "DET", "GSW", "HOU", "IND", "LAC", "LAL", "MEM",
    "MIA", "MIL", "MIN", "NOP", "NYK", "OKC", "ORL", "PHI", "PHX", "POR", "SAC", "SAS", "TOR", "UTA", "WAS",
)
_FIRST_NAMES = (
    "dario", "kelvon", "tremel", "oskari", "jabriel", "lonzell", "mateus", "averel", "corvin", "deshaun", "emeric",
    "fabrice", "gionni", "hollis", "idris", "jorvan", "kasimir", "lucian", "marquel", "nevin", "octave", "percell",
    "quillan", "rasheem",
)
_SURNAME_HEADS = (
    "ash", "bram", "carn", "dun", "elm", "fair", "glen", "hart", "ink", "kirk", "lock", "mar", "nor", "oak", "pres",
    "wex",
)
_SURNAME_TAILS = ("bury", "dale", "field", "ford", "gate", "holm", "stead", "worth")
# fmt: on
SYSTEMS = (
    "moving_average",
    "zone_matchup_v1",
    "similarity_balanced_v1",
    "xgboost_v1",
    "ensemble_v1",
    "catboost_v9",
)
PERCENT_SYSTEM = "similarity_balanced_v1"
"""The one system that stores its confidence as 0..100; the others store 0..1."""

_TYPES = {column.name: arrow_type(column.type) for column in PREDICTIONS.columns}
_MODEL_VERSIONS = ("v1.4", "v1.2", "v1.7", "v1.9", "v1.3", "v9.0")
# Per system: how much of what the market does not know it sees, its own noise in points, and how sure it makes itself.
_INSIGHT = np.array([0.0, 0.2, 0.3, 0.5, 0.55, 0.8])
_NOISE = np.array([2.2, 2.0, 1.9, 1.8, 1.6, 1.5])
_SELF_ASSURANCE = np.array([0.02, 0.015, 0.012, 0.018, 0.014, 0.025])
_PASS_BELOW = 7  # tenths of a point between prediction and line

_GAMES_BY_WEEKDAY = (8, 6, 11, 4, 11, 8, 7)
_DAYS_OFF = frozenset({(11, 27), (12, 24), *((2, day) for day in range(13, 19))})

_BOOKS = ("DRAFTKINGS", "FANDUEL", "BETMGM", "CAESARS")
_RECOMMENDATIONS = ("OVER", "UNDER", "PASS", "HOLD", "NO_LINE")
_OVER, _UNDER, _PASS, _HOLD, _NO_LINE = range(5)
_INJURIES = ("OUT", "DOUBTFUL", "QUESTIONABLE", "PROBABLE")
_INJURY_REASONS = ("knee soreness", "ankle sprain", "illness", "rest")
_FAR_FUTURE = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


class _Stream(IntEnum):
    """Independent random streams of one seed."""

    ROSTER = 1
    SCHEDULE = 2
    TRUTH = 3
    SLATE = 4
    PLAN = 5


class Batch(IntEnum):
    """The batches of a day. LATE is the rare one whose single worker predicts the next date as well."""

    MORNING = 0
    EVENING = 1
    LATE = 2


_STARTS_AT = {Batch.MORNING: dt.time(12), Batch.EVENING: dt.time(22), Batch.LATE: dt.time(23, 30)}
_RUN_MODES = {Batch.MORNING: "early", Batch.EVENING: "pre_game", Batch.LATE: "overnight"}


class Shape(StrEnum):
    """How a worker's table differs from the schema."""

    CURRENT = "current"
    OLDER = "older"
    FLOATS = "floats"
    WHOLE_POINTS = "whole_points"


_SHAPE_SHARES = (0.82, 0.08, 0.06, 0.04)
_OLDER_LACKS = (
    "injury_reason_at_prediction",
    "injury_checked_at",
    "similar_games_count",
    "universal_player_id",
    "was_line_fallback",
)
_STORED_AS_FLOAT = ("predicted_points", "confidence_score", "current_points_line", "line_margin")


class Refusal(StrEnum):
    """Why a delivery must be refused as a whole."""

    CORRUPT = "corrupt"
    UNKNOWN_COLUMN = "unknown_column"


@dataclass(frozen=True)
class Defect:
    """One kind of bad row: the value that is wrong, and the rule (`column|rule`) that must catch it."""

    column: str
    value: object
    broken_rule: str
    needs_floats: bool = False


DEFECTS = (
    Defect("predicted_points", float("nan"), "predicted_points|fits", needs_floats=True),
    Defect("current_points_line", 20.25, "current_points_line|exact", needs_floats=True),
    Defect("created_at", _FAR_FUTURE, "created_at|not_in_future"),
    Defect("player_lookup", None, "player_lookup|present"),
    Defect("predicted_points", 99.0, "predicted_points|range"),
    Defect("game_date", dt.date(1900, 1, 1), "game_date|known"),
    Defect("current_points_line", 20.3, "current_points_line|half_point"),
    Defect("recommendation", "MAYBE", "recommendation|known"),
)
"""Bad row number i of a season has defect i modulo their number."""


@dataclass(frozen=True)
class Season:
    """A season, by its seed and size. The default has about a million staged rows; nothing is built until asked for."""

    seed: int = 2025
    first_date: dt.date = dt.date(2025, 10, 21)
    dates: int = 170
    max_games: int = 13
    players_per_team: int = 13
    workers: int = 3
    max_lines: int = 4
    bad_rows: int = 48
    refused_tables: bool = False

    def __post_init__(self) -> None:
        sizes = (self.dates, self.max_games, self.players_per_team, self.workers, self.max_lines)
        if min(sizes) < 1 or self.bad_rows < 0:
            raise ValueError(f"a season needs at least one of everything, and no negative number of bad rows: {self}")
        if self.max_games > len(TEAMS) // 2 or self.players_per_team > 100 or self.max_lines > 20:
            raise ValueError(f"at most {len(TEAMS) // 2} games, 100 players a team and 20 lines a player: {self}")
        if self.workers > 2 * self.players_per_team:
            raise ValueError(f"{self.workers} workers cannot share {2 * self.players_per_team} players of one game")

    @property
    def game_dates(self) -> tuple[dt.date, ...]:
        """The dates with games, in order."""
        return _game_dates(self.first_date, self.dates)

    @property
    def players(self) -> tuple[str, ...]:
        """Every `player_lookup`, team by team."""
        return _roster(self).names

    def game_ids(self, date: dt.date) -> tuple[str, ...]:
        """The games of one date."""
        return _truth(self, self.game_dates.index(date)).game_ids

    def deliveries(self) -> Iterator[Delivery]:
        """Every staging table, in the order of batches. Cheap: no row is made before `build`."""
        for number in range(self.dates):
            yield from _deliveries_of(self, number)

    def box_scores(self, date: dt.date) -> pa.Table:
        """`player_game_summary` of one date: no row for a player who did not play."""
        return _box_scores(_truth(self, self.game_dates.index(date)))


@dataclass(frozen=True)
class Share:
    """What one worker does of one batch, for one game date."""

    date_number: int
    batch: Batch
    worker: int


@dataclass(frozen=True)
class Delivery:
    """One staging table, not built yet. It pickles small, so that another process can build it."""

    season: Season
    name: str
    shares: tuple[Share, ...]
    started_at: dt.datetime
    shape: Shape = Shape.CURRENT
    bad_rows: tuple[int, ...] = ()
    redelivered: bool = False
    refusal: Refusal | None = None

    @property
    def game_dates(self) -> tuple[dt.date, ...]:
        """The dates whose games it predicts; one, but for the late worker."""
        return tuple(self.season.game_dates[share.date_number] for share in self.shares)

    def build(self) -> pa.Table:
        """The rows as the worker stages them."""
        random = np.random.default_rng([self.season.seed, *self.name.encode()])
        good = pa.concat_tables([_predictions(self, share, random) for share in self.shares])
        table = _reshaped(good, self.shape)
        if self.refusal is Refusal.UNKNOWN_COLUMN:
            return table.append_column("hype_score", pa.array(random.random(table.num_rows)))
        return pa.concat_tables([table, *(_bad_row(table, number) for number in self.bad_rows)])


# ---- who delivers what


def _deliveries_of(season: Season, number: int) -> Iterator[Delivery]:
    for batch in (Batch.MORNING, Batch.EVENING):
        for worker in range(season.workers):
            yield from _worker_deliveries(season, Share(number, batch, worker))
    if number == season.dates // 2 - 1:
        shares = (Share(number, Batch.LATE, 0), Share(number + 1, Batch.LATE, 0))
        yield _delivery(season, shares, "late_worker_0")
    if season.refused_tables and number == min(3, season.dates - 1):
        yield _delivery(season, (Share(number, Batch.MORNING, 0),), "crashed_worker_0", refusal=Refusal.CORRUPT)
        yield _delivery(season, (Share(number, Batch.EVENING, 0),), "canary_0", refusal=Refusal.UNKNOWN_COLUMN)


def _worker_deliveries(season: Season, share: Share) -> Iterator[Delivery]:
    """A worker's table and, now and then, the same rows again: a retry that nobody needed."""
    random = _random(season, _Stream.PLAN, share.date_number, share.batch, share.worker)
    shape = list(Shape)[random.choice(len(Shape), p=_SHAPE_SHARES)]
    bad_rows = _bad_rows_of(season, share)
    if any(DEFECTS[row % len(DEFECTS)].needs_floats for row in bad_rows):
        shape = Shape.FLOATS
    elif bad_rows and shape is Shape.WHOLE_POINTS:
        shape = Shape.CURRENT
    yield _delivery(season, (share,), f"worker_{share.worker}", shape=shape, bad_rows=bad_rows)
    if random.random() < 0.08 and not bad_rows:
        yield _delivery(season, (share,), f"worker_{share.worker}r", shape=shape, redelivered=True)


def _delivery(
    season: Season,
    shares: tuple[Share, ...],
    worker_id: str,
    *,
    shape: Shape = Shape.CURRENT,
    bad_rows: tuple[int, ...] = (),
    redelivered: bool = False,
    refusal: Refusal | None = None,
) -> Delivery:
    batch_id, started_at = _batch(season, shares[0])
    name = naming.staging_table_name(batch_id, worker_id)
    return Delivery(season, name, shares, started_at, shape, bad_rows, redelivered, refusal)


def _batch(season: Season, share: Share) -> tuple[str, dt.datetime]:
    random = _random(season, _Stream.PLAN, share.date_number, share.batch)
    prefix = "regen_" if random.random() < 0.06 else ""
    delay = dt.timedelta(seconds=int(random.integers(0, 900)), microseconds=int(random.integers(0, 1_000_000)))
    date = season.game_dates[share.date_number]
    started_at = dt.datetime.combine(date, _STARTS_AT[share.batch], dt.UTC) + delay
    return f"{prefix}{started_at:%Y%m%d_%H%M%S_%f}", started_at


def _bad_rows_of(season: Season, share: Share) -> tuple[int, ...]:
    """The season's bad rows, spread evenly over its workers' tables."""
    tables = season.dates * 2 * season.workers
    table = (share.date_number * 2 + share.batch) * season.workers + share.worker
    first = -(-table * season.bad_rows // tables)
    end = -(-(table + 1) * season.bad_rows // tables)
    return tuple(range(first, end))


# ---- what is true


@dataclass(frozen=True)
class _Roster:
    names: tuple[str, ...]
    mean_points: Floats
    mean_minutes: Floats


@dataclass(frozen=True)
class _Truth:
    """One date: a row per player of its games; `predicted` has a column per system."""

    date: dt.date
    game_ids: tuple[str, ...]
    game: Ints
    player: Ints
    names: pa.Array
    team: Ints
    opponent: Ints
    injury: Ints
    market_half_points: Ints
    has_line: Bools
    predicted: Floats
    actual: Ints
    tenths_of_minutes: Ints
    played: Bools


def _random(season: Season, *stream: int) -> np.random.Generator:
    return np.random.default_rng([season.seed, *(int(part) for part in stream)])


@lru_cache(maxsize=8)
def _game_dates(first: dt.date, count: int) -> tuple[dt.date, ...]:
    days = (first + dt.timedelta(days=day) for day in range(count + 16 * (count // 300 + 1)))
    return tuple(day for day in days if (day.month, day.day) not in _DAYS_OFF)[:count]


@lru_cache(maxsize=8)
def _roster(season: Season) -> _Roster:
    random = _random(season, _Stream.ROSTER)
    names = np.array(
        [first + head + tail for first in _FIRST_NAMES for head in _SURNAME_HEADS for tail in _SURNAME_TAILS]
    )
    count = len(TEAMS) * season.players_per_team
    chosen = random.choice(names, count, replace=False)
    suffixes = random.choice(["", "jr", "iii"], count, p=[0.94, 0.04, 0.02])
    rank = np.tile(np.arange(season.players_per_team) * 13 / season.players_per_team, len(TEAMS))
    return _Roster(
        names=tuple(str(name) + str(suffix) for name, suffix in zip(chosen, suffixes, strict=True)),
        mean_points=np.clip(26 * np.exp(-0.13 * rank) + random.normal(0, 1.5, count), 4, 34),
        mean_minutes=np.clip(35 - 2 * rank + random.normal(0, 1.5, count), 6, 38),
    )


def _games(season: Season, number: int) -> Ints:
    """Pairs of teams, away and home."""
    random = _random(season, _Stream.SCHEDULE, number)
    usual = _GAMES_BY_WEEKDAY[season.game_dates[number].weekday()]
    count = int(np.clip(usual + random.integers(-3, 4), 1, season.max_games))
    return random.permutation(len(TEAMS))[: 2 * count].reshape(count, 2)


@lru_cache(maxsize=4)
def _truth(season: Season, number: int) -> _Truth:
    random = _random(season, _Stream.TRUTH, number)
    roster, games, date = _roster(season), _games(season, number), season.game_dates[number]
    size = season.players_per_team
    player = (games.reshape(-1, 1) * size + np.arange(size)).ravel()
    count = len(player)
    form = random.normal(0, 1.3, count)
    known = np.maximum(roster.mean_points[player] + np.repeat(random.normal(0, 0.8, games.size), size), 2.5)
    market = known + 0.5 * form + random.normal(0, 0.6, count)
    unknown_to_market = known + form - market
    predicted = market[:, None] + unknown_to_market[:, None] * _INSIGHT + random.normal(0, _NOISE, (count, 6))
    actual = known + form + random.normal(0, 2.5 + 0.28 * known)
    injury = np.where(random.random(count) < 0.1, random.integers(0, len(_INJURIES), count), -1)
    minutes = np.clip(roster.mean_minutes[player] + random.normal(0, 4, count), 1, 48)
    return _Truth(
        date=date,
        game_ids=tuple(f"{date:%Y%m%d}_{TEAMS[away]}_{TEAMS[home]}" for away, home in games),
        game=np.repeat(np.arange(len(games)), 2 * size),
        player=player,
        names=pa.array([roster.names[index] for index in player]),
        team=np.repeat(games.ravel(), size),
        opponent=np.repeat(games[:, ::-1].ravel(), size),
        injury=injury,
        market_half_points=np.clip(np.rint(market * 2), season.max_lines // 2 + 2, 120).astype(np.int64),
        has_line=random.random(count) < 0.92,
        predicted=predicted,
        actual=np.maximum(np.rint(actual), 0).astype(np.int64),
        tenths_of_minutes=np.rint(minutes * 10).astype(np.int64),
        played=(random.random(count) < 0.96) & (injury != 0),
    )


def _box_scores(truth: _Truth) -> pa.Table:
    rows = np.flatnonzero(truth.played)
    return pa.table(
        {
            "player_lookup": truth.names.take(pa.array(rows)),
            "game_id": _strings(truth.game_ids, truth.game[rows]),
            "game_date": _dates(truth.date, len(rows)),
            "team_abbr": _strings(TEAMS, truth.team[rows]),
            "opponent_team_abbr": _strings(TEAMS, truth.opponent[rows]),
            "points": pa.array(truth.actual[rows]),
            "minutes_played": _decimal(truth.tenths_of_minutes[rows], pa.decimal128(5, 1)),
        }
    )


# ---- what is predicted


@dataclass(frozen=True)
class _Slate:
    """The predictions of one batch for one date; `half_points` 0 is no line, `player` is a row of the truth."""

    player: Ints
    system: Ints
    book: Ints
    half_points: Ints
    tenths: Ints
    confidence: Floats

    def of_worker(self, worker: int, workers: int) -> _Slate:
        rows = np.flatnonzero(self.player % workers == worker)
        parts = (self.player, self.system, self.book, self.half_points, self.tenths)
        player, system, book, half_points, tenths = (part[rows] for part in parts)
        return _Slate(player, system, book, half_points, tenths, self.confidence[rows])

    @property
    def margin(self) -> Ints:
        """Prediction minus line, in tenths; meaningless without a line."""
        return self.tenths - self.half_points * 5


@lru_cache(maxsize=4)
def _slate(season: Season, number: int, batch: Batch) -> _Slate:
    random = _random(season, _Stream.SLATE, number, batch)
    truth = _truth(season, number)
    player, book, half_points = _lines(season, truth, batch, random)
    count, systems = len(player), len(SYSTEMS)
    system = np.tile(np.arange(systems), count)
    player, book, half_points = (np.repeat(part, systems) for part in (player, book, half_points))
    revised = truth.predicted + (random.normal(0, 0.3, truth.predicted.shape) if batch else 0)
    tenths = np.clip(np.rint(revised * 10), 0, 600).astype(np.int64)[player, system]
    edge = np.where(half_points > 0, np.abs(tenths / 10 - half_points / 2), 0)
    sure = np.clip(0.5 + _SELF_ASSURANCE[system] * edge + random.normal(0, 0.02, len(edge)), 0.05, 0.97)
    return _Slate(player, system, book, half_points, tenths, sure)


def _lines(season: Season, truth: _Truth, batch: Batch, random: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Player, book and line, for every line offered: several for most, none (one row, line 0) for some.

    The morning has the opening lines; later some have moved by half a point, and some were taken away.
    """
    count = len(truth.player)
    offered = truth.has_line & (random.random(count) >= (0.05 if batch else 0))
    lines = np.where(offered, 1 + np.floor(season.max_lines * random.random(count) ** 1.2).astype(np.int64), 1)
    moved = np.where(random.random(count) < (0.45 if batch else 0), random.choice([-1, 1], count), 0)
    player = np.repeat(np.arange(count), lines)
    nth = np.arange(len(player)) - np.repeat(np.cumsum(lines) - lines, lines)
    offset = (nth + 1) // 2 * np.where((nth + player) % 2, 1, -1)
    half_points = np.where(offered[player], (truth.market_half_points + moved)[player] + offset, 0)
    return player, nth % len(_BOOKS), half_points


# ---- what is staged


def _predictions(delivery: Delivery, share: Share, random: np.random.Generator) -> pa.Table:
    season = delivery.season
    slate = _slate(season, share.date_number, share.batch).of_worker(share.worker, season.workers)
    if delivery.shape is Shape.WHOLE_POINTS:
        slate = replace(slate, tenths=(slate.tenths + 5) // 10 * 10)
    truth = _truth(season, share.date_number)
    columns = {
        **_who_columns(truth, slate, random),
        **_line_columns(truth, slate),
        **_verdict_columns(truth, slate, share),
        **_context_columns(truth, slate),
        **_time_columns(delivery, share, slate),
    }
    return pa.table({name: columns[name] for name in _TYPES if name in columns})


def _who_columns(truth: _Truth, slate: _Slate, random: np.random.Generator) -> dict[str, pa.Array]:
    rows = slate.player
    return {
        "prediction_id": _uuids(len(rows), random),
        "system_id": _strings(SYSTEMS, slate.system),
        "player_lookup": truth.names.take(pa.array(rows)),
        "universal_player_id": _strings([f"{name}_001" for name in truth.names.to_pylist()], rows),
        "game_date": _dates(truth.date, len(rows)),
        "game_id": _strings(truth.game_ids, truth.game[rows]),
        "team_abbr": _strings(TEAMS, truth.team[rows]),
        "opponent_team_abbr": _strings(TEAMS, truth.opponent[rows]),
        "prediction_version": pa.array(np.ones(len(rows), np.int64)),
    }


def _line_columns(truth: _Truth, slate: _Slate) -> dict[str, pa.Array]:
    none = slate.half_points == 0
    second_choice = slate.book == 3
    return {
        "has_prop_line": pa.array(~none),
        "current_points_line": _decimal(slate.half_points * 5, _TYPES["current_points_line"], none),
        "line_margin": _decimal(slate.margin * 10, _TYPES["line_margin"], none),
        "line_source": _strings(("ACTUAL_PROP", "NO_PROP_LINE"), none.astype(np.int64)),
        "line_source_api": _strings(("ODDS_API", "BETTINGPROS"), second_choice.astype(np.int64), none),
        "sportsbook": _strings(_BOOKS, slate.book, none),
        "was_line_fallback": pa.array(second_choice),
        "estimated_line_value": _decimal(
            truth.market_half_points[slate.player] * 5, _TYPES["estimated_line_value"], ~none
        ),
        "estimation_method": _strings(("season_average",), np.zeros_like(slate.book), ~none),
    }


def _verdict_columns(truth: _Truth, slate: _Slate, share: Share) -> dict[str, pa.Array]:
    verdict = np.where(slate.margin > 0, _OVER, _UNDER)
    verdict[np.abs(slate.margin) < _PASS_BELOW] = _PASS
    verdict[(truth.injury[slate.player] == 1)] = _HOLD
    verdict[slate.half_points == 0] = _NO_LINE
    bet = verdict <= _UNDER
    actionable = bet & (slate.confidence >= 0.53)
    percent = slate.system == SYSTEMS.index(PERCENT_SYSTEM)
    confidence = np.rint(slate.confidence * np.where(percent, 1_000_000, 10_000)).astype(np.int64)
    everyone = np.zeros_like(verdict)
    return {
        "predicted_points": _decimal(slate.tenths, _TYPES["predicted_points"]),
        "confidence_score": _decimal(confidence, _TYPES["confidence_score"]),
        "recommendation": _strings(_RECOMMENDATIONS, verdict),
        "model_version": _strings(_MODEL_VERSIONS, slate.system),
        "prediction_run_mode": _strings((_RUN_MODES[share.batch],), everyone),
        "is_active": pa.array(everyone == 0),
        "is_actionable": pa.array(actionable),
        "filter_reason": _strings(("low_confidence",), everyone, actionable | ~bet),
    }


def _context_columns(truth: _Truth, slate: _Slate) -> dict[str, pa.Array]:
    rows = slate.player
    injury, game, player = truth.injury[rows], truth.game[rows], truth.player[rows]
    healthy = injury < 0
    return {
        "injury_status_at_prediction": _strings(_INJURIES, injury, healthy),
        "injury_flag_at_prediction": pa.array(~healthy),
        "injury_reason_at_prediction": _strings(_INJURY_REASONS, player % len(_INJURY_REASONS), healthy),
        "prediction_made_before_game": pa.array(np.ones(len(rows), np.bool_)),
        "feature_quality_score": pa.array(65 + (player * 7 + slate.system * 3) % 36 + 0.5),
        "pace_adjustment": _decimal((game * 37) % 240 - 120, _TYPES["pace_adjustment"]),
        "referee_adjustment": _decimal((game * 53) % 120 - 60, _TYPES["referee_adjustment"]),
        "similar_games_count": pa.array(8 + (player + slate.system) % 33),
    }


def _time_columns(delivery: Delivery, share: Share, slate: _Slate) -> dict[str, pa.Array]:
    """A row every millisecond and a half, the next worker a little later; a redelivery 0.392 s after the delivery."""
    started = _micros(delivery.started_at) + 250_000 + 137_000 * share.worker + 392_000 * delivery.redelivered
    created = started + 1_500 * np.arange(len(slate.player))
    if share.date_number != delivery.shares[0].date_number:
        created += 20_000_000
    return {
        "injury_checked_at": _times(np.full(len(created), started - 60_000_000)),
        "predicted_at": _times(created - 40_000),
        "created_at": _times(created),
        "updated_at": pa.nulls(len(created), _TYPES["updated_at"]),
    }


def _reshaped(table: pa.Table, shape: Shape) -> pa.Table:
    if shape is Shape.OLDER:
        return table.drop_columns(list(_OLDER_LACKS))
    kinds = {
        Shape.FLOATS: dict.fromkeys(_STORED_AS_FLOAT, pa.float64()),
        Shape.WHOLE_POINTS: {"predicted_points": pa.int64()},
    }.get(shape, {})
    fields = [field.with_type(kinds.get(field.name, field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def _bad_row(table: pa.Table, number: int) -> pa.Table:
    """A good row over again, with an id of its own and one wrong value."""
    row = table.slice(number % table.num_rows, 1)
    defect = DEFECTS[number % len(DEFECTS)]
    row = _with_value(row, "prediction_id", f"bad-{number:04d}{row['prediction_id'][0].as_py()[8:]}")
    return _with_value(row, defect.column, defect.value)


def _with_value(row: pa.Table, column: str, value: object) -> pa.Table:
    index = row.schema.get_field_index(column)
    field = row.schema.field(index)
    return row.set_column(index, field, pa.array([value]).cast(field.type))


# ---- Arrow arrays, without a Python object per row


def _decimal(units: Ints, kind: pa.DataType, null: Bools | None = None) -> pa.Array:
    """Exact decimals from whole units of the type's scale: two little-endian words each, the second is the sign."""
    words = np.empty((len(units), 2), np.int64)
    words[:, 0] = units
    words[:, 1] = units >> 63
    validity = None if null is None else pa.py_buffer(np.packbits(~null, bitorder="little"))
    return pa.Array.from_buffers(kind, len(units), [validity, pa.py_buffer(words)])


def _strings(values: Sequence[str], codes: Ints, null: Bools | None = None) -> pa.Array:
    return pa.array(values, pa.string()).take(pa.array(codes, mask=null))


def _dates(date: dt.date, count: int) -> pa.Array:
    days = (date - dt.date(1970, 1, 1)).days
    return pa.array(np.full(count, days, np.int32)).view(pa.date32())


def _times(micros: Ints) -> pa.Array:
    return pa.array(micros).view(pa.timestamp("us", tz="UTC"))


def _micros(moment: dt.datetime) -> int:
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_DASHES = (8, 13, 18, 23)
_DIGITS = np.array([place for place in range(36) if place not in _DASHES])


def _uuids(count: int, random: np.random.Generator) -> pa.Array:
    text = np.full((count, 36), ord("-"), np.uint8)
    text[:, _DIGITS] = _HEX[random.integers(0, 16, (count, 32), np.uint8)]
    text[:, 14] = ord("4")
    offsets = 36 * np.arange(count + 1, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(text)])
