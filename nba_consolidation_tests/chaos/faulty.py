"""A warehouse and a staging area that misbehave: they delay, or stop the process right before its merge.

Each transaction inserts its number into the table `chaos_commits`, which gives the true order of the commits. `seen` is
the last commit whose ledger rows the transaction had certainly read when it froze its manifest.
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
from nba_consolidation_tests.chaos.flags import dates_of_sleepers, nobody_may_sleep

_OPEN_LIMIT = 20.0  # seconds: a process that is stopped inside its transaction blocks the file for all others
_CREATE_COMMITS = """
CREATE TABLE IF NOT EXISTS chaos_commits (
  number BIGINT, seen BIGINT, lease_key VARCHAR, game_date DATE, token BIGINT, run_id VARCHAR, merged BOOLEAN)"""
_LAST_COMMIT = "SELECT COALESCE(MAX(number), 0) AS number FROM chaos_commits"


@dataclass(frozen=True)
class Misbehaviour:
    """How a consolidator misbehaves: the shares of its merges before which it stops itself or delays.

    `ignores_loss` and `fenced` are as in the order.
    """

    ignores_loss: bool = False
    fenced: bool = True
    stops_itself: float = 0.0
    delays: float = 0.0
    forgets_clean_up: float = 0.0

    @classmethod
    def during_storm(cls, *, ignores_loss: bool) -> Misbehaviour:
        return cls(ignores_loss, stops_itself=0.8 if ignores_loss else 0.04, delays=0.5, forgets_clean_up=0.15)


WELL_BEHAVED = Misbehaviour()


class FaultyStaging(ParquetStaging):
    """Sometimes does not clean up, as if it had been killed before; never while a process sleeps before its merge."""

    def __init__(self, folder: Path, misbehaviour: Misbehaviour, rng: Random, note: Callable[..., object]) -> None:
        super().__init__(folder / "staging")
        self._note = note
        self._flags_folder = folder
        self._misbehaviour = misbehaviour
        self._rng = rng

    def drop(self, tables: Sequence[StagingTable]) -> list[str]:
        if (
            dates_of_sleepers(self._flags_folder) is not None
            or self._rng.random() < self._misbehaviour.forgets_clean_up
        ):
            return []
        dropped = super().drop(tables)
        self._note(dropped=len(dropped))
        return dropped


class FaultyWarehouse(DuckDBWarehouse):
    """Delays around a merge, or stops before it; notes that, and what it merged or was fenced out of."""

    def __init__(
        self,
        folder: Path,
        staging: ParquetStaging,
        misbehaviour: Misbehaviour,
        rng: Random,
        note: Callable[..., object],
    ) -> None:
        super().__init__(folder / "warehouse.duckdb", staging, open_limit=_OPEN_LIMIT)
        self._config["threads"] = 1  # eight processes share two cores
        self._flags_folder = folder
        self._misbehaviour = misbehaviour
        self._rng = rng
        self._note = note
        self._seen = 0

    def create_tables(self, tables: Sequence[Table]) -> None:
        super().create_tables(tables)
        super().run([_DuckDBStatement(_CREATE_COMMITS)])

    def query(self, statement: Statement) -> list[Row]:
        if statement.name == "consolidated_staging_tables":
            [last] = super().query(_DuckDBStatement(_LAST_COMMIT))
            self._seen = last["number"]
        return super().query(statement)

    def run(
        self, statements: Sequence[Statement], manifest: Sequence[ManifestEntry] = (), *rest: Any, **more: Any
    ) -> TransactionResult:
        if not any(statement.name == "fence" for statement in statements):
            return super().run(statements, manifest, *rest, **more)
        if not manifest:  # validation, publication, grading, or the record of a clean-up
            self._maybe_delay()
            return super().run([*statements, record_commit(statements, 0, merged=False)], manifest, *rest, **more)
        if self._misbehaviour.ignores_loss:
            more.pop("check", None)
        _, tokens = _fenced_with(statements)
        self._maybe_delay()
        self._maybe_stop(tokens)
        try:
            result = super().run(
                [*self._checked_or_not(statements), record_commit(statements, self._seen, merged=True)],
                manifest,
                *rest,
                **more,
            )
        except StatementFailed as error:
            if error.statement == "fenced_out":
                self._note(fenced=tokens)
            raise
        self._note(merged=tokens)
        self._maybe_delay()
        return result

    def _checked_or_not(self, statements: Iterable[Statement]) -> list[Statement]:
        """All statements; without the fence, all but the one that checks it."""
        return [statement for statement in statements if self._misbehaviour.fenced or statement.name != "fenced_out"]

    def _maybe_delay(self) -> None:
        if self._rng.random() < self._misbehaviour.delays:
            time.sleep(self._rng.uniform(0.01, 0.15))

    def _maybe_stop(self, tokens: Mapping[str, int]) -> None:
        """Stops right after the lease was checked; when the process continues, another one holds the lease."""
        if self._rng.random() < self._misbehaviour.stops_itself and not nobody_may_sleep(self._flags_folder):
            self._note(asleep=tokens)
            os.kill(os.getpid(), signal.SIGSTOP)


class _DuckDBStatement(Statement):
    """A statement in DuckDB's SQL; `name` is the text."""

    def render(self, dialect: Dialect) -> str:
        assert dialect == "duckdb"
        return self.name


def record_commit(statements: Sequence[Statement], seen: int, *, merged: bool) -> Statement:
    """Numbers the commit, with its dates and tokens. The numbers are unique, as only one process writes at a time."""
    run_id, _ = _fenced_with(statements)
    [parameters] = (statement.parameters for statement in statements if statement.name == "leases")
    leases: Any = parameters["leases"]
    values = ", ".join(f"('{lease['lease_key']}', DATE '{lease['game_date']}', {lease['token']})" for lease in leases)
    return _DuckDBStatement(
        f"INSERT INTO chaos_commits SELECT ({_LAST_COMMIT}) + 1, {seen}, lease_key, game_date, token, '{run_id}', "
        f"{merged} FROM (VALUES {values}) AS leases_of_commit(lease_key, game_date, token)"
    )


def _fenced_with(statements: Iterable[Statement]) -> tuple[str, dict[str, int]]:
    """The run id of a transaction, and the token of each of its dates."""
    [parameters] = (statement.parameters for statement in statements if statement.name == "leases")
    leases: Any = parameters["leases"]
    return str(parameters["run_id"]), {f"{lease['game_date']}": lease["token"] for lease in leases}
