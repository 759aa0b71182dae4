"""The text that is sent: one GoogleSQL script, pruned by literal dates. Nothing is run here."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from operator import attrgetter
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from nba_consolidation.consolidation import transaction
from nba_consolidation.fencing import Guard
from nba_consolidation.sql import Statement
from nba_consolidation.tables import PREDICTIONS, Column
from nba_consolidation.warehouse import bigquery_script as script
from nba_consolidation.warehouse.contract import ManifestEntry, StagingTable
from nba_consolidation_tests.consolidation.workbench import DATE, KNOWN, NEXT_DATE, NOW

from .executed import FILES

PLACE = script.Place("my-project", "nba")
STAGING = script.Place("my-project", "nba_staging")
COLUMNS = tuple(column for column in PREDICTIONS.columns if column.required)


def entry(number: int, columns: tuple[Column, ...] = COLUMNS) -> ManifestEntry:
    table = StagingTable(f"_staging_b_{number}", "f", 2, NOW, columns, {DATE: 1, NEXT_DATE: 1})
    return ManifestEntry(table, (DATE, NEXT_DATE))


@cache
def one_table() -> script.Script:
    """The script of a consolidation of one table."""
    return consolidation(entry(0))


def consolidation(*manifest: ManifestEntry) -> script.Script:
    guard = Guard([(date, f"consolidation_{date}", 7) for date in (DATE, NEXT_DATE)], "me", "run")
    statements = transaction.consolidation(guard, "c1", NOW, KNOWN, PREDICTIONS.columns)
    made = script.staged_and_manifest(manifest, PREDICTIONS.columns, STAGING)
    return script.transaction(statements, PLACE, made)


def staged(*columns: Column, **live: str) -> str:
    """What is selected from a staging table of these columns, into live ones of these types."""
    wanted = [Column(name, kind, "") for name, kind in live.items()]
    made = script.staged_and_manifest([entry(0, columns)], wanted, STAGING)
    return made[0].sql(dialect="bigquery")


def test_a_consolidation_is_one_script_that_parses_as_googlesql() -> None:
    trees = sqlglot.parse(one_table().text, read="bigquery")
    assert isinstance(trees[0], exp.Transaction)
    kinds = [type(tree) for tree in trees if tree is not None]
    assert kinds[-2:] == [exp.Commit, exp.Select]
    assert exp.Command not in kinds
    assert kinds.count(exp.Commit) == 1


def test_a_script_holds_no_parameters() -> None:
    text = re.sub(r"'[^']*'", "''", one_table().text)
    assert "@" not in text
    assert "?" not in text


def test_every_table_is_temporary_or_has_its_dataset() -> None:
    trees = [tree for tree in sqlglot.parse(one_table().text, read="bigquery") if tree is not None]
    made = {tree.find(exp.Table).name for tree in trees if isinstance(tree, exp.Create)}  # type: ignore[union-attr]
    for table in (table for tree in trees for table in tree.find_all(exp.Table)):
        assert (table.name in made) != bool(table.db), table.sql()
        assert not table.db or table.catalog == "my-project"
    assert {table.db for tree in trees for table in tree.find_all(exp.Table) if table.name == "_staging_b_0"} == {
        "nba_staging"
    }


def reads_of_predictions(tree: exp.Expr) -> list[exp.Expr]:
    """The smallest statement or SELECT around each mention, but for the target of an INSERT."""
    found = [table for table in tree.find_all(exp.Table) if table.name == PREDICTIONS.name]
    around = (table.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Insert) for table in found)
    return [one for one in around if one is not None and not isinstance(one, exp.Insert)]


def test_incident_43_every_read_of_predictions_is_pruned_by_literal_dates() -> None:
    reads = [read for tree in sqlglot.parse(one_table().text, read="bigquery") if tree for read in
             reads_of_predictions(tree)]  # fmt: skip
    assert len(reads) > 5
    for read in reads:
        assert f"game_date BETWEEN CAST('{DATE}' AS DATE) AND CAST('{NEXT_DATE}' AS DATE)" in read.sql("bigquery")


@pytest.mark.parametrize("file", FILES, ids=attrgetter("stem"))
def test_incident_43_no_statement_reads_predictions_without_a_partition_filter(file: Path) -> None:
    for read in reads_of_predictions(sqlglot.parse_one(file.read_text(encoding="utf-8"), read="bigquery")):
        where = read.args.get("where")  # a filter in the ON of an outer join is not relied on
        joins = [join.args["on"] for join in read.args.get("joins") or [] if not join.side]
        conditions = [condition for one in [where, *joins] if one for condition in one.find_all(exp.Between, exp.EQ)]
        assert any(condition.this.name == "game_date" for condition in conditions), read.sql("bigquery")


@pytest.mark.parametrize("join", ["outcomes", "standing", "lost_versions"])
def test_an_outer_join_has_plain_equalities_as_bigquery_demands(join: str) -> None:
    tree = next(tree for name, tree in rendered() if name == join)
    outer = [one for one in tree.find_all(exp.Join) if one.side]
    assert outer
    assert all(list(one.args["on"].find_all(exp.EQ)) for one in outer)


def rendered() -> list[tuple[str, exp.Expr]]:
    return [(name, sqlglot.parse_one(text, read="bigquery")) for name, text in one_table().parts[1:-2]]


def test_staging_tables_are_read_by_name_in_chunks_and_alike_ones_together() -> None:
    wide = (*COLUMNS, Column("sportsbook", "STRING", ""))
    manifest = [entry(number, wide if number % 2 else COLUMNS) for number in range(7)]
    first, second, rows = script.staged_and_manifest(manifest, PREDICTIONS.columns, STAGING, chunk=4)
    counts = [sum(1 for table in tree.find_all(exp.Table) if table.db) for tree in (first, second, rows)]
    assert counts == [4, 3, 0]
    assert isinstance(second, exp.Insert)
    assert "*`" not in first.sql("bigquery")


def test_a_thousand_tables_stay_under_the_limit_of_a_query_text() -> None:
    assert len(consolidation(*map(entry, range(1000))).text) < 1_000_000


def test_no_cast_takes_a_precision_which_bigquery_refuses() -> None:
    text = staged(Column("x", "FLOAT64", ""), Column("k", "NUMERIC(4, 1)", ""), x="NUMERIC(5, 1)", k="NUMERIC(4, 1)")
    assert "NUMERIC(" not in re.sub(r"'[^']*'", "''", text)
    assert "IF(ABS(ROUND(SAFE_CAST(`x` AS NUMERIC), 1)) < 10000, ROUND(SAFE_CAST(`x` AS NUMERIC), 1), NULL)" in text
    assert "CAST(`k` AS NUMERIC) AS `k`" in text


def test_text_becomes_json_and_json_text_by_functions_since_there_is_no_cast() -> None:
    text = staged(Column("j", "STRING", ""), Column("s", "JSON", ""), j="JSON", s="STRING")
    assert "SAFE.PARSE_JSON(`j`) AS `j`" in text
    assert "TO_JSON_STRING(`s`) AS `s`" in text
    assert "SAFE_CAST(`j`" not in text


@pytest.mark.parametrize(
    ("message", "statement"),
    [
        ("Query error: [statement active_twins] audit failed: 1 found at [9:1]", "active_twins"),
        ("Query error: Division by zero at [1:1]", "begin"),
        ("Query error: Division by zero at [2:60]", "staged"),
        ("Query error: Syntax error at [9999:1]", "commit"),
        ("nothing that says where", "script"),
    ],
)
def test_an_error_names_its_statement(message: str, statement: str) -> None:
    failure = one_table().failure(message)
    assert failure.statement == statement
    assert "[statement" not in failure.message


def test_a_select_outside_a_transaction_is_qualified_too() -> None:
    day = dt.date(2026, 1, 15)
    text = script.select(Statement("standing_dates", {"first_date": day, "last_date": day}), PLACE)
    assert "FROM `my-project`.`nba`.`player_prop_predictions`" in text
