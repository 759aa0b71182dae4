"""The protocol of a consolidation as a state machine: an action is one atomic step, named after its code.

A state is everything that processes share (leases, fence rows, staging tables, ledger, predictions) and what each
process remembers. `Model.steps` returns every step that is possible in a state. `checker.py` explores them.

The two dates are 0 and 1. Of each date, one business key is modelled: its rows are `created_at` of the versions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from nba_consolidation_tests.protocol.state import (
    IDLE,
    Entry,
    Process,
    State,
    Step,
    held_leases,
    tokens_of,
    with_leases,
    with_process,
    without_lost_leases,
)

Contents = Mapping[tuple[str, int], Mapping[int, int]]
"""By staging table and state: the `created_at` of its row of each date."""

DUPLICATE = "no duplicate: one row per business key"
LOST = "no lost row: what was staged is merged, waits, or was replaced by its worker"
STALE_WINNER = "no stale winner: the newest merged version is the row"
STALE_WRITER = "no stale writer: no commit under an older lease after one under a newer lease"
DROPPED_UNMERGED = "nothing dropped unmerged: a dropped table is in the ledger, with every date"
FOREIGN_RELEASE = "no lease released that another process holds"
PROGRESS = "progress: once faults stop, everything is merged and every table dropped"
INVARIANTS = (DUPLICATE, LOST, STALE_WINNER, STALE_WRITER, DROPPED_UNMERGED, FOREIGN_RELEASE, PROGRESS)


@dataclass(frozen=True)
class Model:
    """The protocol with its protections; each can be taken out.

    Of the engine, the model assumes only this: a transaction reads one snapshot and commits as a whole, and of two
    open transactions that update one fence row, the second to commit fails. Inserts conflict with nobody.
    """

    contents: Contents
    dates: int = 2
    processes: int = 3
    fence: bool = True
    fence_rows_first: bool = True
    token_grows: bool = True
    release_compares: bool = True
    manifest_frozen: bool = True
    drop_compares: bool = True
    arrivals: tuple[tuple[str, int], ...] = ()

    def initial(self) -> State:
        """Each table is staged in its first state, but for those that arrive late."""
        late = {table for table, state in self.arrivals if state == 1}
        staging = tuple(sorted(entry for entry in self.contents if entry[1] == 1 and entry[0] not in late))
        return State(
            leases=(0,) * self.dates,
            last_token=0,
            fences=(-1,) * self.dates,
            staging=staging,
            arrivals=self.arrivals,
            ledger=(),
            rows=((),) * self.dates,
            processes=(IDLE,) * self.processes,
        )

    def steps(self, state: State) -> Iterator[Step]:
        """Every step that is possible in the state."""
        for step in self._all_steps(state):
            yield step._replace(state=without_lost_leases(step.state))

    def _all_steps(self, state: State) -> Iterator[Step]:
        for arrival in state.arrivals:
            if not any(other[0] == arrival[0] and other[1] < arrival[1] for other in state.arrivals):
                staging = tuple(sorted([*(entry for entry in state.staging if entry[0] != arrival[0]), arrival]))
                left = tuple(entry for entry in state.arrivals if entry != arrival)
                yield Step(None, "stage", _named([arrival]), state._replace(staging=staging, arrivals=left))
        for date, token in enumerate(state.leases):
            if token:
                gone = with_leases(state, {date: 0})
                yield Step(None, "predecessor_release", f"of day {date + 1}, without asking", gone, fault=True)
        for number, process in enumerate(state.processes):
            yield from getattr(self, f"_{process.at}")(state, number, process)
            if process.at != "idle":
                yield Step(number, "die", "", with_process(state, number, IDLE), fault=True)

    def _idle(self, state: State, number: int, _process: Process) -> Iterator[Step]:
        """Consolidator.consolidate for any dates, which then acquires its first lease; or CleanUp.clean_up."""
        if state.staging:
            for size in range(1, self.dates + 1):
                for dates in combinations(range(self.dates), size):
                    yield from self._try_acquire(state, number, Process("try_acquire", dates))
        finished = [entry for entry in state.staging if not _missing(self._entries(entry), state.ledger)]
        if finished:
            listed = Process("drop", listed=tuple(finished))
            yield Step(number, "clean_up", f"lists {_named(finished)}", with_process(state, number, listed))

    def _try_acquire(self, state: State, number: int, process: Process) -> Iterator[Step]:
        """The next lease in the order of dates. One that is held can be acquired too, because it can have expired."""
        date = process.dates[len(process.tokens)]
        held = state.leases[date]
        token = 1 + max(state.last_token, *state.fences, *tokens_of(state, date))
        tokens = (*process.tokens, token)
        at = "freeze" if len(tokens) == len(process.dates) else "try_acquire"
        after = with_leases(state, {date: token})._replace(last_token=token)
        done = with_process(after, number, process._replace(at=at, tokens=tokens))
        detail = f"day {date + 1}: token {token if self.token_grows else 1}"
        taken_over = ", taken over: the lease before it has expired" if held else ""
        yield Step(number, "try_acquire", detail + taken_over, done, fault=bool(held))

    def _freeze(self, state: State, number: int, process: Process) -> Iterator[Step]:
        tables = [entry for entry in state.staging if set(self.contents[entry]) & set(process.dates)]
        missing = _missing([key for entry in tables for key in self._entries(entry)], state.ledger)
        unmerged = tuple(key for key in missing if key[2] in process.dates)
        listed = tuple(entry for entry in tables if all(key in unmerged for key in missing if key[:2] == entry))
        new = tuple(date for date in process.dates if any(key[2] == date for key in unmerged))
        frozen = process._replace(listed=listed, unmerged=unmerged, batches=(new,) if new else ())
        detail = f"{_named(tables)}: new for {_days(new)}" if new else "nothing is new"
        yield Step(number, "freeze", detail, with_process(state, number, _next_batch(frozen)))

    def _ensure_held(self, state: State, number: int, process: Process) -> Iterator[Step]:
        """Creates missing fence rows. `without_lost_leases` has ended the run if its lease is lost."""
        if self.fence_rows_first:
            rows = enumerate(state.fences)
            fences = tuple(0 if row == -1 and date in process.batches[0] else row for date, row in rows)
            state = state._replace(fences=fences)
        after = with_process(state, number, process._replace(at="fence"))
        yield Step(number, "ensure_held", "the leases are held", after)

    def _fence(self, state: State, number: int, process: Process) -> Iterator[Step]:
        """Begins the transaction: pins the manifest, checks the fence in a snapshot, computes what it will write."""
        dates, tokens = process.batches[0], dict(held_leases(process))
        if self.fence and self.token_grows and any(state.fences[date] > tokens[date] for date in dates):
            failed = _failed(process)
            yield Step(number, "fenced_out", _days(dates), with_process(state, number, failed))
            return
        changed = sorted({key[:2] for key in process.unmerged if key[2] in dates} - set(state.staging))
        if changed:  # TableRefused: it is left out of the manifest, and the others are tried again
            listed = tuple(entry for entry in process.listed if entry not in changed)
            unmerged = tuple(key for key in process.unmerged if key[:2] not in changed)
            new = tuple(date for date in dates if any(key[2] == date for key in unmerged))
            left = process._replace(
                listed=listed, unmerged=unmerged, batches=((new,) if new else ()) + process.batches[1:]
            )
            after = with_process(state, number, _next_batch(left))
            yield Step(number, "run", f"{_named(changed)} changed since it was listed, and is left out", after)
            return
        writes = []
        for date in dates:
            newest = max(self.contents[key[:2]][date] for key in process.unmerged if key[2] == date)
            if newest > max(state.rows[date], default=0):
                writes.append((date, newest, not state.rows[date]))
        locked = tuple(date for date in dates if self.fence and state.fences[date] != -1)
        passed = "passed" if self.fence else "not checked"
        begun = process._replace(at="run", writes=tuple(writes), locked=locked, conflict=False)
        yield Step(
            number, "fence", f"{_days(dates)}: {passed}; merges in its snapshot", with_process(state, number, begun)
        )

    def _run(self, state: State, number: int, process: Process) -> Iterator[Step]:
        """Commits the transaction, unless another one updated one of its fence rows meanwhile."""
        dates, tokens = process.batches[0], dict(held_leases(process))
        if process.conflict:
            failed = _failed(process)
            yield Step(number, "run", "conflict on a fence row: rolled back", with_process(state, number, failed))
            return
        merged = tuple(key for key in process.unmerged if key[2] in dates)
        rows = list(state.rows)
        for date, created_at, insert in process.writes:
            rows[date] = tuple(sorted((*rows[date], created_at))) if insert else (created_at,) * len(rows[date])
        stale = [date for date in dates if state.fences[date] > tokens[date]]
        fences = tuple(tokens[d] if d in dates and d not in stale else token for d, token in enumerate(state.fences))
        others = tuple(
            other._replace(conflict=True) if set(other.locked) & set(process.locked) and other.at == "run" else other
            for other in state.processes
        )
        done = process._replace(
            writes=(), locked=(), conflict=False, batches=process.batches[1:],
            unmerged=tuple(key for key in process.unmerged if key not in merged),
        )  # fmt: skip
        ledger = tuple(sorted({*state.ledger, *merged}))
        after = state._replace(rows=tuple(rows), fences=fences, ledger=ledger, processes=others)
        yield Step(
            number, "run", f"commits {_days(dates)}", with_process(after, number, _next_batch(done)),
            violation=STALE_WRITER if stale else "",
        )  # fmt: skip

    def _release(self, state: State, number: int, process: Process) -> Iterator[Step]:
        own = {date for date, token in held_leases(process) if state.leases[date] == token}
        others = {date for date, _ in held_leases(process) if state.leases[date]} - own
        released = own if self.release_compares else own | others
        after = with_leases(state, dict.fromkeys(released, 0))
        finished = self._finished(state, process)
        next_process = Process("drop", listed=finished) if finished else IDLE
        detail = _days(released) if released else "nothing: the leases are of others by now"
        violation = FOREIGN_RELEASE if released - own else ""
        yield Step(number, "release", detail, with_process(after, number, next_process), violation=violation)

    def _finished(self, state: State, process: Process) -> tuple[tuple[str, int], ...]:
        """The listed tables that are merged completely. Without a frozen manifest: what is listed now."""
        if not process.listed:
            return ()
        if not self.manifest_frozen:
            return tuple(entry for entry in state.staging if set(self.contents[entry]) <= set(process.dates))
        return tuple(entry for entry in process.listed if not any(key[:2] == entry for key in process.unmerged))

    def _drop(self, state: State, number: int, process: Process) -> Iterator[Step]:
        """Drops the next of the tables, unless it has changed since it was listed."""
        (table, listed), others = process.listed[0], process.listed[1:]
        dropped = [e for e in state.staging if e[0] == table and (e[1] == listed or not self.drop_compares)]
        unmerged = _missing([key for entry in dropped for key in self._entries(entry)], state.ledger)
        staging = tuple(entry for entry in state.staging if entry not in dropped)
        next_process = process._replace(listed=others) if others else IDLE
        detail = _named(dropped) if dropped else f"nothing: {_named([process.listed[0]])} has changed or is gone"
        after = with_process(state._replace(staging=staging), number, next_process)
        yield Step(number, "drop", detail, after, violation=DROPPED_UNMERGED if unmerged else "")

    def _entries(self, entry: tuple[str, int]) -> list[Entry]:
        return [(*entry, date) for date in self.contents[entry]]

    def violation(self, state: State) -> str:
        """The invariant that the state breaks, if any."""
        for date, rows in enumerate(state.rows):
            if len(rows) > 1:
                return DUPLICATE
            merged = max((self.contents[key[:2]][date] for key in state.ledger if key[2] == date), default=0)
            if merged and rows != (merged,):
                return STALE_WINNER if rows else LOST
        for entry in self.contents:
            staged_later = [other for other in state.staging if other[0] == entry[0] and other[1] > entry[1]]
            arrived = entry not in state.arrivals
            replaced = any(o not in state.arrivals for o in self.contents if o[0] == entry[0] and o[1] > entry[1])
            kept = entry in state.staging or staged_later or replaced
            if arrived and not kept and _missing(self._entries(entry), state.ledger):
                return LOST
        return ""

    def finished(self, state: State) -> bool:
        """The goal of progress: everything that was staged is merged, and no staging table is left."""
        return not state.staging and not self.violation(state)


def _next_batch(process: Process) -> Process:
    """The next dates that have something new, or else the end."""
    new = {key[2] for key in process.unmerged}
    batches = tuple(batch for batch in process.batches if new.intersection(batch))
    return process._replace(at="ensure_held" if batches else "release", batches=batches)


def _failed(process: Process) -> Process:
    """LeasedDates.write_each: a range that failed is tried again, each date alone; a date that failed is given up."""
    batch, others = process.batches[0], process.batches[1:]
    alone = tuple((date,) for date in batch) if len(batch) > 1 else ()
    rolled_back = process._replace(writes=(), locked=(), conflict=False, batches=alone + others)
    return _next_batch(rolled_back)


def _missing(entries: Sequence[Entry], ledger: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry not in ledger]


def _days(dates: Collection[int]) -> str:
    return " and ".join(f"day {date + 1}" for date in sorted(dates))


def _named(entries: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{table} (state {state})" for table, state in entries)
