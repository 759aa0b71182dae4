"""Which statements a test runs on BigQuery: declared with the test, and checked when it has run.

`test_statements.py` fails for a .sql file that no test of `make test` declares.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import pytest

from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.bigquery_warehouse import BigQueryWarehouse

FILES = sorted(Path(str(resources.files("nba_consolidation.sql"))).rglob("*.sql"))
NEVER_EXECUTED = {"became": "a macro: it is a part of other statements, and those are executed"}
"""Statements that cannot run on the emulator, or not alone, and why."""

Test = TypeVar("Test", bound=Callable[..., None])


@cache
def statements_by_folder() -> dict[str, frozenset[str]]:
    """The names of the statements in each folder of .sql files, but for those that are never executed."""
    names: dict[str, set[str]] = {}
    for file in FILES:
        names.setdefault(file.parent.name, set()).add(file.stem)
    return {folder: frozenset(statements - NEVER_EXECUTED.keys()) for folder, statements in names.items()}


def executes(*names: str) -> Callable[[Test], Test]:
    """Declares that a test executes these statements; the name of a folder stands for all statements in it."""

    def declare(test: Test) -> Test:
        test.__dict__["executes"] = names
        return test

    return declare


def declared(test: object) -> frozenset[str]:
    """The names of the statements that the test declares."""
    names = getattr(test, "executes", ())
    return frozenset().union(*(statements_by_folder().get(name, {name}) for name in names))


def declared_in_make_test() -> frozenset[str]:
    """The statements that the tests of this package declare, without those tests that `make test` leaves out."""
    package = importlib.import_module(str(__package__))
    modules = [importlib.import_module(f"{package.__name__}.{module.name}") for module in
               pkgutil.iter_modules(package.__path__) if module.name.startswith("test_")]  # fmt: skip
    tests = [item for module in modules for item in vars(module).values() if hasattr(item, "executes")]
    return frozenset().union(*(declared(test) for test in tests if not _is_left_out(test)))


def _is_left_out(test: object) -> bool:
    return any(mark.name in ("slow", "soak") for mark in getattr(test, "pytestmark", ()))


@contextmanager
def recorded() -> Iterator[set[str]]:
    """The names of the statements that BigQuery executes without an error, from the start of the block to its end."""
    names: set[str] = set()
    query, run = BigQueryWarehouse.query, BigQueryWarehouse.run

    def recording_query(warehouse: BigQueryWarehouse, statement: Statement) -> Any:
        rows = query(warehouse, statement)
        names.add(statement.name)
        return rows

    def recording_run(warehouse: BigQueryWarehouse, statements: Any, *arguments: Any, **options: Any) -> Any:
        result = run(warehouse, statements, *arguments, **options)
        names.update(statement.name for statement in statements)
        names.update("audit" for statement in statements if statement.audit)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BigQueryWarehouse, "query", recording_query)
        patch.setattr(BigQueryWarehouse, "run", recording_run)
        yield names
