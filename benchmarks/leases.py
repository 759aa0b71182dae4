"""`python -m benchmarks.leases`, or `make bench-leases`: what leases cost; shown, and written to results/*.json.

The measurements themselves are in `lease_measures`.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import statistics
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks import lease_measures as measure
from benchmarks.data import Size
from benchmarks.lease_crowd import Crowd, firestore_double
from benchmarks.lease_measures import Figures, Protocol
from benchmarks.report import machine, table_of

HERE = Path(__file__).resolve().parent
SQLITE, FIRESTORE, PREDECESSOR = "ours, SQLite", "ours, Firestore", "predecessor, Firestore"
POLL = 5.0  # seconds, of the predecessor
_HELD = 0.1  # seconds: so that those who lost the race are waiting again at the next release
Found = dict[str, dict[str, Figures]]


@click.command()
@click.option("--repeat", default=200, show_default=True, help="How often a free lease is taken and given back.")
@click.option("--rounds", default=10, show_default=True, help="Hand-overs to one waiter; a fifth of it with ten.")
@click.option("--old-rounds", default=6, show_default=True, help="The same of the predecessor, at the same time.")
@click.option("--patience", default=5.0, show_default=True, help="Seconds for 170 dates all at once or none.")
@click.option("--consolidations", default=3, show_default=True, help="Consolidations by store.")
@click.option("--rows", default=100_000, show_default=True, help="Staged rows of each.")
@click.option("--tables", default=20, show_default=True, help="Staging tables that they lie in.")
def main(**options: Any) -> None:
    """Measures leases in SQLite and in Firestore (its double, on loopback), beside the predecessor's lock."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    facts = machine()
    (HERE / "work").mkdir(exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=HERE / "work", prefix="leases-"))
    crowd = Crowd()
    try:
        with firestore_double() as address:
            found = Measuring(work, address, crowd, options, console).all()
    finally:
        crowd.end()
        shutil.rmtree(work)
    show(console, facts, found)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    file = results / f"leases-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps({"machine": facts, "options": options, "milliseconds": found}, indent=2) + "\n")
    console.print(f"Written to {file.relative_to(HERE.parent)}")


@dataclass
class Measuring:
    """All measurements, one after the other."""

    work: Path
    address: str
    crowd: Crowd
    options: Mapping[str, Any]
    console: Console
    found: Found = field(default_factory=dict)

    def all(self) -> Found:
        """By title and contender."""
        sqlite, firestore = str(self.work / "leases.sqlite"), self.address
        ours = {SQLITE: Protocol(SQLITE, "ours", sqlite), FIRESTORE: Protocol(FIRESTORE, "ours", firestore)}
        everyone = ours | {PREDECESSOR: Protocol(PREDECESSOR, "predecessor", firestore)}
        for name, protocol in everyone.items():
            self._note("one", name, lambda at=protocol: measure.one_date(at, self.options["repeat"]))
        for name, protocol in ours.items():
            self._note("many", name, lambda at=protocol: measure.many_dates(at.place, self.options["rounds"]))
        for name in (FIRESTORE, PREDECESSOR):
            self._note("one by one", name, lambda at=everyone[name]: measure.many_dates_one_by_one(at))
        for name, protocol in everyone.items():
            self._note("hand-over", name, lambda at=protocol: self._hand_overs(at))
        for name, protocol in ours.items():
            self._note("among", name, lambda at=protocol: self._among(at.place))
        for number in range(self.options["consolidations"]):
            for name, protocol in ours.items():
                self._note(f"consolidation {number}", name, lambda at=protocol: self._consolidation(at.place))
        return self.found

    def _note(self, title: str, name: str, figures: Callable[[], Figures]) -> None:
        self.found.setdefault(title, {})[name] = figures()
        shown = ", ".join(f"{key} {_shown(value)}" for key, value in self.found[title][name].items())
        self.console.print(f"{title:16} {name:24} {shown}", style="dim", highlight=False)

    def _hand_overs(self, protocol: Protocol) -> Figures:
        old = protocol.kind == "predecessor"
        rounds = self.options["old_rounds" if old else "rounds"]
        crowds = {1: rounds, 10: 1 if old else max(1, rounds // 5), 50: 1}
        return measure.hand_overs(self.crowd, protocol, crowds, _HELD, apart=POLL if old else 0.0)

    def _among(self, place: str) -> Figures:
        return measure.many_dates_among_small_runs(self.crowd, place, self.options["patience"])

    def _consolidation(self, place: str) -> Figures:
        return measure.consolidation(place, self.work, Size(self.options["rows"], self.options["tables"], 0))


def show(console: Console, facts: object, found: Found) -> None:
    """All tables."""
    console.print(facts)
    for table in (_one(found), _hand_overs(found), _many(found), _overhead(found), _aims(found)):
        console.print(table)


def _one(found: Found) -> Table:
    table = table_of("One free date, median ms", "", "acquire", "release", "calls", "x predecessor")
    for name, at in found["one"].items():
        ratio = _both(at) / _both(found["one"][PREDECESSOR])
        table.add_row(name, *map(_number, (at["acquire"], at["release"], at["rpc"], ratio)))
    return table


def _hand_overs(found: Found) -> Table:
    columns = ("waiters", "", "hand-overs", "p50", "p95", "max", "last served after", "x predecessor: p50", "last")
    table = table_of(f"Hand-over, ms from a release to the next one's having it (each holds {_HELD} s)", *columns)
    for waiters in found["hand-over"][PREDECESSOR]:
        for name, by_waiters in found["hand-over"].items():
            at, old = by_waiters[waiters], found["hand-over"][PREDECESSOR][waiters]
            figures = (at["times"], at["p50"], at["p95"], at["max"], at["last"])
            ratios = (f"{at[figure] / old[figure]:.4f}" for figure in ("p50", "last"))
            table.add_row(waiters, name, *map(_number, figures), *ratios)
    return table


def _many(found: Found) -> Table:
    table = table_of(f"{len(measure.MANY)} dates, ms", "", "acquire", "release", "calls", "x predecessor")
    old = found["one by one"][PREDECESSOR]
    rows = {f"{name}, all free": at for name, at in found["many"].items()}
    rows |= {f"{name}, one by one": at for name, at in found["one by one"].items()}
    for name, at in rows.items():
        ratio = f"{_both(at) / _both(old):.4f}"
        table.add_row(name, *map(_number, (at["acquire"], at["release"], at["rpc"])), ratio)
    for name, at in found["among"].items():
        title = f"{name}, while {measure.WORKERS} workers take single dates"
        table.add_row(title, _number(at["acquire"]), "", f"{at['calls']} of all" if at["calls"] else "", "")
        table.add_row("    all at once or none, as it was before", _number(at["all or none"]), "", "", "")
        waited = ", ".join(f"{key} {_number(value)}" for key, value in at["workers"].items())
        table.add_row(f"    a worker waited: {waited}", "", "", "", "")
    return table


def _overhead(found: Found) -> Table:
    table = table_of("A consolidation on DuckDB, median ms", "", "leases", "all of it", "share")
    for name in (SQLITE, FIRESTORE):
        leases, total = (_median(found, name, figure) for figure in ("overhead", "total"))
        table.add_row(name, _number(leases), _number(total), f"{leases / total:.2%}")
    return table


def _aims(found: Found) -> Table:
    table = table_of("Aims", "aim", "reached", "figure")
    calls = found["one"][FIRESTORE]["rpc"]
    slowest = max(at["p50"] for name in (SQLITE, FIRESTORE) for at in found["hand-over"][name].values())
    overhead = max(_median(found, name, "overhead") for name in (SQLITE, FIRESTORE))
    waits = [at["acquire"] for at in found["among"].values()]
    for aim, reached, figure in (
        ("1 + 1 calls for a free lease", calls <= 2.05, f"{calls:.2f}"),  # and a renewal now and then
        ("hand-over p50 under 50 ms, with 1, 10 and 50 waiters", slowest < 50, f"at most {_number(slowest)} ms"),
        ("leases cost a consolidation less than 100 ms", overhead < 100, f"at most {_number(overhead)} ms"),
        ("nobody starves", None not in waits, f"170 dates among small runs after {', '.join(map(_number, waits))} ms"),
    ):
        table.add_row(aim, "[green]yes[/]" if reached else "[red]no[/]", figure)
    return table


def _median(found: Found, name: str, figure: str) -> float:
    return statistics.median(at[name][figure] for title, at in found.items() if title.startswith("consolidation"))


def _both(at: Figures) -> float:
    return float(at["acquire"] + at["release"])


def _shown(value: object) -> str:
    return f"p50 {_number(value['p50'])}" if isinstance(value, dict) else _number(value)


def _number(value: object) -> str:
    if value is None:
        return "never"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{value}"


if __name__ == "__main__":
    main()
