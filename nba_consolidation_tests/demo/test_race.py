"""The demo as `make demo` runs it, on a small season: real processes, and a real Dagster instance."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.demo.expectation import Expectation, Figures
from nba_consolidation.demo.race import DemoFailed, Outcome, run_demo
from nba_consolidation.demo.season import Season


def test_a_small_season_comes_out_exactly_once_and_dagster_has_the_runs(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    command = [sys.executable, "-m", "nba_consolidation.cli", "--home", str(home), "demo", "--dates", "4", "--json"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["as_expected"] is True
    expected = said["expected"]
    assert {name: said["outcome"][name] for name in expected} == expected
    assert (said["outcome"]["duplicates"], said["outcome"]["lost"]) == (0, 0)
    assert [racer["name"] for racer in said["racers"]] == ["Dagster", "terminal"]
    assert sum(racer["rows"] for racer in said["racers"]) == expected["staged"]
    assert (home / "dagster_home" / "history" / "runs.db").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo"]


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("the only copy")
    with pytest.raises(DemoFailed, match="no demo made"):
        run_demo(tmp_path, Season(dates=2), processes=1)
    assert (tmp_path / "thesis.txt").read_text() == "the only copy"


def test_the_verdict_is_bad_as_soon_as_one_figure_is() -> None:
    wanted = Figures(staged=10, consolidated=6, active=3, quarantined=1, newest_micros=5)
    good: dict[str, Any] = {
        "expected": Expectation({dt.date(2026, 1, 15): wanted}, {}, 1, {}),
        "consolidated": 6,
        "active": 3,
        "quarantined": 1,
        "staged": 10,
        "superseded": 3,
        "updated": 0,
        "stale": 0,
        "duplicates": 0,
        "newest_everywhere": True,
        "racers": (),
        "seconds": 1.0,
    }
    assert Outcome(**good).as_expected
    for figure, wrong in (("consolidated", 5), ("active", 4), ("quarantined", 0), ("staged", 9), ("duplicates", 1),
                          ("newest_everywhere", False)):  # fmt: skip
        assert not Outcome(**{**good, figure: wrong}).as_expected
    assert Outcome(**{**good, "consolidated": 5}).lost == 1
