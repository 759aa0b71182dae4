"""The table of mutants fits the code, so that `make mutants` can run."""

import ast
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from nba_consolidation_tests.mutants import __main__ as runner
from nba_consolidation_tests.mutants.table import AREAS, ROOT, Mutant, mutants

TABLE = [mutant for area in AREAS for mutant in mutants(area)]


@cache
def functions(path: Path) -> set[str]:
    return {
        node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize("mutant", TABLE, ids=lambda mutant: mutant.fault)
def test_the_old_text_is_there_exactly_once_and_the_tests_exist(mutant: Mutant) -> None:
    mutant.changed(ROOT)
    assert mutant.tests
    for test in mutant.tests:
        file, _, function = test.partition("::")
        assert function.partition("[")[0] in functions(ROOT / file), test


def test_no_fault_is_listed_twice() -> None:
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in TABLE}) == len(TABLE)
    assert len({mutant.fault for mutant in TABLE}) == len(TABLE)


SURVIVOR = "alive: nba_consolidation/leases/sqlite.py: SQLite tokens can repeat"


@pytest.mark.parametrize(
    ("unmutated", "mutated", "exit_code", "last_line"),
    [
        (0, 1, 0, "1 mutants, all dead"),
        (0, 0, 1, SURVIVOR),
        (0, 4, 1, SURVIVOR),  # the test does not exist, or cannot be imported
        (1, 1, 1, "The tests fail without a mutant: nothing was tried."),
    ],
)
def test_only_a_failing_test_kills_a_mutant(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    unmutated: int,
    mutated: int,
    exit_code: int,
    last_line: str,
) -> None:
    seen = []

    def pytest_of(copy: Path, tests: Sequence[str]) -> "CompletedProcess[str]":
        text = (copy / "nba_consolidation/leases/sqlite.py").read_text(encoding="utf-8")
        seen.append("max(version + 1, ?)" not in text)
        return CompletedProcess([], mutated if seen[-1] else unmutated, stdout=f"output of {tests}")

    monkeypatch.setattr(runner, "_COPIED", ("nba_consolidation/leases",))
    monkeypatch.setattr(runner, "_pytest", pytest_of)
    arguments = ["leases", "--only", "SQLite tokens can repeat", "--processes", "1"]
    assert runner.main(arguments) == exit_code
    assert capsys.readouterr().out.splitlines()[-1] == last_line
    assert seen == ([False] if unmutated else [False, True])
    assert "max(version + 1, ?)" in (ROOT / "nba_consolidation/leases/sqlite.py").read_text(encoding="utf-8")
