"""`report`: the file it writes, where, of which dates, and what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from nba_consolidation_tests.cli.conftest import DATE, Terminal


def test_without_dates_the_last_one_before_today_is_told_in_the_home(consolidated: Terminal) -> None:
    said = consolidated.json("report")
    file = consolidated.home / "reports" / f"report-{DATE}.html"
    assert (said["file"], said["first_date"], said["last_date"]) == (str(file), DATE, DATE)
    assert said["bytes"] == len(file.read_bytes())
    assert {"urgency", "what", "to_do", "runbook"} == set(said["needs_a_person"][0])


def test_the_file_goes_where_it_is_told_to_and_people_read_what_to_do(consolidated: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "today.html"
    shown = consolidated.run("report", "--date", DATE, "-o", file)
    assert f"Open it in a browser: {file}" in shown.stdout
    assert "to look at" in shown.stdout
    assert "volume: " in shown.stdout
    assert file.read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        (("--from", "2026-01-01"), "2026-01-01", DATE),
        (("--to", "2026-02-01"), DATE, "2026-02-01"),
        (("--from", "2026-01-01", "--to", "2026-02-01"), "2026-01-01", "2026-02-01"),
    ],
)
def test_an_open_end_is_where_something_stands(
    consolidated: Terminal, given: tuple[str, ...], first: str, last: str
) -> None:
    said = consolidated.json("report", *given)
    assert (said["first_date"], said["last_date"]) == (first, last)
    assert Path(said["file"]).name == f"report-{first}-to-{last}.html"


def test_dates_without_anything_are_named(consolidated: Terminal) -> None:
    assert "nothing stands from 2026-02-01" in consolidated.run("report", "--date", "2026-02-01", exit_code=1).stderr


def test_it_goes_to_the_place_of_the_setting(
    consolidated: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBA_CONSOLIDATION_REPORTS", str(tmp_path / "elsewhere"))
    assert Path(consolidated.json("report")["file"]).parent == tmp_path / "elsewhere"
