"""`report`: which file it writes, about which dates, and what it prints."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from nba_consolidation_tests.cli.conftest import DATE, Terminal


def test_without_dates_the_report_is_about_the_last_date_before_today_and_saved_in_the_home(
    consolidated: Terminal,
) -> None:
    document = consolidated.json("report")
    file = consolidated.home / "reports" / f"report-{DATE}.html"
    assert (document["file"], document["first_date"], document["last_date"]) == (str(file), DATE, DATE)
    assert document["bytes"] == len(file.read_bytes())
    assert {"urgency", "what", "to_do", "runbook"} == set(document["actions"][0])


def test_the_file_is_an_option_and_the_required_actions_are_printed(consolidated: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "today.html"
    output = consolidated.run("report", "--date", DATE, "-o", file)
    assert f"Open it in a browser: {file}" in output.stdout
    assert "required.\n" in output.stdout
    assert "volume: " in output.stdout
    assert file.read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        (("--from", "2026-01-01"), "2026-01-01", DATE),
        (("--to", "2026-02-01"), DATE, "2026-02-01"),
        (("--from", "2026-01-01", "--to", "2026-02-01"), "2026-01-01", "2026-02-01"),
    ],
)
def test_an_open_end_is_the_first_or_last_date_with_rows(
    consolidated: Terminal, options: tuple[str, ...], first: str, last: str
) -> None:
    document = consolidated.json("report", *options)
    assert (document["first_date"], document["last_date"]) == (first, last)
    assert Path(document["file"]).name == f"report-{first}-to-{last}.html"


def test_dates_without_rows_are_refused(consolidated: Terminal) -> None:
    assert "no rows from 2026-02-01" in consolidated.run("report", "--date", "2026-02-01", exit_code=1).stderr


def test_the_setting_says_where_reports_are_saved(
    consolidated: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBA_CONSOLIDATION_REPORTS", str(tmp_path / "elsewhere"))
    assert Path(consolidated.json("report")["file"]).parent == tmp_path / "elsewhere"


def test_what_the_charts_draw_is_exported(consolidated: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    document = consolidated.json("export", "report-data", "--output", file)
    assert (document["dates"], document["dates_without_rows"]) == ([DATE], [])
    rows = list(csv.DictReader(file.open(encoding="utf-8", newline="")))
    assert [(row["chart"], row["game_date"], row["active_rows"]) for row in rows] == [("active predictions", DATE, "1")]
    assert document["rows"] == len(rows)
