"""What the tests of the terminal share: a home of their own, the program, and files of predictions."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nba_consolidation.cli import main
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction

DATE = "2026-01-15"
PROGRAM = (sys.executable, "-c", "from nba_consolidation.cli import main; main(prog_name='nba-consolidation')")


@dataclass(frozen=True)
class Terminal:
    """The program with a home of its own."""

    home: Path

    def run(self, *arguments: object, exit_code: int = 0) -> Result:
        """Runs the command, which must end with that code and never with a traceback."""
        result = CliRunner().invoke(main, ["--home", str(self.home), *map(str, arguments)])
        assert result.exit_code == exit_code, (result.stdout, result.stderr, result.exception)
        assert "Traceback" not in result.output
        return result

    def json(self, *arguments: object, exit_code: int = 0) -> Any:
        """The JSON document that the command prints."""
        return json.loads(self.run(*arguments, "--json", exit_code=exit_code).stdout)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NBA_CONSOLIDATION_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "home")


@pytest.fixture
def rows_file(tmp_path: Path) -> Callable[..., Path]:
    """Makes a file of JSON lines."""

    def write(name: str, *rows: Mapping[str, Any]) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(dict(row), default=str) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def consolidated(terminal: Terminal, rows_file: Callable[..., Path]) -> Terminal:
    """Two versions of one key, another line, a bad row: staged by two workers and consolidated."""
    early = rows_file("_staging_20260115_120000_w1.jsonl", prediction("20.5", 0), prediction("21.0", 2))
    late = rows_file("_staging_20260115_170000_w2.jsonl", prediction("20.5", 1), prediction(predicted_points=99))
    terminal.run("stage", early, late)
    terminal.run("consolidate")
    return terminal
