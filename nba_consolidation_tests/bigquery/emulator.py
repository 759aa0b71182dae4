"""Runs bqemulator on a free port and prints the port. Started by `service.py`, with the Python of .venv-bqemulator.

It has its own environment (`make bqemulator`), because it needs an older sqlglot than this project.
"""

from __future__ import annotations

import asyncio
import sys
from functools import lru_cache
from typing import Any


def forget_temporary_tables() -> None:
    """Drops a script's temporary tables at its end, as the service does; the emulator would keep them."""
    from bqemulator.scripting.interpreter import ScriptInterpreter

    run = ScriptInterpreter.run

    async def run_and_forget(interpreter: Any, source: str) -> Any:
        try:
            return await run(interpreter, source)
        finally:
            connection = interpreter._ctx.engine.connection
            left = connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
            for (name,) in left:
                connection.execute(f'DROP TABLE temp."{name}"')

    ScriptInterpreter.run = run_and_forget


def count_in_integers() -> None:
    """Makes a count inside a STRUCT an INTEGER, as the service does; the emulator does so outside a STRUCT only."""
    from bqemulator.jobs import executor

    original = executor._arrow_type_to_bq_type

    def type_as_in_the_service(kind: Any) -> str:
        return "INTEGER" if str(kind) == "decimal128(38, 0)" else original(kind)

    executor._arrow_type_to_bq_type = type_as_in_the_service


def parse_each_text_once() -> None:
    """Caches syntax trees: the emulator parses each statement about five times, which takes half of its time."""
    from sqlglot.dialects.dialect import Dialect

    sqlglot_dialect: Any = Dialect
    parse = sqlglot_dialect.parse

    @lru_cache(maxsize=2_000)
    def parsed(dialect: Any, text: str) -> Any:
        return parse(dialect(), text)

    def parse_once(dialect: Any, sql: str, **options: Any) -> Any:
        if options or dialect.settings:
            return parse(dialect, sql, **options)
        return [tree and tree.copy() for tree in parsed(dialect.__class__, sql)]  # the caller may change it

    sqlglot_dialect.parse = parse_once


async def serve() -> None:
    """Serves until the standard input is closed, so that no emulator outlives its tests."""
    answers, sys.stdout = sys.stdout, sys.stderr  # it logs to the standard output
    from bqemulator.config import LogLevel, Settings
    from bqemulator.server import EmulatorServer
    from bqemulator.storage.engine import DuckDBEngine

    forget_temporary_tables()
    count_in_integers()
    parse_each_text_once()
    # The spatial extension would be downloaded, which is not possible everywhere; no column is a GEOGRAPHY.
    DuckDBEngine._load_spatial = lambda _: None
    server = EmulatorServer(Settings(rest_port=0, grpc_port=0, log_level=LogLevel.ERROR))
    await server.start()
    print(server.rest_port, file=answers, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


if __name__ == "__main__":
    asyncio.run(serve())
