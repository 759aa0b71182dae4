"""The warehouse and the staging area of a consolidator in the storm: slow at the wrong moment, asleep at the worst.

A commit leaves its number in the table `chaos_commits`, from inside of its own transaction: that is the true order. And
it says up to which commit it had surely `seen` the ledger when it froze its manifest.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from nba_consolidation.schema import Table
from nba_consolidation.sql import Statement
from nba_consolidation.sql.statement import Dialect
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.errors import StatementFailed
from nba_consolidation.warehouse.interface import ManifestEntry, Row, TransactionResult
from nba_consolidation.warehouse.staging.interface import StagingTable
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.chaos.signs import all_awake, slept_over

_OPEN_LIMIT = 20.0  # seconds: a process that is stopped inside of its transaction keeps the file from all others
_TRAIL = """
CREATE TABLE IF NOT EXISTS chaos_commits (number BIGINT, seen BIGINT, game_date DATE, token BIGINT, run_id VARCHAR)"""
_LAST = "SELECT COALESCE(MAX(number), 0) AS number FROM chaos_commits"


@dataclass(frozen=True)
class Habits:
    """How a consolidator misbehaves: shares of its merges before which it stops itself, or around which it dawdles.

    `deaf` and `fenced` as in the order.
    """

    deaf: bool = False
    fenced: bool = True
    stops_itself: float = 0.0
    dawdles: float = 0.0
    forgets_clean_up: float = 0.0

    @classmethod
    def in_the_storm(cls, *, deaf: bool, fenced: bool) -> Habits:
        return cls(deaf, fenced, stops_itself=0.8 if deaf else 0.04, dawdles=0.5, forgets_clean_up=0.15)


CALM = Habits()


class FaultyStaging(ParquetStaging):
    """Forgets to clean up, as if killed before it; or is kept from it by a sign."""

    def __init__(self, folder: Path, habits: Habits, rng: Random, note: Callable[..., object]) -> None:
        super().__init__(folder / "staging")
        self._note = note
        self._signs = folder
        self._habits = habits
        self._rng = rng

    def drop(self, tables: Sequence[StagingTable]) -> list[str]:
        if slept_over(self._signs) is not None or self._rng.random() < self._habits.forgets_clean_up:
            return []
        dropped = super().drop(tables)
        self._note(dropped=len(dropped))
        return dropped


class FaultyWarehouse(DuckDBWarehouse):
    """Dawdles around a merge, or sleeps until woken; notes that, and what it merged or was fenced out of."""

    def __init__(
        self, folder: Path, staging: ParquetStaging, habits: Habits, rng: Random, note: Callable[..., object]
    ) -> None:
        super().__init__(folder / "warehouse.duckdb", staging, open_limit=_OPEN_LIMIT)
        self._config["threads"] = 1  # eight at once share two cores
        self._signs = folder
        self._habits = habits
        self._rng = rng
        self._note = note
        self._seen = 0

    def create_tables(self, tables: Sequence[Table]) -> None:
        super().create_tables(tables)
        super().run([_Text(_TRAIL)])

    def query(self, statement: Statement) -> list[Row]:
        if statement.name == "consolidated_staging_tables":
            [last] = super().query(_Text(_LAST))
            self._seen = last["number"]
        return super().query(statement)

    def run(
        self, statements: Sequence[Statement], manifest: Sequence[ManifestEntry] = (), *rest: Any, **more: Any
    ) -> TransactionResult:
        if not manifest:
            return super().run(statements, manifest, *rest, **more)
        if self._habits.deaf:
            more.pop("check", None)
        _, tokens = _given(statements)
        self._dawdle()
        self._maybe_stop(tokens)
        try:
            result = super().run([*self._kept(statements), trail(statements, self._seen)], manifest, *rest, **more)
        except StatementFailed as error:
            if error.statement == "fenced_out":
                self._note(fenced=tokens)
            raise
        self._note(merged=tokens)
        self._dawdle()
        return result

    def _kept(self, statements: Iterable[Statement]) -> list[Statement]:
        """All; with the fence taken out, all but the one that looks at it."""
        return [statement for statement in statements if self._habits.fenced or statement.name != "fenced_out"]

    def _dawdle(self) -> None:
        if self._rng.random() < self._habits.dawdles:
            time.sleep(self._rng.uniform(0.01, 0.15))

    def _maybe_stop(self, tokens: Mapping[str, int]) -> None:
        """The lease is ours, we have just looked; and when we wake it is somebody else's."""
        if self._rng.random() < self._habits.stops_itself and not all_awake(self._signs):
            self._note(asleep=tokens)
            os.kill(os.getpid(), signal.SIGSTOP)


class _Text(Statement):
    """A statement of these tests, in DuckDB's own words; `name` is the text."""

    def render(self, dialect: Dialect) -> str:
        assert dialect == "duckdb"
        return self.name


def trail(statements: Iterable[Statement], seen: int) -> Statement:
    """What numbers a commit: the dates and tokens that the transaction itself was given. One at a time can write."""
    run_id, tokens = _given(statements)
    values = ", ".join(f"(DATE '{date}', {token})" for date, token in tokens.items())
    return _Text(
        f"INSERT INTO chaos_commits SELECT ({_LAST}) + 1, {seen}, game_date, token, '{run_id}' "
        f"FROM (VALUES {values}) AS given(game_date, token)"
    )


def _given(statements: Iterable[Statement]) -> tuple[str, dict[str, int]]:
    """The run id of a transaction, and the token of each of its dates."""
    [given] = (statement.parameters for statement in statements if statement.name == "leases")
    leases: Any = given["leases"]
    return str(given["run_id"]), {f"{lease['game_date']}": lease["token"] for lease in leases}
