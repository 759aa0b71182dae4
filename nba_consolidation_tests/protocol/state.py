"""The state that the protocol's model explores, and which states count as the same one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Entry = tuple[str, int, int]
"""A key of the ledger: staging table, state (the fingerprint), date."""


class Process(NamedTuple):
    """What one process remembers. A token is 0 while the lease is not acquired."""

    at: str = "idle"
    """Its next action."""
    dates: tuple[int, ...] = ()
    tokens: tuple[int, ...] = ()
    batches: tuple[tuple[int, ...], ...] = ()
    """What is still to be committed: all dates in one transaction, or each alone after a failure."""
    listed: tuple[tuple[str, int], ...] = ()
    unmerged: tuple[Entry, ...] = ()
    """Of the listed tables, what the ledger did not have."""
    writes: tuple[tuple[int, int, bool], ...] = ()
    """Of the open transaction: date, created_at, whether it is an INSERT (or else an UPDATE)."""
    locked: tuple[int, ...] = ()
    """The dates whose fence row the open transaction updates."""
    conflict: bool = False
    """Whether another transaction updated one of these fence rows and committed."""


IDLE = Process()


class State(NamedTuple):
    """Everything there is."""

    leases: tuple[int, ...]
    """By date: the token of the lease; 0: nobody has it."""
    last_token: int
    fences: tuple[int, ...]
    """The token in each date's fence row; -1: there is no row."""
    staging: tuple[tuple[str, int], ...]
    arrivals: tuple[tuple[str, int], ...]
    """The states that workers will still stage, of each table in this order."""
    ledger: tuple[Entry, ...]
    rows: tuple[tuple[int, ...], ...]
    """By date: the versions of its business key in player_prop_predictions. Two of them are a duplicate."""
    processes: tuple[Process, ...]


class Step(NamedTuple):
    """One step: who does what, and the state after it. A violation is found at the step, not in the state."""

    process: int | None
    action: str
    detail: str
    state: State
    fault: bool = False
    violation: str = ""


def canonical(state: State) -> State:
    """The same state with processes in a fixed order, and with tokens of which only the order is left.

    Processes run the same program and are known to others by their tokens only. Tokens are compared with those of the
    same date only: among processes, with the lease (equal or not), and with the fence row (larger or not).
    """
    ranks, fences = [], list(state.fences)
    for date, fence in enumerate(fences):
        tokens = sorted(tokens_of(state, date))
        ranks.append({token: 2 * place for place, token in enumerate(tokens, start=1)})
        if fence != -1:
            fences[date] = 1 + 2 * sum(token < fence for token in tokens)
    processes = [
        process._replace(tokens=tuple([ranks[date][token] for date, token in held_leases(process)]))
        if process.tokens
        else process
        for process in state.processes
    ]
    leases = tuple([rank.get(token, 0) for rank, token in zip(ranks, state.leases, strict=True)])
    return state._replace(leases=leases, last_token=0, fences=tuple(fences), processes=tuple(sorted(processes)))


def without_lost_leases(state: State) -> State:
    """The same state after what is certain to follow, so that there are fewer states.

    A process that lost a lease before `ensure_held` can write nothing: it gives up. A lease whose process has ended
    keeps others waiting until it expires, and is then as good as none.
    """
    for number, process in enumerate(state.processes):
        if process.at in _BEFORE_THE_WRITE and not has_its_leases(state, process):
            state = with_process(state, number, IDLE)
    for date, token in enumerate(state.leases):
        if token and token not in tokens_of(state, date):
            state = with_leases(state, {date: 0})
    return state


_BEFORE_THE_WRITE = ("try_acquire", "freeze", "ensure_held")


def tokens_of(state: State, date: int) -> list[int]:
    """The tokens of that date that processes remember."""
    remembering = [process for process in state.processes if process.tokens]
    return [token for process in remembering for d, token in held_leases(process) if d == date]


def has_its_leases(state: State, process: Process) -> bool:
    return all(state.leases[date] == token for date, token in held_leases(process))


def held_leases(process: Process) -> list[tuple[int, int]]:
    return list(zip(process.dates, process.tokens, strict=False))


def with_process(state: State, number: int, process: Process) -> State:
    before, after = state.processes[:number], state.processes[number + 1 :]
    return state._replace(processes=(*before, process, *after))


def with_leases(state: State, changes: Mapping[int, int]) -> State:
    return state._replace(leases=tuple(changes.get(date, lease) for date, lease in enumerate(state.leases)))
