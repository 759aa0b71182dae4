"""What a test run prints: of a failed test no DEBUG lines; at the end which tests were not run here, and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator
from typing import Any, Protocol

import pytest

_TARGETS = {"soak": "make soak", "slow": "make test-slow"}
"""Of each marker that `make test` leaves out, the target that runs its tests. A test with both belongs to the first."""
_LEFT_OUT = pytest.StashKey[Counter[str]]()


_DEBUG_LINE = re.compile(r"^.* - (?:\x1b\[\d+m)?DEBUG(?:\x1b\[0m)? - .*\n?", re.MULTILINE)
"""Dagster sends every event of every step to stderr: thousands of lines that hide why a test failed."""


class _Node(Protocol):
    """A worker of xdist, as its controller sees it."""

    config: pytest.Config
    workeroutput: dict[str, Any]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Takes the DEBUG lines out of what the test printed."""
    report = yield
    report.sections = [(title, _without_debug_lines(text)) for title, text in report.sections]
    return report


def _without_debug_lines(text: str) -> str:
    kept, left_out = _DEBUG_LINE.subn("", text)
    return f"{kept}({left_out} DEBUG lines left out)\n" if left_out else kept


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Counts what is left out by its marker, in this process."""
    for item in items:
        marker = next((name for name in _TARGETS if item.get_closest_marker(name)), None)
        if marker:
            _left_out(item.config)[marker] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its counts to the controller, which collects no test itself."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = dict(_left_out(session.config))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: _Node) -> None:
    """Every worker collects all tests, so one worker's counts are those of the run. One that crashed has none."""
    counts = getattr(node, "workeroutput", {}).get("left_out")
    if counts:
        node.config.stash[_LEFT_OUT] = Counter(counts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """How many tests were not run, by reason."""
    skipped = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    left_out = _left_out(config)
    lines = [f"{n:5}  {reason}" for reason, n in skipped.most_common()]
    lines += [f"{left_out[name]:5}  {name}: {target}" for name, target in _TARGETS.items() if left_out[name]]
    if lines:
        terminalreporter.section("not run here", "=")
        terminalreporter.write("\n".join([*lines, ""]))


def _left_out(config: pytest.Config) -> Counter[str]:
    return config.stash.setdefault(_LEFT_OUT, Counter())


def _reason(report: pytest.TestReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")
