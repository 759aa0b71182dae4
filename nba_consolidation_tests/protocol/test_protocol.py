"""The protocol is safe in every order of its steps, and each of its protections is needed."""

import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from nba_consolidation_tests.protocol.cases import CODE, LARGE_MODELS, MODELS, WITHOUT
from nba_consolidation_tests.protocol.checker import explore, number_line
from nba_consolidation_tests.protocol.model import DUPLICATE, INVARIANTS, PROGRESS, STALE_WINNER, Model

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")


def check(name: str, models: Mapping[str, Model]) -> None:
    exploration = explore(models[name])
    line = number_line(name, exploration)
    print(line)
    assert exploration.violated == "", exploration.text
    assert line in PAGE


@pytest.mark.parametrize("name", MODELS)
def test_no_order_of_the_steps_breaks_an_invariant(name: str) -> None:
    check(name, MODELS)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE_MODELS)
def test_no_order_of_the_steps_breaks_an_invariant_of_a_large_model(name: str) -> None:
    check(name, LARGE_MODELS)


@pytest.mark.parametrize("name", WITHOUT)
def test_without_one_protection_an_invariant_breaks(name: str) -> None:
    model, invariant = WITHOUT[name]
    exploration = explore(model)
    print(exploration.text)
    assert exploration.violated == invariant
    assert exploration.trace


def test_without_the_fence_an_older_version_can_win() -> None:
    model = MODELS["two processes, one date, a redelivered table and a late one"]
    assert explore(replace(model, fence=False), [STALE_WINNER]).violated == STALE_WINNER


def test_without_the_fence_a_duplicate_stays_for_good() -> None:
    assert explore(WITHOUT["no fence"][0], [PROGRESS]).violated == PROGRESS


def test_the_page_shows_the_counterexample_that_the_checker_finds() -> None:
    exploration = explore(WITHOUT["no fence"][0], [DUPLICATE])
    assert f"```\n{exploration.text}\n```" in PAGE


def test_the_page_lists_every_invariant_action_and_protection() -> None:
    assert [name for name in (*INVARIANTS, *WITHOUT) if f"- {name}" not in PAGE] == []
    assert [action for action in CODE if f"| `{action}` |" not in PAGE] == []


def test_the_model_takes_every_action_that_is_tied_to_the_code_and_no_other() -> None:
    taken: set[str] = set()
    model = MODELS["three processes, one date, one table that is redelivered"]
    explore(replace(model, processes=2), observe=taken.add)
    assert taken == set(CODE)


@pytest.mark.parametrize("name", sorted({name for names in CODE.values() for name in names}))
def test_what_an_action_models_is_in_the_code(name: str) -> None:
    if name.endswith(".sql"):
        assert (ROOT / name).is_file()
    else:
        assert pkgutil.resolve_name(name)
