"""Commands that only read: beside other readers, on a read-only file system, and while somebody writes."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nba_consolidation.leases import Holder
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation_tests.cli.conftest import DATE, Terminal

pytestmark = pytest.mark.other_processes

PLAYER = ("--player", "jaimejaquezjr")
READING = [
    ("status",), ("performance",), ("calibration",), ("calibration", "history"), ("strategies",), ("players", "list"),
    ("players", "overrides"), ("players", "aliases"), ("quarantine",), ("duplicates",),
    ("explain", "--date", DATE, *PLAYER), ("quality", "--date", DATE), ("report", "--output", "report.html"),
    ("locks", "list"), ("locks", "history"), ("locks", "audit"), ("cleanup",), ("bootstrap",),
    ("repair", "predictions"), ("repair", "accuracy"),
]  # fmt: skip
HOLD = (
    "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=len(sys.argv) > 2); print('held', flush=True);"
    "sys.stdin.read()"
)
RUN_ALL = """
import json, sys
from click.testing import CliRunner
from nba_consolidation.cli import main
home, commands = sys.argv[1], json.loads(sys.argv[2])
results = {" ".join(each): CliRunner().invoke(main, ["--home", home, *each]) for each in commands}
print(json.dumps({name: [result.exit_code, result.output] for name, result in results.items()}))
"""
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && ! touch "$1" 2>/dev/null'


@contextmanager
def holding(path: Path, *options: str) -> Iterator[int]:
    """Another process that has the DuckDB file open; yields its id."""
    arguments = [sys.executable, "-c", HOLD, str(path), *options]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.communicate()


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """The time stamp and the bytes of everything in the folder, and of the folder itself."""
    paths = [folder, *folder.rglob("*")]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in paths}


@pytest.mark.slow
def test_commands_that_only_read_work_beside_a_reader_and_change_nothing(
    consolidated: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = contents(consolidated.home)
    with holding(consolidated.home / "warehouse.duckdb", "read only"):
        for command in READING:
            consolidated.run("--warehouse-wait", "0", *command, exit_code=1 if command[0] == "quality" else 0)
    assert contents(consolidated.home) == before


def test_commands_that_only_read_make_nothing_in_a_home_without_a_warehouse(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    terminal.home.mkdir()
    for command in READING:
        assert terminal.run(*command, exit_code=1 if command[0] in ("explain", "report") else 0).output
    assert list(terminal.home.iterdir()) == []


@pytest.mark.slow
def test_commands_that_only_read_work_on_a_read_only_file_system(consolidated: Terminal, tmp_path: Path) -> None:
    home = str(consolidated.home)
    commands = json.dumps([*READING, ["doctor"]])
    script = f'{READ_ONLY} || exit 77; shift; exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", home, sys.executable, "-c", RUN_ALL, home, commands],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    if done.returncode != 0 and not done.stdout:
        pytest.skip(f"this user cannot mount a file system read-only: {done.stderr.strip() or 'it stayed writable'}")
    results = json.loads(done.stdout)
    doctor_code, doctor = results.pop("doctor")
    wrong = {name: result for name, result in results.items() if result[0] != (name.startswith("quality"))}
    assert wrong == {}
    assert doctor_code == 1
    assert re.findall(r"^(.+?) {2,}failed ", doctor, re.MULTILINE) == [
        "folders", "lease store", "lease round trip", "permission to write", "staging area",
    ]  # fmt: skip


def test_status_says_at_once_which_run_has_the_file_and_ends_at_the_limit(consolidated: Terminal) -> None:
    path = consolidated.home / "warehouse.duckdb"
    with holding(path) as pid:
        holder = Holder("a-holder", "run-7", socket.gethostname(), pid)
        SqliteLeaseStore(consolidated.home / "leases.sqlite").try_acquire(
            ["consolidation_2026-01-15"], holder, 60, operation_id=uuid.uuid4().hex
        )
        result = consolidated.run("--warehouse-wait", "0.2", "status", exit_code=4)
    waiting, error = result.stderr.splitlines()
    assert waiting == f"Waiting for pid {pid} (run run-7), which has {path} open; for at most 0.2 s."
    assert f"in use for 0.2 s by pid {pid} (run run-7)" in error
