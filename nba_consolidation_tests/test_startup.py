"""What a command loads before it does its work: it starts in a fraction of a second because most libraries are not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from nba_consolidation_tests.warehouse.rows import row, rows_table

CHECK = """
import sys
from nba_consolidation.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
finally:
    print("LOADED", *sorted({name.split(".")[0] for name in sys.modules}))
"""

ANALYSIS = {"dagster", "matplotlib", "pandas", "scipy", "google"}
WAREHOUSE = {"duckdb", "numpy", "pyarrow", "sqlglot"}


def loaded(home: Path, *arguments: str | Path) -> set[str]:
    """The top-level modules that are loaded when the command ends."""
    done = subprocess.run(
        [sys.executable, "-c", CHECK, "--home", home, *arguments], capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize(
    "command", [("--help",), ("locks", "list"), ("locks", "audit"), ("locks", "list", "--json")], ids=" ".join
)
def test_a_command_that_reads_one_sqlite_file_or_nothing_loads_no_warehouse(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    assert not loaded(tmp_path, *command) & (ANALYSIS | WAREHOUSE)


def test_status_loads_the_warehouse_and_no_analysis(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "status")
    assert not modules & ANALYSIS
    assert modules >= WAREHOUSE, "it reads the warehouse, so the test can fail"


def test_staging_loads_no_warehouse(tmp_path: Path) -> None:
    """Pyarrow itself loads pandas, where that is installed, when it converts a list."""
    file = tmp_path / "_staging_20260115_120000_w1.parquet"
    pq.write_table(rows_table(row()), file)
    modules = loaded(tmp_path / "home", "stage", file)
    assert not modules & {"dagster", "duckdb", "google", "matplotlib", "scipy", "sqlglot"}
    assert list((tmp_path / "home" / "staging").glob("*.parquet"))


def test_a_group_has_the_subcommands_that_another_module_adds(tmp_path: Path) -> None:
    assert "click" in loaded(tmp_path, "calibration", "approve", "--help")
