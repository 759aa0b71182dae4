"""What a test run prints, by small runs of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import nba_consolidation_tests
from nba_consolidation_tests import reporting

TESTS = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_here(number): pytest.skip("there is no chromium") if number else None

@pytest.mark.skipif(True, reason="the real games are not at data")
def test_games(): pass

@pytest.mark.slow
@pytest.mark.parametrize("number", range(4))
def test_slow(number): pass

@pytest.mark.slow
@pytest.mark.soak
def test_soak(): pass
"""


def run(folder: Path, tests: str, *options: str) -> str:
    """What a run of these tests prints."""
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  slow\n  soak\n", encoding="utf-8")
    (folder / "test_some.py").write_text(tests, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", reporting.__name__, "-p", "no:cacheprovider", *options]
    environment = {"PYTHONPATH": str(Path(nba_consolidation_tests.__file__).parents[1])}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.stdout


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.slow)])
def test_a_run_ends_with_what_was_not_run_and_why(tmp_path: Path, workers: str) -> None:
    out = run(tmp_path, TESTS, "--numprocesses", workers, "-m", "not slow and not soak")
    _, _, end = out.partition("= not run here =")
    assert [line.split(maxsplit=1) for line in end.splitlines() if line.startswith(" ")] == [
        ["2", "there is no chromium"],
        ["1", "the real games are not at data"],
        ["1", "soak: make soak"],
        ["4", "slow: make test-slow"],
    ]


def test_a_run_of_every_test_has_nothing_to_add(tmp_path: Path) -> None:
    out = run(tmp_path, "def test_here(): pass")
    assert "1 passed" in out
    assert "not run here" not in out


REAL_DATA = """
from pathlib import Path
from nba_consolidation_tests.real_data import needs

@needs(Path("missing"))
def test_without(): raise FileNotFoundError("missing/expected.json")

@needs(Path("there"))
def test_with(): pass
"""


def test_a_test_of_real_data_is_skipped_where_the_data_is_missing_and_the_run_ends_with_its_place(
    tmp_path: Path,
) -> None:
    (tmp_path / "there").mkdir()
    out = run(tmp_path, REAL_DATA)
    _, _, end = out.partition("= not run here =")
    assert [line.split(maxsplit=1) for line in end.splitlines() if line.startswith(" ")] == [
        ["1", "the real data is not at missing"],
    ]
    assert "1 passed, 1 skipped" in end


def test_every_module_of_tests_that_reads_real_data_is_skipped_without_it() -> None:
    folder = Path(nba_consolidation_tests.__file__).parent
    modules = {path: path.read_text(encoding="utf-8") for path in folder.rglob("test_*.py")}
    readers = {path: text for path, text in modules.items() if re.search("[(]REAL /", text)}
    skipped = {
        path for path, text in readers.items() if re.search("^(pytestmark = |@)NEEDS_REAL_DATA$", text, re.MULTILINE)
    }
    assert readers
    assert skipped == set(readers)


DAGSTER = """
import dagster as dg

@dg.op
def work(context):
    context.log.warning("no rows")

@dg.job
def job():
    work()

def test_here():
    assert not job.execute_in_process().success, "too good"
"""


def test_a_failed_test_shows_no_debug_lines_of_dagster(tmp_path: Path) -> None:
    out = run(tmp_path, DAGSTER)
    assert "too good" in out
    assert "WARNING - job" in out
    assert "DEBUG - " not in out
    assert re.search(r"\(\d+ DEBUG lines left out\)", out)
