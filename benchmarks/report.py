"""Prints the figures as tables, and converts them to JSON. Measures nothing."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.data import Size
from benchmarks.runner import ROOT, Measured

LIMIT, PRODUCT = "limit", "product"
AIM_RATIO, AIM_RERUN, AIM_BYTES = 1.5, 0.05, 2 * 1024**3
Curve = list[dict[str, Any]]


def machine() -> dict[str, Any]:
    """The machine and the commit of the figures."""
    cpu = next((line for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ": unknown")
    memory = next((line for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "MemTotal: 0 kB")
    git = ["git", "-C", str(ROOT)]
    return {
        "cpu": cpu.split(":", 1)[1].strip(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory.split()[1]) / 1024**2, 1),
        "load_before": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
        "commit": _output([*git, "rev-parse", "--short", "HEAD"]),
        "changed_files": len(_output([*git, "status", "--porcelain"]).splitlines()),
    }


def ratio(measured: Mapping[str, Measured], name: str) -> float | None:
    """The seconds as a multiple of the limit: the median over the rounds with both."""
    if name not in measured or LIMIT not in measured:
        return None
    pairs = list(zip(measured[name].seconds(), measured[LIMIT].seconds(), strict=False))
    return statistics.median(product / limit for product, limit in pairs) if pairs else None


def rerun_share(measured: Mapping[str, Measured], phase: str) -> float | None:
    """A rerun with nothing new, as a share of the first run."""
    if PRODUCT not in measured or not measured[PRODUCT].seconds(phase):
        return None
    return statistics.median(measured[PRODUCT].seconds(phase)) / statistics.median(measured[PRODUCT].seconds())


def as_json(size: Size, machine_facts: object, versions: object, measured: Mapping[str, Measured],
            curves: Mapping[str, Curve]) -> dict[str, Any]:  # fmt: skip
    """Everything that was measured."""
    return {
        "machine": machine_facts,
        "versions": versions,
        "size": asdict(size) | {"keys": size.keys},
        "contenders": {
            name: {
                "title": entry.contender.title,
                "atomic": entry.contender.atomic,
                "second_writer": entry.contender.second_writer,
                "error": entry.error,
                "seconds": {phase: entry.seconds(phase) for phase in entry.outcomes},
                "cpu_seconds": {p: [o["cpu_seconds"] for o in os_] for p, os_ in entry.outcomes.items()},
                "details": {p: [o["details"] for o in os_] for p, os_ in entry.outcomes.items()},
                "peak_bytes": entry.peak_bytes,
                "times_the_limit": ratio(measured, name),
                "verdicts": {p: asdict(v) | {"right": v.right} for p, v in entry.verdicts.items()},
            }
            for name, entry in measured.items()
        },
        "rerun_share": {phase: rerun_share(measured, phase) for phase in ("idle", "again")},
        "curves": curves,
        "aims": [dict(zip(("aim", "reached", "figure"), aim, strict=True)) for aim in aims(measured, curves)],
    }


def show(console: Console, size: Size, machine_facts: Mapping[str, Any], measured: Mapping[str, Measured],
         curves: Mapping[str, Curve]) -> None:  # fmt: skip
    """Every table."""
    facts = machine_facts
    console.print(
        f"\n{size.rows:,} rows in {size.tables} staging tables, {size.keys:,} business keys, "
        f"onto {size.history:,} rows\n{facts['cores']} cores, {facts['memory_gib']} GiB, {facts['cpu']}, "
        f"load before {facts['load_before'][0]}"
    )
    console.print(_comparison(measured))
    console.print(_behaviour(measured))
    for title, curve in curves.items():
        console.print(_curve(title, curve))
    console.print(_aims(measured, curves))


def aims(measured: Mapping[str, Measured], curves: Mapping[str, Curve]) -> list[tuple[str, bool | None, str]]:
    """Each aim, whether it is reached (None if it was not measured), and the figure."""
    times = ratio(measured, PRODUCT)
    rerun = rerun_share(measured, "again")
    peak = measured[PRODUCT].peak_bytes if PRODUCT in measured else 0
    rows: list[tuple[str, bool | None, str]] = [
        (f"at most {AIM_RATIO} x the limit", _at_most(times, AIM_RATIO), _times(times)),
        _faster_than_the_right_ones(measured),
        (f"a rerun with nothing new under {AIM_RERUN:.0%} of the first", _at_most(rerun, AIM_RERUN), _percent(rerun)),
        ("peak memory under 2 GiB", peak < AIM_BYTES if peak else None, _mib(peak)),
    ]
    for title, curve in curves.items():
        if len(curve) > 1:
            first, last = curve[0], curve[-1]
            grows = last["product"] / first["product"]
            rows.append((title, None, f"{last['x'] - first['x']:+,} rows: x {grows:.2f} of the time"))
    return rows


def _faster_than_the_right_ones(measured: Mapping[str, Measured]) -> tuple[str, bool | None, str]:
    text = "faster than every peer that gives the right answer"
    peers = {
        name: statistics.median(entry.seconds())
        for name, entry in measured.items()
        if name not in (LIMIT, PRODUCT) and entry.seconds() and all(v.right for v in entry.verdicts.values())
    }
    if not peers or PRODUCT not in measured or not measured[PRODUCT].seconds():
        return text, None, "no such peer was measured"
    product = statistics.median(measured[PRODUCT].seconds())
    best = min(peers, key=lambda name: peers[name])
    others = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in peers.items())
    return text, product < peers[best], f"product {product:.2f} s; {others}"


def _comparison(measured: Mapping[str, Measured]) -> Table:
    table = table_of("Seconds and memory", "contender", "median s", "min", "max", "x the limit", "cpu s", "peak MiB")
    for name, entry in measured.items():
        seconds = entry.seconds()
        if not seconds:
            table.add_row(entry.contender.title, entry.error or "not run", *[""] * 5)
            continue
        cpu = statistics.median(outcome["cpu_seconds"] for outcome in entry.outcomes["first"])
        figures = [f"{figure:.3f}" for figure in (statistics.median(seconds), min(seconds), max(seconds))]
        table.add_row(
            entry.contender.title, *figures, _times(ratio(measured, name)), f"{cpu:.2f}", _mib(entry.peak_bytes)
        )
    for phase, title in (
        ("idle", "product again, nothing staged"),
        ("again", "product again, merged tables still there"),
    ):
        seconds = measured[PRODUCT].seconds(phase) if PRODUCT in measured else []
        if seconds:
            figures = [f"{figure:.3f}" for figure in (statistics.median(seconds), min(seconds), max(seconds))]
            table.add_row(title, *figures, f"{_percent(rerun_share(measured, phase))} of the first", "", "")
    return table


def _behaviour(measured: Mapping[str, Measured]) -> Table:
    columns = ("contender", "first run", "the same rows delivered again", "active twins", "atomic", "a second writer")
    table = table_of("Results (measured; atomic and second writer: by design, not measured)", *columns)
    for entry in measured.values():
        words = [_verdict(entry, "first"), _verdict(entry, "redelivered")]
        twins = f"{entry.verdicts['first'].active_twins:,}" if "first" in entry.verdicts else ""
        table.add_row(entry.contender.name, *words, twins, entry.contender.atomic, entry.contender.second_writer)
    return table


def _verdict(entry: Measured, phase: str) -> str:
    if phase not in entry.verdicts:
        return entry.error or ""
    verdict = entry.verdicts[phase]
    check = entry.outcomes[phase][0]["details"].get("its_own_check_finds")
    own = "" if check is None else f" (its own check finds {check:,})"
    colour, word = ("green", "right") if verdict.right else ("red", "wrong")
    return f"[{colour}]{word}[/]: {verdict.reasons}{own}; {entry.seconds(phase)[0]:.2f} s"


def _curve(title: str, curve: Curve) -> Table:
    table = table_of(title, "rows", "product s", "limit s", "x the limit", "product µs per staged row")
    for point in curve:
        figures = (f"{point['x']:,}", f"{point['product']:.3f}", f"{point['limit']:.3f}")
        per_row = 1e6 * point["product"] / point["staged"]
        table.add_row(*figures, _times(point["product"] / point["limit"]), f"{per_row:.2f}")
    return table


def steps(outcomes: Sequence[Mapping[str, Any]]) -> Table:
    """Seconds of the product by step: the median over the rounds. The last step includes the commit and the close."""
    table = table_of("The product by step (consolidation_counts: with commit and close)", "step", "median s", "share")
    runs = [outcome["details"]["steps"] for outcome in outcomes]
    medians = [(name, statistics.median(run[at][1] for run in runs)) for at, (name, _) in enumerate(runs[0])]
    total = sum(seconds for _, seconds in medians)
    for name, seconds in medians:
        table.add_row(name, f"{seconds:.3f}", f"{seconds / total:.1%}")
    table.add_row("all", f"{total:.3f}", "")
    return table


def _aims(measured: Mapping[str, Measured], curves: Mapping[str, Curve]) -> Table:
    table = table_of("Aims", "aim", "reached", "figure")
    words = {True: "[green]yes[/]", False: "[red]no[/]", None: "see the figure"}
    for text, reached, figure in aims(measured, curves):
        table.add_row(text, words[reached], figure)
    return table


def table_of(title: str, *columns: str) -> Table:
    """An empty table in the style of all benchmarks."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _at_most(figure: float | None, aim: float) -> bool | None:
    return None if figure is None else figure <= aim


def _times(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.2f}"


def _percent(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.1%}"


def _mib(size: int) -> str:
    return f"{size / 1024**2:,.0f}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
