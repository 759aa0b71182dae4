"""A test of `make test` executes every statement on BigQuery, and the rows that a statement returns have an order."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from nba_consolidation.sql.rendering import statement_names
from nba_consolidation_tests.bigquery.executed import declared_in_make_test, statement_files

UNORDERED = {
    "audit": "one row",
    "bets": "a view",
    "box_score_counts": "one row",
    "calibration_latest": "a view",
    "consolidated_staging_tables": "read into a set",
    "daily_counts": "added up",
    "hit_rates_by_system": "a view",
    "totals_of_all_tables": "one row",
}
"""SELECTs whose rows need no order, and why."""


def test_a_test_of_make_test_executes_every_statement_on_bigquery() -> None:
    missing = set(statement_names()) - declared_in_make_test()
    assert not missing, f"no test executes {sorted(missing)}: see executed.py"
    unknown = declared_in_make_test() - set(statement_names())
    assert not unknown, f"tests declare statements that do not exist: {sorted(unknown)}"
    assert UNORDERED.keys() <= set(statement_names())


@pytest.mark.parametrize("name", statement_names())
def test_the_rows_of_a_select_have_an_order(name: str) -> None:
    tree = sqlglot.parse_one(statement_files()[name].read_text(encoding="utf-8"), read="bigquery")
    if isinstance(tree, exp.Query):
        assert bool(tree.args.get("order")) != (name in UNORDERED)
