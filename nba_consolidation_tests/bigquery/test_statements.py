"""Of every .sql file: a test of `make test` executes it on BigQuery, and the rows that it returns have an order."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from .executed import FILES, NEVER_EXECUTED, declared_in_make_test, statements_by_folder

UNORDERED = {
    "audit": "one row",
    "box_score_counts": "one row",
    "totals": "one row",
    "became": "a macro",
    "consolidated_staging_tables": "becomes a set",
    "daily_counts": "becomes sums",
}
"""SELECTs whose rows need no order, and why."""


def test_every_statement_is_executed_on_bigquery_by_a_test_of_make_test() -> None:
    statements = frozenset().union(*statements_by_folder().values())
    missing = statements - declared_in_make_test()
    assert not missing, f"no test executes {sorted(missing)}: see executed.py"
    unknown = declared_in_make_test() - statements
    assert not unknown, f"tests declare statements that do not exist: {sorted(unknown)}"
    assert {file.stem for file in FILES} >= NEVER_EXECUTED.keys() | UNORDERED.keys()


@pytest.mark.parametrize("file", FILES, ids=attrgetter("stem"))
def test_the_rows_of_a_select_have_an_order(file: Path) -> None:
    tree = sqlglot.parse_one(file.read_text(encoding="utf-8"), read="bigquery")
    if isinstance(tree, exp.Query):
        assert bool(tree.args.get("order")) != (file.stem in UNORDERED)
