"""Runs bqemulator on a free port and prints the port. Started by `service.py`, with the Python of .venv-bqemulator.

Its pins clash with ours (it wants an older sqlglot), so it has an environment of its own: `make bqemulator`.
"""

from __future__ import annotations

import asyncio
import sys
from functools import lru_cache
from typing import Any


def forget_temporary_tables() -> None:
    """Makes a script's temporary tables go at its end, as the service does; the emulator would leave them there."""
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
    """Makes a count inside of a STRUCT an INTEGER, as the service does; the emulator does so outside of one only."""
    from bqemulator.jobs import executor

    named = executor._arrow_type_to_bq_type

    def named_by_the_service(kind: Any) -> str:
        return "INTEGER" if str(kind) == "decimal128(38, 0)" else named(kind)

    executor._arrow_type_to_bq_type = named_by_the_service


def parse_each_text_once() -> None:
    """Keeps syntax trees: the emulator parses the text of each statement about five times, half of its time."""
    from sqlglot.dialects import dialect as dialects

    every_dialect: Any = dialects.Dialect
    parse = every_dialect.parse

    @lru_cache(maxsize=2_000)
    def parsed(dialect: Any, text: str) -> Any:
        return parse(dialect(), text)

    def parse_once(dialect: Any, sql: str, **options: Any) -> Any:
        if options or dialect.settings:
            return parse(dialect, sql, **options)
        return [tree and tree.copy() for tree in parsed(dialect.__class__, sql)]  # whoever asked may change it

    every_dialect.parse = parse_once


async def serve() -> None:
    """Serves until the standard input is closed: no emulator outlives its tests."""
    answers, sys.stdout = sys.stdout, sys.stderr  # it logs to the standard output
    from bqemulator.config import LogLevel, Settings
    from bqemulator.server import EmulatorServer
    from bqemulator.storage.engine import DuckDBEngine

    forget_temporary_tables()
    count_in_integers()
    parse_each_text_once()
    # The spatial extension would be downloaded, which not every machine may; nothing here is a GEOGRAPHY.
    DuckDBEngine._load_spatial = lambda _: None
    server = EmulatorServer(Settings(rest_port=0, grpc_port=0, log_level=LogLevel.ERROR))
    await server.start()
    print(server.rest_port, file=answers, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


if __name__ == "__main__":
    asyncio.run(serve())
