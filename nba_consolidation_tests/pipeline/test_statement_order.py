"""The numbers of the statement files are the order in which a transaction runs them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from nba_consolidation.fencing.fenced_writer import fence_parameters
from nba_consolidation.leases import Holder, LeaseRecord
from nba_consolidation.pipeline.consolidation.transaction import consolidation
from nba_consolidation.pipeline.validation.validate import Validator
from nba_consolidation.schema import PREDICTIONS
from nba_consolidation.sql import Statement
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, KNOWN, NOW, Workbench

HOLDER = Holder.here("run")
LEASE = LeaseRecord.granted(f"consolidation_{DATE}", HOLDER, 60, "nonce", version=1, now=NOW)
PARAMETERS = fence_parameters([LEASE], HOLDER, NOW)


def numbered(folder: str) -> list[str]:
    """The statements whose files have a number, in the order of the numbers, which must be 1, 2, 3 and so on."""
    files = [re.fullmatch(r"(\d+)_(.+)\.sql", file.name) for file in _package(folder).glob("*.sql")]
    by_number = {int(match[1]): match[2] for match in files if match}
    assert sorted(by_number) == list(range(1, len(by_number) + 1))
    return [name for _, name in sorted(by_number.items())]


def own_files(statements: Sequence[Statement]) -> list[str]:
    """The files of the statements, without those that serve several tables."""
    shared = {file.stem for file in _package("fencing").glob("*.sql")}
    files = [statement.file or statement.name for statement in statements]
    return [file for file in files if file not in shared]


def _package(folder: str) -> Path:
    return Path(str(resources.files("nba_consolidation"))) / folder / "sql"


def test_a_consolidation_runs_its_files_in_the_order_of_their_numbers() -> None:
    statements = consolidation(PARAMETERS, "id", KNOWN, PREDICTIONS.columns)
    assert own_files(statements) == numbered("pipeline/consolidation")


def test_a_validation_runs_its_files_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    statements = Validator(Workbench(tmp_path).writer()).statements(PARAMETERS)
    assert own_files(statements) == numbered("pipeline/validation")
