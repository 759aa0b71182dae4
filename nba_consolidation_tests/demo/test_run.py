"""The demo as `make demo` runs it, on a small season: real processes, and a real Dagster instance."""

import contextlib
import datetime as dt
import io
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from nba_consolidation.cli.demo import dagster_commands, page
from nba_consolidation.cli.output import print_result
from nba_consolidation.demo.comparison import DemoComparison, Racer
from nba_consolidation.demo.expectation import Expectation, Figures
from nba_consolidation.demo.games import BOX_SCORES
from nba_consolidation.demo.programs import DemoFailed, terminal
from nba_consolidation.demo.run import run_demo
from nba_consolidation.demo.season import Season
from nba_consolidation.demo.systems import SYSTEMS
from nba_consolidation.schema import POLICY_REVIEWS
from nba_consolidation.settings import Settings
from nba_consolidation.warehouse.table_reads import game_dates
from nba_consolidation.wiring import deploy
from nba_consolidation_tests.demo.played import DATES, LAST_DATE, Played
from nba_consolidation_tests.orchestration.test_graph import EXTERNAL, PARTITIONED, PERFORMANCE


def test_a_small_season_comes_out_exactly_once_and_dagster_has_the_runs(played: Played) -> None:
    home, output = played.home, played.output
    assert output["as_expected"] is True
    expected = output["expected"]
    assert {name: output["outcome"][name] for name in expected} == expected
    assert (output["outcome"]["duplicates"], output["outcome"]["lost"]) == (0, 0)
    assert [racer["name"] for racer in output["racers"]] == ["Dagster", "terminal"]
    assert sum(racer["rows"] for racer in output["racers"]) == expected["staged"]
    assert sum(row["bets"] for row in output["hit_rates"]) > 0
    assert (home / "dagster_home" / "history" / "runs.db").exists()
    assert sorted(path.name for path in home.parent.iterdir()) == ["demo"]


@pytest.mark.slow
def test_every_command_that_the_demo_prints_works(played: Played, tmp_path: Path) -> None:
    home = tmp_path / "demo"
    shutil.copytree(played.home, home)
    for command in played.output["commands"]:
        arguments = command.replace(str(played.home), str(home)).split()
        done = subprocess.run(
            [sys.executable, "-m", "nba_consolidation.cli", "--home", str(home), *arguments],
            capture_output=True, check=False, text=True,
        )  # fmt: skip
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout.strip()


def test_what_the_games_teach_is_in_its_tables_and_on_a_page(played: Played) -> None:
    last = Season(dates=DATES, refused_tables=True).game_dates[-2]
    assert played.output["report"] == str((played.home / "reports" / f"report-{last}.html").absolute())
    assert "Does the confidence match the hit rate?" in Path(played.output["report"]).read_text("utf-8")
    warehouse = deploy(Settings(home=played.home)).warehouse
    assert game_dates(warehouse, POLICY_REVIEWS) == (last, last + dt.timedelta(1))


def test_the_last_dates_games_are_to_come_and_are_graded_once_their_box_scores_are_loaded(
    played: Played, tmp_path: Path
) -> None:
    settings = Settings(home=shutil.copytree(played.home, tmp_path / "demo"))
    last = Season(dates=DATES, refused_tables=True).game_dates[-1]
    before = terminal(settings, "grade", "--date", str(last))["totals"]
    assert before["waiting"] > 0 == before["correct"] + before["wrong"]
    terminal(settings, "box-scores", str(settings.home / BOX_SCORES / f"{last}.parquet"))
    graded = terminal(settings, "grade")["totals"]
    assert graded["waiting"] == 0 < graded["inserted"]
    whole = played.output["expected_once_all_are_played"]
    outcomes = ("correct", "wrong", "push", "passed", "voided")
    assert {name: graded[name] for name in outcomes} == {name: whole[name] for name in outcomes}


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("the only copy")
    with pytest.raises(DemoFailed, match="no demo wrote"):
        run_demo(tmp_path, Season(dates=2), processes=1)
    assert (tmp_path / "thesis.txt").read_text() == "the only copy"


def _figures(**others: int) -> Figures:
    return Figures(**{**{field.name: number for number, field in enumerate(fields(Figures), start=2)}, **others})


def test_every_asset_has_its_dates_and_the_runs_succeeded(played: Played) -> None:
    last_date = dt.date.fromisoformat(LAST_DATE)
    dates = {str(last_date - dt.timedelta(days)) for days in range(DATES)}
    weekly = {"confidence_recalibration", "confidence_recalibration_events"}
    with dg.DagsterInstance.from_config(str(played.home / "dagster_home")) as instance:
        runs = [record.dagster_run for record in instance.get_run_records()]
        keys = {key.to_user_string(): key for key in instance.get_asset_keys()}
        filled = {name: instance.get_materialized_partitions(key) for name, key in keys.items()}
    assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
    of_location = {run.tags[".dagster/repository"] for run in runs}
    assert of_location == {"__repository__@nba_consolidation"}
    assert set(PARTITIONED + PERFORMANCE + EXTERNAL) - set(filled) <= weekly, "two days have no Monday"
    of_played = {"player_game_summary", "daily_quality"}
    for name in set(PARTITIONED + PERFORMANCE) - weekly - of_played:
        assert filled[name] == dates, name
    for name in of_played:
        assert filled[name] == {min(dates)}, "the last date is to come"
    assert (played.home / "made-by-nba-consolidation-demo").read_text() == f"{min(dates)}\n"


def test_the_season_ends_with_the_date_that_is_asked_for_or_before_a_day_off() -> None:
    assert Season.ending(dt.date(2026, 4, 12), dates=170).game_dates[-1] == dt.date(2026, 4, 12)
    assert Season.ending(dt.date(2025, 12, 24), dates=30).game_dates[-1] == dt.date(2025, 12, 23)


def test_what_it_prints_fits_a_screen() -> None:
    """40 lines of 100 characters, as `make demo` prints them."""
    figures = _figures(**dict.fromkeys((field.name for field in fields(Figures)), 1_234_567))
    rate = {"bets": 100_000, "hit_rate": 0.5, "hit_rate_low": 0.49, "hit_rate_high": 0.51}
    comparison = DemoComparison(
        expected=Expectation({dt.date(2026, 1, 15): figures}, {}, 1_000, {"_staging_a": 1, "_staging_b": 2}),
        expected_figures=figures,
        actual_figures=figures,
        duplicates=0,
        hit_rates=tuple({"system_id": name, **rate} for name in ("ALL", *SYSTEMS)),
        racers=(Racer("Dagster", 2, 500_000), Racer("terminal", 12, 100_000)),
        report=Path.cwd() / ".demo" / "reports" / "report-2026-01-14.html",
        seconds=100.0,
        example={"game_date": dt.date(2026, 1, 15), "player_lookup": "giannisantetokounmpojr"},
    )
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        first = dt.date(2025, 10, 21)
        print_result(False, {}, *page(Path(".demo"), comparison, first), *dagster_commands(Path(".demo"), first))
    lines = printed.getvalue().splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100


def test_where_there_is_no_makefile_the_demo_prints_what_opens_it_in_dagster_and_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, home = dt.date(2025, 10, 21), tmp_path / ".demo"
    commands = f"""The season in Dagster:
  export DAGSTER_HOME={home}/dagster_home
  export NBA_CONSOLIDATION_HOME={home} NBA_CONSOLIDATION_FIRST_DATE=2025-10-21
  dagster dev -m nba_consolidation.definitions"""
    assert dagster_commands(home, first) == [commands]
    assert dagster_commands(home, first, tmp_path) == [commands], "no Makefile there: a wheel"
    monkeypatch.setattr("nba_consolidation.cli.demo.find_spec", {}.get)
    [without_extra] = dagster_commands(home, first)
    assert "  pip install 'nba-consolidation[ui]'\n" in str(without_extra)
    (tmp_path / "Makefile").touch()
    assert dagster_commands(home, first, tmp_path) == ["The season in Dagster: make ui"]
    assert "make ui" not in str(dagster_commands(home / "elsewhere", first, tmp_path))


def test_the_verdict_is_bad_as_soon_as_one_figure_is() -> None:
    expected = _figures()
    good: dict[str, Any] = {
        "expected": Expectation({dt.date(2026, 1, 15): expected}, {}, 1, {}),
        "expected_figures": expected,
        "actual_figures": expected,
        "duplicates": 0,
        "hit_rates": (),
        "racers": (),
        "report": Path("report.html"),
        "seconds": 1.0,
        "example": {},
    }
    assert DemoComparison(**good).as_expected
    assert not DemoComparison(**{**good, "duplicates": 1}).as_expected
    for field in fields(Figures):
        assert not DemoComparison(**{**good, "actual_figures": _figures(**{field.name: 1})}).as_expected
    one_lost = replace(expected, consolidated=expected.consolidated - 1)
    assert DemoComparison(**{**good, "actual_figures": one_lost}).lost == 1
