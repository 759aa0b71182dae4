"""`export` writes tables as files: whole or not at all, and without a formula."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from nba_consolidation.operations.export import workbook
from nba_consolidation.operations.export.files import rows_file
from nba_consolidation.operations.export.table_export import TABLES
from nba_consolidation.schema import PREDICTIONS, Column
from nba_consolidation_tests.cli.conftest import Terminal
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction

pytestmark = pytest.mark.other_processes
FORMULAS = ("=1+1", "+1", "-1", "@sum", "\tx", "\rx")
HARMLESS = "1=1"
COLUMNS = (Column("text", "STRING", "A text."), Column("number", "NUMERIC(5, 2)", "A number."))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A home with a bookmaker that is a formula, for each formula. No test changes it."""
    folder = tmp_path_factory.mktemp("exported")
    terminal, file = Terminal(folder / "home"), folder / "_staging_20260115_120000_w1.jsonl"
    rows = [
        prediction(system_id=f"system{number}", sportsbook=text, line_margin=-1.5)
        for number, text in enumerate((*FORMULAS, HARMLESS))
    ]
    file.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows), encoding="utf-8")
    terminal.run("stage", file)
    terminal.run("consolidate")
    return terminal


def exported_rows(text: str) -> list[dict[str, str]]:
    return sorted(csv.DictReader(io.StringIO(text, newline="")), key=lambda row: row["system_id"])


def test_csv_on_stdout_has_every_row_and_no_formula_and_negative_numbers_are_numbers(exported: Terminal) -> None:
    result = exported.run("export", "player_prop_predictions")
    rows = exported_rows(result.stdout)
    assert list(rows[0]) == list(PREDICTIONS.column_names)
    assert [row["sportsbook"] for row in rows] == [*(f"'{text}" for text in FORMULAS), HARMLESS]
    assert {(row["line_margin"], row["is_active"], row["superseded_by"]) for row in rows} == {("-1.50", "true", "")}
    assert result.stderr == "Wrote 7 rows of player_prop_predictions.\n"


def test_excel_cells_are_texts_and_numbers_and_never_formulas(exported: Terminal, tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    file = tmp_path / "rows.xlsx"
    exported.run("export", "player_prop_predictions", "--output", file)
    parts = {name: content for name, content in _parts(file).items() if "sharedStrings" in name or "sheet1" in name}
    assert not re.search("<f[ >]", "".join(parts.values()))
    assert len(re.findall(r"<v>-1\.50?</v>", "".join(parts.values()))) == len((*FORMULAS, HARMLESS))
    assert re.search('<xf [^>]*quotePrefix="1"', _parts(file)["xl/styles.xml"])
    cells = re.findall(
        r'<c r="[A-Z]+\d+" s="(\d)" t="inlineStr"><is><t[^>]*>([^<]*)</t>', parts["xl/worksheets/sheet1.xml"]
    )
    assert sorted(text for _, text in cells) == sorted(text.replace("\r", "_x000D_") for text in FORMULAS)


def _parts(file: Path) -> dict[str, str]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_parquet_has_the_types_and_the_descriptions(exported: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "new" / "rows.parquet"
    document = exported.json("export", "player_prop_predictions", "--output", file)
    assert (document["format"], document["rows"], document["dates"]) == ("parquet", 7, ["2026-01-15"])
    table = pq.read_table(file)
    assert sorted(table["sportsbook"].to_pylist()) == sorted((*FORMULAS, HARMLESS))
    assert set(table["line_margin"].to_pylist()) == {Decimal("-1.50")}
    described = table.schema.field("system_id").metadata[b"description"].decode()
    assert described == PREDICTIONS.column("system_id").description


@pytest.mark.parametrize("table", TABLES)
def test_every_table_and_view_can_be_exported(exported: Terminal, table: str) -> None:
    header = exported.run("export", table).stdout.splitlines()[0].split(",")
    assert header == list(TABLES[table].column_names)


def test_requested_dates_without_rows_are_named(exported: Terminal, tmp_path: Path) -> None:
    dates = ("--from", "2026-01-14", "--to", "2026-01-16")
    result = exported.run("export", "player_prop_predictions", *dates)
    assert len(exported_rows(result.stdout)) == 7
    assert "has no rows of 2 requested dates: 2026-01-14, 2026-01-16." in result.stderr
    empty = exported.json("export", "bets", "--date", "2026-01-14", "--output", tmp_path / "x.csv")
    assert (empty["rows"], empty["dates_without_rows"]) == (0, ["2026-01-14"])


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("prediction_acuracy",), 1, "There is no table prediction_acuracy. Did you mean prediction_accuracy?"),
        (("player_aliases", "--date", "2026-01-15"), 1, "has no game dates"),
        (("bets", "--format", "xlsx"), 2, "xlsx needs a file"),
        (("bets", "--json"), 2, "--json needs a file"),
        (("bets", "--output", "/proc/x.csv"), 1, "/proc/x.csv could not be written"),
    ],
)
def test_what_cannot_be_exported_is_explained(
    exported: Terminal, arguments: tuple[str, ...], code: int, reason: str
) -> None:
    assert reason in exported.run("export", *arguments, exit_code=code).stderr


def test_without_its_library_excel_names_the_extra(
    exported: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    result = exported.run("export", "bets", "--output", tmp_path / "x.xlsx", exit_code=1)
    assert "nba-consolidation[xlsx]" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("limit", "value"), [("_MAX_ROWS", 3), ("_MAX_TEXT", 5)])
def test_what_does_not_fit_excel_is_refused_and_the_earlier_file_stays(
    exported: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    file = tmp_path / "rows.xlsx"
    file.write_text("earlier")
    monkeypatch.setattr(workbook, limit, value)
    assert "csv" in exported.run("export", "player_prop_predictions", "--output", file, exit_code=1).stderr
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("rows.xlsx", "earlier")]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_export_that_fails_leaves_the_earlier_file(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "rows"
    file.write_text("earlier")
    with pytest.raises(TypeError), rows_file(file, kind, COLUMNS) as write:
        write([("a", Decimal(1)), 7])  # type: ignore[list-item]
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("rows", "earlier")]


def test_an_export_that_is_killed_leaves_no_half_file(tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from nba_consolidation.operations.export.files import rows_file
from nba_consolidation.schema import Column
with rows_file(Path({str(tmp_path / "rows.csv")!r}), "csv", [Column("n", "INT64", "")]) as write:
    write([(number,) for number in range(100_000)])
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "rows.csv").exists()
