"""Stages the demo season from several real processes, and counts what must come out of it.

The counting sees the staged Arrow tables and uses numpy alone, none of the product's SQL, so that it can be held
against the product. What the season holds is in `season`; nothing is consolidated here.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from nba_consolidation.demo.season import SYSTEMS, Delivery, Refusal, Season
from nba_consolidation.warehouse.parquet_staging import ParquetStaging

_Ints = npt.NDArray[np.int64]
_TABLES_AT_ONCE = 24
_LATEST_SOUND = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
_RECOMMENDATIONS = pa.array(["OVER", "UNDER", "PASS", "HOLD", "NO_LINE", "NO_PREDICTION"])
# A business key as one exact number: date, game, player, system, line in half points (0 is NULL); the line comes last,
# so that the key without it is the activation key.
_GAME_BITS, _PLAYER_BITS, _SYSTEM_BITS, _LINE_BITS = 16, 16, 4, 8
_DATE_SHIFT = _GAME_BITS + _PLAYER_BITS + _SYSTEM_BITS + _LINE_BITS


@dataclass(frozen=True)
class Tally:
    """What was staged: of every sound row its key and time, of the others the rule they break. Tallies add up."""

    season: Season
    keys: _Ints
    created: _Ints
    staged: Counter[dt.date]
    quarantined: Counter[tuple[dt.date, str]]
    tables: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def total(cls, season: Season, tallies: Iterable[Tally]) -> Tally:
        """All of them in one; of none, an empty one."""
        parts = list(tallies)
        nothing = np.empty(0, np.int64)
        return cls(
            season,
            keys=np.concatenate([nothing, *(part.keys for part in parts)]),
            created=np.concatenate([nothing, *(part.created for part in parts)]),
            staged=sum((part.staged for part in parts), Counter()),
            quarantined=sum((part.quarantined for part in parts), Counter()),
            tables=sum(part.tables for part in parts),
            refused={name: rows for part in parts for name, rows in part.refused.items()},
        )

    @classmethod
    def of(cls, delivery: Delivery, table: pa.Table) -> Tally:
        """Counts one staging table, from its rows."""
        season, home = delivery.season, min(delivery.game_dates)
        if delivery.refusal is not None:
            rows = 0 if delivery.refusal is Refusal.CORRUPT else table.num_rows
            nothing = np.empty(0, np.int64)
            return cls(season, nothing, nothing, Counter(), Counter(), refused={delivery.name: rows})
        date_numbers = _date_numbers(table, season, home)
        broken = _broken_rules(table, season)
        sound = np.ones(table.num_rows, np.bool_)
        sound[list(broken)] = False
        return cls(
            season,
            keys=_business_keys(table, season)[sound],
            created=_micros(table)[sound],
            staged=_count(date_numbers, season),
            quarantined=Counter((season.game_dates[date_numbers[row]], rule) for row, rule in broken.items()),
            tables=1,
        )


@dataclass(frozen=True)
class Figures:
    """What must be found: rows by what becomes of them.

    `newest_micros` adds up, over the consolidated rows, the newest `created_at` of the key in microseconds since 1970
    (it stands in `version_created_at`): it tells a wrong winner from the right one.
    """

    staged: int
    consolidated: int
    active: int
    quarantined: int
    newest_micros: int

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.staged + other.staged,
            self.consolidated + other.consolidated,
            self.active + other.active,
            self.quarantined + other.quarantined,
            self.newest_micros + other.newest_micros,
        )


@dataclass(frozen=True)
class Expectation:
    """What must come out once everything staged is consolidated.

    `broken_rules` counts quarantined rows by `column|rule`; `refused` has the rows of tables that nobody can take (0
    where not even that can be known), which are in no other figure.
    """

    by_date: Mapping[dt.date, Figures]
    broken_rules: Mapping[str, int]
    tables: int
    refused: Mapping[str, int]

    @property
    def total(self) -> Figures:
        """All dates together."""
        return sum(self.by_date.values(), Figures(0, 0, 0, 0, 0))

    @classmethod
    def of(cls, tally: Tally) -> Expectation:
        """Counts keys: the newest row of each is consolidated, and one of each game, player and system is active."""
        consolidated, active, micros = _distinct(tally)
        quarantined: Counter[dt.date] = Counter()
        broken_rules: Counter[str] = Counter()
        for (date, rule), rows in tally.quarantined.items():
            quarantined[date] += rows
            broken_rules[rule] += rows
        by_date = {
            date: Figures(tally.staged[date], consolidated[n], active[n], quarantined[date], micros[n])
            for n, date in enumerate(tally.season.game_dates)
            if tally.staged[date]
        }
        return cls(by_date, dict(broken_rules), tally.tables, tally.refused)


@dataclass(frozen=True)
class Progress:
    """How far the staging is."""

    tables: int
    of_tables: int
    rows: int


def stage_season(
    season: Season,
    staging_area: ParquetStaging,
    processes: int,
    on_progress: Callable[[Progress], None] = lambda _: None,
    deliveries: Sequence[Delivery] | None = None,
) -> Expectation:
    """Stages all deliveries of the season, or those given, and returns what must come out of them.

    The processes are spawned, as workers on other machines would be; nothing is shared with them but the folder.
    A delivery that is staged again replaces its own table.
    """
    wanted = list(season.deliveries()) if deliveries is None else list(deliveries)
    done, rows, tallies = 0, 0, []
    for tables, tally in _staged(season, wanted, staging_area, processes):
        done += tables
        rows += tally.staged.total() + sum(tally.refused.values())
        tallies.append(tally)
        on_progress(Progress(done, len(wanted), rows))
    return Expectation.of(Tally.total(season, tallies))


def expectation(season: Season) -> Expectation:
    """What must come out of the whole season, without staging it."""
    tallies = (Tally.of(delivery, delivery.build()) for delivery in season.deliveries())
    return Expectation.of(Tally.total(season, tallies))


def _staged(
    season: Season, deliveries: Sequence[Delivery], staging_area: ParquetStaging, processes: int
) -> Iterator[tuple[int, Tally]]:
    """Number of tables and tally of every portion, as it is done."""
    portions = [deliveries[first : first + _TABLES_AT_ONCE] for first in range(0, len(deliveries), _TABLES_AT_ONCE)]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(stage, season, portion, staging_area): len(portion) for portion in portions}
        try:
            for future in as_completed(running):
                yield running[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def stage(season: Season, deliveries: Sequence[Delivery], staging_area: ParquetStaging) -> Tally:
    """Builds and writes these deliveries in this process."""
    return Tally.total(season, (_stage_one(delivery, staging_area) for delivery in deliveries))


def _stage_one(delivery: Delivery, staging_area: ParquetStaging) -> Tally:
    table = delivery.build()
    staging_area.write(delivery.name, table)
    if delivery.refusal is Refusal.CORRUPT:
        _tear(staging_area, delivery.name)
    return Tally.of(delivery, table)


def _tear(staging_area: ParquetStaging, name: str) -> None:
    """Half of the file is left, as by a worker that has no atomic writer and was killed."""
    path = staging_area.path_of(name)
    torn = path.with_name(f".{name[:80]}.torn.tmp")
    try:
        torn.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        torn.rename(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            torn.unlink()


def _distinct(tally: Tally) -> tuple[list[int], list[int], list[int]]:
    """Per date: business keys, activation keys, and the sum of the keys' newest `created_at` in microseconds."""
    order = np.lexsort((tally.created, tally.keys))
    keys, created = tally.keys[order], tally.created[order]
    last = np.ones(len(keys), np.bool_)
    last[:-1] = keys[1:] != keys[:-1]
    dates = len(tally.season.game_dates)
    of_date, winners = keys[last] >> _DATE_SHIFT, created[last]
    active = np.unique(keys >> _LINE_BITS) >> (_DATE_SHIFT - _LINE_BITS)
    bounds = np.searchsorted(of_date, np.arange(dates + 1))
    micros = [sum(winners[bounds[n] : bounds[n + 1]].tolist()) for n in range(dates)]  # may exceed 64 bits
    return np.bincount(of_date, minlength=dates).tolist(), np.bincount(active, minlength=dates).tolist(), micros


def _business_keys(table: pa.Table, season: Season) -> _Ints:
    """The keys of the sound rows; what comes out for the others means nothing."""
    known = _vocabulary(season)
    half_points = np.nan_to_num(_floats(table, "current_points_line") * 2, nan=0).astype(np.int64)
    parts = (
        (_codes(table, "game_id", known.games), _GAME_BITS),
        (_codes(table, "player_lookup", known.players), _PLAYER_BITS),
        (_codes(table, "system_id", known.systems), _SYSTEM_BITS),
        (half_points, _LINE_BITS),
    )
    keys = _codes(table, "game_date", known.dates)
    for codes, bits in parts:
        keys = (keys << bits) | codes
    return keys


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
        "created_at|not_in_future": _micros(table) > latest,
    }
    return {int(row): rule for rule, rows in breaks.items() for row in np.flatnonzero(rows)}


def _date_numbers(table: pa.Table, season: Season, home: dt.date) -> _Ints:
    """Per row, which date of the season consolidates it: its own, or the table's first where that is not known."""
    numbers = _codes(table, "game_date", _vocabulary(season).dates)
    return np.where(numbers < 0, season.game_dates.index(home), numbers)


def _count(date_numbers: _Ints, season: Season) -> Counter[dt.date]:
    numbers, rows = np.unique(date_numbers, return_counts=True)
    return Counter({season.game_dates[number]: int(count) for number, count in zip(numbers, rows, strict=True)})


def _codes(table: pa.Table, column: str, values: pa.Array) -> _Ints:
    """The position of each value among those given; -1 for another one, and for NULL."""
    found: _Ints = pc.fill_null(pc.index_in(table[column], value_set=values), -1).to_numpy().astype(np.int64)
    return found


def _floats(table: pa.Table, column: str) -> npt.NDArray[np.float64]:
    """The column as numbers; NULL is NaN."""
    numbers: npt.NDArray[np.float64] = pc.fill_null(table[column].cast(pa.float64()), float("nan")).to_numpy()
    return numbers


def _micros(table: pa.Table) -> _Ints:
    created: _Ints = table["created_at"].cast(pa.int64()).to_numpy()
    return created
