"""`sql` answers one SELECT; it can write nothing, and read nothing but the tables."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import duckdb
import pytest

from nba_consolidation.schema import VIEWS
from nba_consolidation.settings import Settings
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.wiring import deploy
from nba_consolidation_tests.cli.conftest import Terminal
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction

pytestmark = pytest.mark.other_processes  # DuckDB opens no file for reading that this process has open for writing
LINES = "SELECT player_lookup, current_points_line AS line, is_active FROM player_prop_predictions ORDER BY line"


@pytest.fixture(scope="module")
def consolidated(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A home with two lines of one player, for all tests: none of them can change it."""
    folder = tmp_path_factory.mktemp("asked")
    terminal, file = Terminal(folder / "home"), folder / "_staging_20260115_120000_w1.jsonl"
    rows = [prediction("20.5", 0), prediction("21.0", 2)]
    file.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows), encoding="utf-8")
    terminal.run("stage", file)
    terminal.run("consolidate")
    return terminal


def test_the_rows_are_printed_as_a_table_as_csv_or_as_json(consolidated: Terminal) -> None:
    lines = [line.split() for line in consolidated.run("sql", LINES).stdout.splitlines()]
    assert (lines[0], lines[2][1:]) == (["player_lookup", "line", "is_active"], ["20.5", "no"])
    rows = list(csv.reader(io.StringIO(consolidated.run("sql", LINES, "--format", "csv").stdout)))
    assert [row[1:] for row in rows] == [["line", "is_active"], ["20.5", "false"], ["21.0", "true"]]
    document = consolidated.json("sql", LINES)
    assert document["columns"] == ["player_lookup", "line", "is_active"]
    assert [row["line"] for row in document["rows"]] == ["20.5", "21.0"]
    assert consolidated.run("sql", LINES, "--format", "json").stdout == consolidated.run("sql", LINES, "--json").stdout


def test_the_limit_is_said_where_there_are_more_rows(consolidated: Terminal) -> None:
    limited = consolidated.run("sql", LINES, "--limit", 1)
    assert "21.0" not in limited.stdout
    assert "Only the first 1 row" in limited.stderr
    for limit in (0, 2):
        whole = consolidated.run("sql", LINES, "--limit", limit)
        assert ("21.0" in whole.stdout, whole.stderr) == (True, "")
    assert consolidated.run("sql", f"{LINES} LIMIT 0").stdout == "No rows.\n"


def test_every_view_can_be_asked(consolidated: Terminal) -> None:
    for view in VIEWS:
        assert consolidated.json("sql", f"SELECT * FROM {view.name}") == {
            "columns": list(view.column_names),
            "rows": [],
        }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT recomendation FROM bets", "no column recomendation in bets. Did you mean recommendation?"),
        ("SELECT * FROM prediction_acuracy", "no table prediction_acuracy. Did you mean prediction_accuracy?"),
        ("SELECT SUM(outcome) FROM bets", "The query failed: "),
        ("SELECT FARM_FINGERPRINT('x')", "The query failed: "),
    ],
)
def test_what_cannot_be_answered_is_explained(consolidated: Terminal, text: str, reason: str) -> None:
    assert reason in consolidated.run("sql", text, exit_code=2).stderr


def test_a_view_that_is_not_there_yet_says_how_to_make_it(terminal: Terminal) -> None:
    terminal.run("bootstrap", "--apply")
    with duckdb.connect(str(terminal.home / "warehouse.duckdb")) as connection:
        connection.execute("DROP VIEW bets")
    assert "bootstrap --apply" in terminal.run("sql", "SELECT * FROM bets", exit_code=1).stderr


WRITES_AND_LEAKS = (
    "INSERT INTO consolidation_fences (lease_key) VALUES ('x')",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "ATTACH '{folder}/other.duckdb'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT 1; DELETE FROM player_prop_predictions",
    "WITH gone AS (DELETE FROM player_prop_predictions RETURNING 1) SELECT * FROM gone",
)


@pytest.mark.parametrize("text", WRITES_AND_LEAKS)
def test_what_writes_or_reads_another_file_is_refused(consolidated: Terminal, tmp_path: Path, text: str) -> None:
    file = consolidated.home / "warehouse.duckdb"
    before, others = file.read_bytes(), set(tmp_path.rglob("*"))
    refused = consolidated.run("sql", text.format(folder=tmp_path), exit_code=2)
    assert (refused.stdout, file.read_bytes() == before) == ("", True)
    assert set(tmp_path.rglob("*")) == others


@pytest.mark.parametrize("text", [*WRITES_AND_LEAKS, "SET enable_external_access = true", "SELECT * FROM glob('/*')"])
def test_the_connection_refuses_it_too_where_the_parser_is_fooled(
    consolidated: Terminal, tmp_path: Path, text: str
) -> None:
    file = consolidated.home / "warehouse.duckdb"
    before, others = file.read_bytes(), set(tmp_path.rglob("*"))
    warehouse = deploy(Settings(home=consolidated.home)).warehouse
    assert isinstance(warehouse, DuckDBWarehouse)
    with warehouse._connection_for_questions() as connection, pytest.raises(duckdb.Error):
        connection.execute(text.format(folder=tmp_path))
    assert file.read_bytes() == before
    assert set(tmp_path.rglob("*")) == others
