"""Declares which statements a test executes on BigQuery, and checks it after the test has run.

`test_statements.py` fails for a statement that no test of `make test` declares.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import pytest

from nba_consolidation.sql import Statement
from nba_consolidation.sql.rendering import statement_names
from nba_consolidation.warehouse.bigquery.warehouse import BigQueryWarehouse

_ROOT = Path(str(resources.files("nba_consolidation")))
Test = TypeVar("Test", bound=Callable[..., None])


@cache
def statement_files() -> dict[str, Path]:
    """The file of each statement. Files of functions are not included."""
    files = {re.sub(r"^\d+_", "", file.stem): file for file in _ROOT.rglob("*.sql")}
    return {name: files[name] for name in statement_names()}


@cache
def statements_by_folder() -> dict[str, frozenset[str]]:
    """The names of the statements in each folder of the package, without the folder's `sql`."""
    names: dict[str, set[str]] = {}
    for name, file in statement_files().items():
        names.setdefault(file.parent.parent.name, set()).add(name)
    return {folder: frozenset(statements) for folder, statements in names.items()}


def executes(*names: str) -> Callable[[Test], Test]:
    """Declares that a test executes these statements; `NAME/` means all statements of that folder."""

    def declare(test: Test) -> Test:
        test.__dict__["executes"] = names
        return test

    return declare


def declared(test: object) -> frozenset[str]:
    """The names of the statements that the test declares."""
    by_folder = statements_by_folder()
    names: tuple[str, ...] = getattr(test, "executes", ())
    return frozenset().union(*(by_folder[name.removesuffix("/")] if name.endswith("/") else {name} for name in names))


def declared_in_make_test() -> frozenset[str]:
    """The statements that the tests of this package declare, without the tests that `make test` leaves out."""
    package = importlib.import_module(str(__package__))
    names = [module.name for module in pkgutil.iter_modules(package.__path__) if module.name.startswith("test_")]
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    tests = [item for module in modules for item in vars(module).values() if hasattr(item, "executes")]
    return frozenset().union(*(declared(test) for test in tests if not _is_left_out(test)))


def _is_left_out(test: object) -> bool:
    return any(mark.name in ("slow", "soak") for mark in getattr(test, "pytestmark", ()))


@contextmanager
def recorded() -> Iterator[set[str]]:
    """Yields the names of the statements that BigQuery executes without an error during the block."""
    names: set[str] = set()
    query, run = BigQueryWarehouse.query, BigQueryWarehouse.run

    def recording_query(warehouse: BigQueryWarehouse, statement: Statement) -> Any:
        rows = query(warehouse, statement)
        names.add(statement.file or statement.name)
        return rows

    def recording_run(warehouse: BigQueryWarehouse, statements: Any, *arguments: Any, **options: Any) -> Any:
        result = run(warehouse, statements, *arguments, **options)
        names.update(statement.file or statement.name for statement in statements)
        names.update("audit" for statement in statements if statement.audit)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BigQueryWarehouse, "query", recording_query)
        patch.setattr(BigQueryWarehouse, "run", recording_run)
        yield names
