"""The text of a BigQuery script: valid GoogleSQL, with literal dates for pruning. Nothing is run here."""

from __future__ import annotations

import datetime as dt
import re
from importlib import resources
from operator import attrgetter
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from nba_consolidation.fencing.fenced_writer import fence_parameters
from nba_consolidation.leases import Holder, LeaseRecord
from nba_consolidation.pipeline.consolidation import transaction
from nba_consolidation.schema import PREDICTIONS, Column
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.bigquery import script
from nba_consolidation.warehouse.interface import ManifestEntry
from nba_consolidation.warehouse.staging.interface import StagingTable
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, KNOWN, NEXT_DATE, NOW

TABLES = script.TableLocations("my-project", "nba")
STAGING = script.TableLocations("my-project", "nba_staging")
COLUMNS = tuple(column for column in PREDICTIONS.columns if column.required)
FILES = sorted(Path(str(resources.files("nba_consolidation"))).rglob("*.sql"))


def entry(number: int, columns: tuple[Column, ...] = COLUMNS) -> ManifestEntry:
    table = StagingTable(f"_staging_b_{number}", "f", 2, NOW, columns, {DATE: 1, NEXT_DATE: 1})
    return ManifestEntry(table, (DATE, NEXT_DATE))


def consolidation(*manifest: ManifestEntry) -> script.Script:
    holder = Holder.here("run")
    leases = [
        LeaseRecord.granted(f"consolidation_{date}", holder, 60, "nonce", version=7, now=NOW)
        for date in (DATE, NEXT_DATE)
    ]
    parameters = fence_parameters(leases, holder, NOW)
    fence = [
        Statement("leases", parameters),
        Statement("fence", parameters),
        Statement("fenced_out", parameters, audit=True),
    ]
    statements = [*fence, *transaction.consolidation(parameters, "c1", KNOWN, PREDICTIONS.columns)]
    made = script.staged_and_manifest(manifest or [entry(0)], PREDICTIONS.columns, STAGING)
    return script.transaction(statements, TABLES, made)


def staged(*columns: Column, **live: str) -> str:
    """The SELECT over a staging table with these columns, for a live table with these types."""
    live_columns = [Column(name, kind, "") for name, kind in live.items()]
    made = script.staged_and_manifest([entry(0, columns)], live_columns, STAGING)
    return made[0].sql(dialect="bigquery")


def test_a_consolidation_is_one_script_that_parses_as_googlesql() -> None:
    trees = sqlglot.parse(consolidation().text, read="bigquery")
    assert isinstance(trees[0], exp.Transaction)
    kinds = [type(tree) for tree in trees if tree is not None]
    assert kinds[-2:] == [exp.Commit, exp.Select]
    assert exp.Command not in kinds
    assert kinds.count(exp.Commit) == 1


def test_a_script_has_no_parameters() -> None:
    text = re.sub(r"'[^']*'", "''", consolidation().text)
    assert "@" not in text
    assert "?" not in text


def test_every_table_is_temporary_or_has_a_full_path() -> None:
    trees = [tree for tree in sqlglot.parse(consolidation().text, read="bigquery") if tree is not None]
    made = {tree.find(exp.Table).name for tree in trees if isinstance(tree, exp.Create)}  # type: ignore[union-attr]
    for table in (table for tree in trees for table in tree.find_all(exp.Table)):
        assert (table.name in made) != bool(table.db), table.sql()
        assert not table.db or table.catalog == "my-project"
    assert {table.db for tree in trees for table in tree.find_all(exp.Table) if table.name == "_staging_b_0"} == {
        "nba_staging"
    }


def reads_of_predictions(tree: exp.Expr) -> list[exp.Expr]:
    """The smallest statement or SELECT around each mention, except the target of an INSERT."""
    tables = [table for table in tree.find_all(exp.Table) if table.name == PREDICTIONS.name]
    around = (table.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Insert) for table in tables)
    return [one for one in around if one is not None and not isinstance(one, exp.Insert)]


def test_incident_43_every_read_of_predictions_is_pruned_by_literal_dates() -> None:
    reads = [read for tree in sqlglot.parse(consolidation().text, read="bigquery") if tree for read in
             reads_of_predictions(tree)]  # fmt: skip
    assert len(reads) > 5
    for read in reads:
        assert f"game_date BETWEEN CAST('{DATE}' AS DATE) AND CAST('{NEXT_DATE}' AS DATE)" in read.sql("bigquery")


@pytest.mark.parametrize("file", FILES, ids=attrgetter("stem"))
def test_incident_43_no_statement_reads_predictions_without_a_partition_filter(file: Path) -> None:
    for read in reads_of_predictions(sqlglot.parse_one(file.read_text(encoding="utf-8"), read="bigquery")):
        where = read.args.get("where")  # a filter in the ON of an outer join does not count
        joins = [join.args["on"] for join in read.args.get("joins") or [] if not join.side]
        conditions = [condition for one in [where, *joins] if one for condition in one.find_all(exp.Between, exp.EQ)]
        assert any(condition.this.name == "game_date" for condition in conditions), read.sql("bigquery")


@pytest.mark.parametrize("join", ["outcomes", "current_versions", "lost_versions"])
def test_an_outer_join_has_the_plain_equalities_that_bigquery_requires(join: str) -> None:
    tree = next(tree for name, tree in rendered() if name == join)
    outer = [one for one in tree.find_all(exp.Join) if one.side]
    assert outer
    assert all(list(one.args["on"].find_all(exp.EQ)) for one in outer)


def rendered() -> list[tuple[str, exp.Expr]]:
    return [(name, sqlglot.parse_one(text, read="bigquery")) for name, text in consolidation().parts[1:-2]]


def test_staging_tables_are_read_by_name_in_chunks_grouped_by_columns() -> None:
    wide = (*COLUMNS, Column("sportsbook", "STRING", ""))
    manifest = [entry(number, wide if number % 2 else COLUMNS) for number in range(7)]
    first, second, rows = script.staged_and_manifest(manifest, PREDICTIONS.columns, STAGING, chunk=4)
    counts = [sum(1 for table in tree.find_all(exp.Table) if table.db) for tree in (first, second, rows)]
    assert counts == [4, 3, 0]
    assert isinstance(second, exp.Insert)
    assert "*`" not in first.sql("bigquery")


@pytest.mark.parametrize("tables", [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_script_over_a_thousand_tables_is_below_the_size_limit(tables: int) -> None:
    assert len(consolidation(*map(entry, range(tables))).text) < 1_000_000 * tables / 1000


def test_no_cast_has_a_precision_which_bigquery_would_refuse() -> None:
    text = staged(Column("x", "FLOAT64", ""), Column("k", "NUMERIC(4, 1)", ""), x="NUMERIC(5, 1)", k="NUMERIC(4, 1)")
    assert "NUMERIC(" not in re.sub(r"'[^']*'", "''", text)
    assert "IF(ABS(ROUND(SAFE_CAST(`x` AS NUMERIC), 1)) < 10000, ROUND(SAFE_CAST(`x` AS NUMERIC), 1), NULL)" in text
    assert "CAST(`k` AS NUMERIC) AS `k`" in text


def test_text_and_json_are_converted_by_functions_because_there_is_no_cast() -> None:
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
        ("no position in this message", "script"),
    ],
)
def test_an_error_has_the_name_of_its_statement(message: str, statement: str) -> None:
    failure = consolidation().failure(message)
    assert failure.statement == statement
    assert "[statement" not in failure.message


def test_the_error_of_an_audit_names_it() -> None:
    named = re.findall(r"\[statement (\w+)\] ", consolidation().text)
    assert {"active_twins", "unconserved_dates"} <= set(named)


def test_a_select_outside_a_transaction_is_qualified_too() -> None:
    day = dt.date(2026, 1, 15)
    text = script.select(Statement("row_counts_by_date", {"first_date": day, "last_date": day}), TABLES)
    assert "FROM `my-project`.`nba`.`player_prop_predictions`" in text
