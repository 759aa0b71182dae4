"""The program as a whole: help, exit codes, settings, dates, interruption, what it loads and how it prints."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from nba_consolidation.cli import main
from nba_consolidation.cli.exit_codes import MEANINGS, Exit
from nba_consolidation.cli.output import Facts, Grid, GridColumn
from nba_consolidation.leases import Holder
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation.pipeline.consolidation.consolidate import Consolidator
from nba_consolidation.settings import last_known_date
from nba_consolidation_tests.cli.conftest import DATE, PROGRAM, Terminal
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction
from nba_consolidation_tests.prepared import connect

Write = Callable[..., Path]
COMMANDS = sorted(name for name, command in main.commands.items() if not command.hidden)


def program(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program as a process of its own."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)], env=os.environ | environment, capture_output=True, text=True, check=False
    )


def test_help_names_every_command_and_every_exit_code() -> None:
    text = CliRunner().invoke(main, ["--help"]).stdout
    assert [command for command in COMMANDS if command not in text] == []
    assert [code for code, meaning in MEANINGS.items() if f"{code.value}  {meaning}" not in text] == []
    assert set(MEANINGS) == set(Exit)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    assert CliRunner().invoke(main, [command, "-h"]).exit_code == 0


def test_help_loads_nothing_heavy() -> None:
    probe = (
        "import sys\nfrom nba_consolidation.cli import main\nmain(['--help'], standalone_mode=False)\n"
        "heavy = {'duckdb', 'pandas', 'dagster', 'numpy', 'pyarrow', 'sqlglot', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_mistyped_command_exits_with_two() -> None:
    done = program("consolidat")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["consolidate", "validate", "quarantine", "duplicates"])
@pytest.mark.parametrize("date", ["1900-01-01", "2999-01-01"])
def test_an_unknown_game_date_is_a_usage_error_that_names_the_known_range(
    terminal: Terminal, command: str, date: str
) -> None:
    stderr = terminal.run(command, "--date", date, exit_code=2).stderr
    assert f"2021-10-19 to {last_known_date()}" in " ".join(stderr.split())


@pytest.mark.parametrize(
    "options",
    [
        ["--date", "15.1.2026"],
        ["--date", "2026-02-30"],
        ["--date", DATE, "--from", DATE],
        ["--from", "2026-01-16", "--to", DATE],
    ],
)
def test_dates_that_contradict_each_other_are_a_usage_error(terminal: Terminal, options: list[str]) -> None:
    terminal.run("consolidate", *options, exit_code=2)


def test_an_earlier_first_date_makes_earlier_dates_known(terminal: Terminal) -> None:
    terminal.run("--first-date", "2019-10-22", "consolidate", "--date", "2019-10-22")


def test_a_wrong_variable_exits_with_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBA_CONSOLIDATION_LEASE_WAIT", "soon")
    result = CliRunner().invoke(main, ["status"])
    assert result.exit_code == 2
    assert "NBA_CONSOLIDATION_LEASE_WAIT" in result.stderr


def test_an_option_overrides_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBA_CONSOLIDATION_HOME", str(tmp_path / "of_variable"))
    result = CliRunner().invoke(main, ["--home", str(tmp_path / "of_option"), "status", "--json"])
    assert json.loads(result.stdout)["place"] == str(tmp_path / "of_option")


def test_a_traceback_is_printed_only_with_debug(terminal: Terminal) -> None:
    assert "Traceback" not in terminal.run("duplicates", exit_code=1).stderr
    result = CliRunner().invoke(main, ["--home", str(terminal.home), "--debug", "duplicates"])
    assert result.exit_code == 1
    assert "Traceback" in result.stderr


def test_an_unexpected_error_is_reported_without_a_traceback(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr(Consolidator, "consolidate", fail)
    assert "unexpected ZeroDivisionError: surprise" in terminal.run("consolidate", exit_code=1).stderr


def test_a_file_that_is_no_warehouse_is_named(terminal: Terminal) -> None:
    terminal.home.mkdir()
    (terminal.home / "warehouse.duckdb").write_bytes(b"this is no database" * 1000)
    assert "warehouse.duckdb" in terminal.run("status", exit_code=1).stderr


@pytest.mark.other_processes
def test_a_warehouse_that_another_process_has_open_exits_with_four(terminal: Terminal) -> None:
    terminal.run("bootstrap", "--apply")
    with connect(terminal.home / "warehouse.duckdb"):
        done = program("--home", terminal.home, "--warehouse-wait", "0", "status")
    assert (done.returncode, done.stdout) == (4, "")
    assert str(os.getpid()) in done.stderr


def test_an_interruption_exits_with_130(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Consolidator, "consolidate", interrupt)
    assert "Run the command again" in terminal.run("consolidate", exit_code=130).stderr


def interrupted(process: subprocess.Popen[str]) -> str:
    """The stderr after Ctrl-C, which is repeated: Python loses a signal that arrives in a callback of an import."""
    for _ in range(6):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=10)[1]
    process.kill()
    raise AssertionError("the process ignores Ctrl-C")


@pytest.mark.other_processes
def test_ctrl_c_ends_a_process_with_130_and_leaves_nothing_half_done(terminal: Terminal, rows_file: Write) -> None:
    """The process waits for a lease that another process holds."""
    terminal.run("stage", rows_file("x.jsonl", prediction()))
    store = SqliteLeaseStore(terminal.home / "leases.sqlite")
    store.try_acquire([f"consolidation_{DATE}"], Holder.here("at-work"), 600, operation_id="theirs")
    process = subprocess.Popen(
        [*PROGRAM, "--home", str(terminal.home), "--lease-wait", "600", "consolidate"],
        stderr=subprocess.PIPE,
        text=True,
        # A background process ignores the signal, and so do its children. No other thread runs here.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    while not terminal.json("locks", "list")["waiters"]:
        assert process.poll() is None
        time.sleep(0.1)
    stderr = interrupted(process)
    assert process.returncode == 130
    assert "Interrupted" in stderr
    assert "Traceback" not in stderr
    status = terminal.json("status")
    assert (status["totals"]["waiting_rows"], status["totals"]["total_rows"]) == (1, 0)


@pytest.mark.other_processes
def test_a_process_stages_consolidates_and_prints_plain_lines(terminal: Terminal, rows_file: Write) -> None:
    file = rows_file("x.jsonl", prediction())
    for arguments in (["stage", file], ["consolidate"], ["status"]):
        done = program("--home", terminal.home, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert "\x1b" not in done.stdout
        assert [line for line in done.stdout.splitlines() if line != line.rstrip()] == []


@pytest.mark.other_processes
def test_a_terminal_with_only_ascii_is_enough(consolidated: Terminal) -> None:
    done = program("--home", consolidated.home, "status", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    for arguments in (["explain", "--date", DATE, "--player", "jaimejaquezjr"], ["quarantine"]):
        result = CliRunner(charset="ascii").invoke(main, ["--home", str(consolidated.home), *arguments])
        assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.other_processes
def test_a_reader_that_closes_the_pipe_is_no_error(consolidated: Terminal) -> None:
    command = [*PROGRAM, "--home", str(consolidated.home), "status", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        stderr = process.stderr.read()
    assert "Traceback" not in stderr


def rendered(part: Grid | Facts, width: int, terminal: bool = True) -> list[str]:
    """The lines of a grid on a console of that width."""
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    console.print(part.fit(console))
    file: Any = console.file
    return [line.rstrip() for line in file.getvalue().splitlines()]


GRID = Grid(
    [
        GridColumn("date"),
        GridColumn("super\u00adseded", right=True),
        GridColumn("holder", 1),
        GridColumn("why", fold=True),
    ],
    [("2026-01-15", 12345, "h" * 40, "because of a long story that goes on and on " * 2)],
)


def test_a_table_leaves_out_its_least_important_columns_before_it_wraps() -> None:
    assert not any("hhh" in line for line in rendered(GRID, 80))
    assert any("h" * 40 in line for line in rendered(GRID, 120))


@pytest.mark.parametrize("width", [40, 80, 100, 200])
def test_a_table_never_exceeds_the_terminal(width: int) -> None:
    assert max(map(len, rendered(GRID, width))) <= width


def test_in_a_pipe_a_row_is_one_line_and_a_title_one_word() -> None:
    head, _rule, row = rendered(GRID, 10_000, terminal=False)
    assert "superseded" in head
    assert row.startswith("2026-01-15")


def test_records_take_the_place_of_a_table_that_does_not_fit() -> None:
    grid = Grid([GridColumn("lease"), GridColumn("holder")], [("consolidation_2026-01-15", "h" * 60)], records=True)
    assert len(rendered(grid, 100)) == 3
    assert [line.split()[0] for line in rendered(grid, 80)] == ["lease", "holder"]


def test_control_characters_in_values_are_escaped() -> None:
    assert "\x1b" not in "".join(rendered(Facts("a\x1b[2J", [("name", "[red]b\x1b[1m")]), 80))
    assert any("[red]b" in line for line in rendered(Facts("a", [("name", "[red]b")]), 80))


@pytest.mark.parametrize("width", [20, 200])
def test_no_text_of_a_table_is_taken_for_a_style(width: int) -> None:
    name = "[red]a[/]"
    grid = Grid([GridColumn(name), GridColumn("why")], [(name, "b" * 30)], title=name, records=True)
    facts = Facts(name, [(name, name)])
    printed = "".join(line for part in (grid, facts) for line in rendered(part, width))
    assert printed.count(name) == 6
