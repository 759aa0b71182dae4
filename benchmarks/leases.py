"""`python -m benchmarks.leases`, or `make bench-leases`: measures leases, prints the figures, writes results/*.json.

The measurements are in `lease_measures`.
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
SQLITE, FIRESTORE, PREDECESSOR = "product, SQLite", "product, Firestore", "predecessor, Firestore"
POLL = 5.0  # seconds, of the predecessor
_HELD = 0.1  # seconds, so that the other waiters wait again before the next release
Measurements = dict[str, dict[str, Figures]]


@click.command()
@click.option("--repeat", default=200, show_default=True, help="How often a free lease is acquired and released.")
@click.option("--rounds", default=10, show_default=True, help="Hand-overs to one waiter; a fifth as many with ten.")
@click.option("--old-rounds", default=6, show_default=True, help="The same for the predecessor.")
@click.option("--patience", default=5.0, show_default=True, help="Seconds to try 170 dates all at once or none.")
@click.option("--consolidations", default=3, show_default=True, help="Consolidations per store.")
@click.option("--rows", default=100_000, show_default=True, help="Staged rows of each.")
@click.option("--tables", default=20, show_default=True, help="Staging tables with these rows.")
def main(**options: Any) -> None:
    """Compares leases in SQLite and in Firestore (a double on loopback) with the predecessor's lock."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    facts = machine()
    (HERE / "work").mkdir(exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=HERE / "work", prefix="leases-"))
    crowd = Crowd()
    try:
        with firestore_double() as address:
            measured = Measuring(work, address, crowd, options, console).all()
    finally:
        crowd.end()
        shutil.rmtree(work)
    show(console, facts, measured)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    file = results / f"leases-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps({"machine": facts, "options": options, "milliseconds": measured}, indent=2) + "\n")
    console.print(f"Written to {file.relative_to(HERE.parent)}")


@dataclass
class Measuring:
    """All measurements, one after the other."""

    work: Path
    address: str
    crowd: Crowd
    options: Mapping[str, Any]
    console: Console
    measured: Measurements = field(default_factory=dict)

    def all(self) -> Measurements:
        """All figures, by title and contender."""
        sqlite, firestore = str(self.work / "leases.sqlite"), self.address
        product = {SQLITE: Protocol(SQLITE, "product", sqlite), FIRESTORE: Protocol(FIRESTORE, "product", firestore)}
        protocols = product | {PREDECESSOR: Protocol(PREDECESSOR, "predecessor", firestore)}
        for name, protocol in protocols.items():
            self._note("one", name, lambda at=protocol: measure.one_date(at, self.options["repeat"]))
        for name, protocol in product.items():
            self._note("many", name, lambda at=protocol: measure.many_dates(at.place, self.options["rounds"]))
        for name in (FIRESTORE, PREDECESSOR):
            self._note("one by one", name, lambda at=protocols[name]: measure.many_dates_one_by_one(at))
        for name, protocol in protocols.items():
            self._note("hand-over", name, lambda at=protocol: self._hand_overs(at))
        for name, protocol in product.items():
            self._note("among", name, lambda at=protocol: self._among(at.place))
        for number in range(self.options["consolidations"]):
            for name, protocol in product.items():
                self._note(f"consolidation {number}", name, lambda at=protocol: self._consolidation(at.place))
        return self.measured

    def _note(self, title: str, name: str, figures: Callable[[], Figures]) -> None:
        self.measured.setdefault(title, {})[name] = figures()
        summary = ", ".join(f"{key} {_summary(value)}" for key, value in self.measured[title][name].items())
        self.console.print(f"{title:16} {name:24} {summary}", style="dim", highlight=False)

    def _hand_overs(self, protocol: Protocol) -> Figures:
        old = protocol.kind == "predecessor"
        rounds = self.options["old_rounds" if old else "rounds"]
        crowds = {1: rounds, 10: 1 if old else max(1, rounds // 5), 50: 1}
        return measure.hand_overs(self.crowd, protocol, crowds, _HELD, apart=POLL if old else 0.0)

    def _among(self, place: str) -> Figures:
        return measure.many_dates_among_small_runs(self.crowd, place, self.options["patience"])

    def _consolidation(self, place: str) -> Figures:
        return measure.consolidation(place, self.work, Size(self.options["rows"], self.options["tables"], 0))


def show(console: Console, facts: object, measured: Measurements) -> None:
    """Prints all tables."""
    console.print(facts)
    for table in (_one(measured), _hand_overs(measured), _many(measured), _overhead(measured), _aims(measured)):
        console.print(table)


def _one(measured: Measurements) -> Table:
    table = table_of("One free date, median ms", "", "acquire", "release", "calls", "x predecessor")
    for name, at in measured["one"].items():
        ratio = _both(at) / _both(measured["one"][PREDECESSOR])
        table.add_row(name, *map(_number, (at["acquire"], at["release"], at["rpc"], ratio)))
    return table


def _hand_overs(measured: Measurements) -> Table:
    columns = ("waiters", "", "hand-overs", "p50", "p95", "max", "last served after", "x predecessor: p50", "last")
    table = table_of(f"Hand-over, ms from a release to the next acquisition (each holds {_HELD} s)", *columns)
    for waiters in measured["hand-over"][PREDECESSOR]:
        for name, by_waiters in measured["hand-over"].items():
            at, old = by_waiters[waiters], measured["hand-over"][PREDECESSOR][waiters]
            figures = (at["times"], at["p50"], at["p95"], at["max"], at["last"])
            ratios = (f"{at[figure] / old[figure]:.4f}" for figure in ("p50", "last"))
            table.add_row(waiters, name, *map(_number, figures), *ratios)
    return table


def _many(measured: Measurements) -> Table:
    table = table_of(f"{len(measure.MANY)} dates, ms", "", "acquire", "release", "calls", "x predecessor")
    old = measured["one by one"][PREDECESSOR]
    rows = {f"{name}, all free": at for name, at in measured["many"].items()}
    rows |= {f"{name}, one by one": at for name, at in measured["one by one"].items()}
    for name, at in rows.items():
        ratio = f"{_both(at) / _both(old):.4f}"
        table.add_row(name, *map(_number, (at["acquire"], at["release"], at["rpc"])), ratio)
    for name, at in measured["among"].items():
        title = f"{name}, while {measure.WORKERS} workers acquire single dates"
        table.add_row(title, _number(at["acquire"]), "", f"{at['calls']} of all" if at["calls"] else "", "")
        table.add_row("    all at once or none", _number(at["all or none"]), "", "", "")
        waited = ", ".join(f"{key} {_number(value)}" for key, value in at["workers"].items())
        table.add_row(f"    a worker waited: {waited}", "", "", "", "")
    return table


def _overhead(measured: Measurements) -> Table:
    table = table_of("A consolidation on DuckDB, median ms", "", "leases", "total", "share")
    for name in (SQLITE, FIRESTORE):
        leases, total = (_median(measured, name, figure) for figure in ("overhead", "total"))
        table.add_row(name, _number(leases), _number(total), f"{leases / total:.2%}")
    return table


def _aims(measured: Measurements) -> Table:
    table = table_of("Aims", "aim", "reached", "figure")
    calls = measured["one"][FIRESTORE]["rpc"]
    slowest = max(at["p50"] for name in (SQLITE, FIRESTORE) for at in measured["hand-over"][name].values())
    overhead = max(_median(measured, name, "overhead") for name in (SQLITE, FIRESTORE))
    waits = [at["acquire"] for at in measured["among"].values()]
    for aim, reached, figure in (
        ("1 + 1 calls for a free lease", calls <= 2.05, f"{calls:.2f}"),  # a few renewals included
        ("hand-over p50 under 50 ms, with 1, 10 and 50 waiters", slowest < 50, f"at most {_number(slowest)} ms"),
        ("leases cost a consolidation less than 100 ms", overhead < 100, f"at most {_number(overhead)} ms"),
        ("nobody starves", None not in waits, f"170 dates among small runs after {', '.join(map(_number, waits))} ms"),
    ):
        table.add_row(aim, "[green]yes[/]" if reached else "[red]no[/]", figure)
    return table


def _median(measured: Measurements, name: str, figure: str) -> float:
    return statistics.median(at[name][figure] for title, at in measured.items() if title.startswith("consolidation"))


def _both(at: Figures) -> float:
    return float(at["acquire"] + at["release"])


def _summary(value: object) -> str:
    return f"p50 {_number(value['p50'])}" if isinstance(value, dict) else _number(value)


def _number(value: object) -> str:
    if value is None:
        return "never"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{value}"


if __name__ == "__main__":
    main()
