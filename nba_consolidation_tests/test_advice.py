"""Every command that a message, a page or a document advises exists and accepts its arguments."""

from __future__ import annotations

import ast
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from nba_consolidation.cli import main
from nba_consolidation.cli.session import Session
from nba_consolidation.settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "nba_consolidation"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "deploy" / "README.md", *PACKAGE.rglob("*.html"),
         *(page for page in (ROOT / "docs").glob("*.md") if page.name != "commands.md")]  # fmt: skip
"""Without the page of the commands, which the parser itself writes."""
FILLED_IN = "VALUE"
SAMPLES = ("2026-01-15", "1", "--date=2026-01-15", "status")
"""What a placeholder can stand for: a date or a text, a number, the options that choose dates, a command."""
_COMMAND = re.compile(
    r"""(?<![\w/])(?:\S*/bin/)?nba-consolidation ((?:(?<=[ =])"[^"\n]*"|(?![,.:]+(?:\s|$|`))[^`\n<>#;()"])*)"""
)
_PLACEHOLDER = re.compile(r"[A-Z][A-Z_]+|\{\{.*?\}\}")


def texts_of(module: str) -> Iterator[str]:
    """The strings of a module; FILLED_IN stands for what is formatted into one."""
    tree = ast.parse(module)
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in formatted for part in node.values}
    for text in formatted:
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else FILLED_IN for part in text.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


def commands_in(text: str) -> Iterator[str]:
    """The commands in a text: without the program, each to the end of its quotes, clause or line."""
    for match in _COMMAND.finditer(text.replace(" ...", f" {FILLED_IN}")):
        command = _PLACEHOLDER.sub(FILLED_IN, match[1]).removesuffix("...").strip()
        if command and not command.startswith(FILLED_IN):
            yield command


def problem(line: str) -> str | None:
    """Why the program refuses the command; None if it accepts it with a sample for each placeholder."""
    parts = line.split(FILLED_IN)
    refusals = [
        _refusal(shlex.split("".join(map("".join, itertools.zip_longest(parts, samples, fillvalue="")))))
        for samples in itertools.product(SAMPLES, repeat=len(parts) - 1)
    ]
    return None if None in refusals else refusals[0]


def _refusal(words: list[str]) -> str | None:
    """As `problem`, for one choice of samples. What is required and missing is no refusal: advice can leave it out."""
    command: click.Command | None = main
    context = None
    try:
        while command is not None:
            context = command.make_context(command.name, words, context, obj=Session(Settings()))
            if not isinstance(command, click.Group) or not (rest := [*context._protected_args, *context.args]):
                return None
            command, words = command.get_command(context, rest[0]), rest[1:]
    except click.MissingParameter:
        return None
    except click.exceptions.Exit:
        return None
    except click.UsageError as error:
        return error.format_message()
    return f"no such command: {rest[0]}"


ADVICE = sorted(
    {
        *(command for path in PAGES for command in commands_in(path.read_text(encoding="utf-8"))),
        *(
            command
            for path in PACKAGE.rglob("*.py")
            for text in texts_of(path.read_text(encoding="utf-8"))
            for command in commands_in(text)
        ),
    }
)


@pytest.mark.parametrize("command", ADVICE)
def test_a_command_that_is_advised_exists(command: str) -> None:
    assert problem(command) is None


def test_the_commands_are_found() -> None:
    reseed = f"locks reseed --token {FILLED_IN} --reason {FILLED_IN}"
    assert {f"repair predictions {FILLED_IN}", "repair predictions", reseed} <= {*ADVICE}
    assert len(ADVICE) > 70


@pytest.mark.parametrize(
    "command",
    ["repare", "repair forecasts", "repair predictions --all", "status now", "repair predictions --date soon",
     "locks reseed --token many --reason x", "calibration aprove VALUE"],
)  # fmt: skip
def test_a_command_that_does_not_exist_is_refused(command: str) -> None:
    assert problem(command)
