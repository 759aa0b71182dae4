"""README: "From a first staging file to a first published row", executed as it is printed, in an empty folder."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from nba_consolidation.settings import Settings
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.wiring import deploy
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE

pytestmark = pytest.mark.other_processes

README = Path(__file__).parents[2] / "README.md"
PROGRAM = ".venv/bin/nba-consolidation "


def test_the_first_row_is_published_by_the_commands_of_the_readme(tmp_path: Path) -> None:
    section = README.read_text(encoding="utf-8").split("## From a first staging file")[1].split("\n## ")[0]
    (csv,) = re.findall(r"```csv\n(.*?)```", section, re.DOTALL)
    (tmp_path / "predictions.csv").write_text(csv, encoding="utf-8")
    commands = [line.split("#")[0] for line in section.splitlines() if line.startswith(PROGRAM)]
    assert [command.split()[1] for command in commands] == ["stage", "consolidate", "explain"]
    for command in commands:
        arguments = command.removeprefix(PROGRAM).split()
        done = subprocess.run(
            [sys.executable, "-m", "nba_consolidation.cli", *arguments],
            cwd=tmp_path, capture_output=True, check=False, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "lebronjames" in done.stdout
    warehouse = deploy(Settings(home=tmp_path / ".local")).warehouse
    published = warehouse.query(Statement("validated_dates", over_dates([DATE])))
    assert [row["validated_rows"] for row in published] == [1]
