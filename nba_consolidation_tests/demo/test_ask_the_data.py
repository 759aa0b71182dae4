"""The page on asking the data: every question is answered as it says, and its Python runs."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from nba_consolidation.cli import main
from nba_consolidation_tests.demo.played import DATES, LAST_DATE, Played

PAGE = (Path(__file__).parents[2] / "docs" / "ask-the-data.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"^## (\d+)\. .*?```sql\n(.*?)```\n\n```\n(.*?)```$", PAGE, re.MULTILINE | re.DOTALL)
(PROGRAM,) = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```$", PAGE, re.MULTILINE | re.DOTALL)


def test_there_are_ten_questions_about_the_season_of_these_tests() -> None:
    assert [number for number, _, _ in QUESTIONS] == [str(number) for number in range(1, 11)]
    assert f"demo --dates {DATES} --last-date {LAST_DATE}" in PAGE.replace("\n", " ")


@pytest.mark.parametrize(("number", "select", "answer"), QUESTIONS)
def test_a_question_has_the_answer_of_the_page(played: Played, number: str, select: str, answer: str) -> None:
    result = CliRunner().invoke(main, ["--home", str(played.home), "sql", select])
    assert (result.stdout, result.stderr) == (answer, ""), number


def test_the_python_of_the_page_runs(played: Played) -> None:
    program, printed = PROGRAM
    assert '".demo"' in program
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(program.replace('".demo"', repr(str(played.home))), {})
    assert output.getvalue() == printed
