"""Explores every state that a model can reach, breadth first, and returns the shortest path to a violation."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

from nba_consolidation_tests.protocol.model import INVARIANTS, PROGRESS, Model
from nba_consolidation_tests.protocol.state import State, Step, canonical


@dataclass(frozen=True)
class Exploration:
    """How many states were found and how many steps between them; the violated invariant and the path to it."""

    states: int
    steps: int
    violated: str = ""
    trace: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The counterexample, a line for each step."""
        return "\n".join((*self.trace, f"violated: {self.violated}")) if self.violated else "no violation"


def explore(
    model: Model, invariants: Collection[str] = INVARIANTS, observe: Callable[[str], None] = lambda _: None
) -> Exploration:
    """Checks the invariants in every reachable state, until the first violation. observe: called with each action."""
    first = canonical(model.initial())
    numbers = {first: 0}
    parents = [-1]
    before: list[list[int]] = [[]]  # for each state, those from which a step without a fault leads to it
    finished = [0] if model.finished(first) else []
    queue, steps = deque([first]), 0
    while queue:
        state = queue.popleft()
        number = numbers[state]
        for step in model.steps(state):
            steps += 1
            observe(step.action)
            after = canonical(step.state)
            known = numbers.get(after)
            violation = step.violation or ("" if known is not None else model.violation(after))
            if known is None:
                known = numbers[after] = len(parents)
                parents.append(number)
                before.append([])
                queue.append(after)
                if model.finished(after):
                    finished.append(known)
            if violation in invariants:
                path = [*_path(numbers, parents, number), after]
                return Exploration(len(parents), steps, violation, tuple(_replayed(model, path)))
            if not step.fault and step.action != "stage":
                before[known].append(number)
    if PROGRESS in invariants and (stuck := _first_without_progress(before, finished)) is not None:
        path = _path(numbers, parents, stuck)
        return Exploration(len(parents), steps, PROGRESS, tuple(_replayed(model, path)))
    return Exploration(len(parents), steps)


def _first_without_progress(before: list[list[int]], finished: list[int]) -> int | None:
    """The first state from which no path without faults leads to a finished one."""
    reaching, todo = set(finished), list(finished)
    while todo:
        for number in before[todo.pop()]:
            if number not in reaching:
                reaching.add(number)
                todo.append(number)
    return next((number for number in range(len(before)) if number not in reaching), None)


def _path(numbers: dict[State, int], parents: list[int], number: int) -> list[State]:
    states, path = list(numbers), []
    while number != -1:
        path.append(states[number])
        number = parents[number]
    return path[::-1]


def _replayed(model: Model, path: list[State]) -> list[str]:
    """The steps of a path, with the names of processes and the tokens as they were before renumbering."""
    lines: list[str] = []
    state = model.initial()
    for wanted in path[1:]:
        step = next(step for step in model.steps(state) if canonical(step.state) == wanted)
        lines.append(_line(len(lines) + 1, step))
        state = step.state
    return lines


def _line(number: int, step: Step) -> str:
    who = "-" if step.process is None else "ABC"[step.process]
    return f"{number:>2}  {who}  {step.action:<20}{step.detail}".rstrip()


def number_line(name: str, exploration: Exploration) -> str:
    """A row of the table of models in docs/protocol.md."""
    return f"| {name} | {exploration.states:,} | {exploration.steps:,} |"
