"""The charts of a report: which rows each is drawn from, and what it tells those who cannot see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nba_consolidation.pipeline.daily_report import svg_charts as charts
from nba_consolidation.pipeline.daily_report.contents import Players, Reliability, Report
from nba_consolidation.pipeline.daily_report.formatting import by_system_and_window, interval, named
from nba_consolidation.pipeline.daily_report.png_plots import BREAK_EVEN, scale_of
from nba_consolidation.warehouse.interface import Row

_SYSTEMS_SHOWN = 8
_BETS_NEEDED = 30
"""Of fewer bets an interval spans nearly everything: they have their row in the table, and no chart."""


@dataclass(frozen=True)
class Drawings:
    """SVG, ready for a page; empty where there is nothing to draw. By system where there is one for each."""

    systems: str = ""
    over_time: Mapping[str, str] = field(default_factory=dict)
    reliability: Sequence[tuple[Reliability, str]] = ()
    players: str = ""
    strategies: str = ""
    volume: str = ""


def drawings(report: Report) -> Drawings:
    """All charts; of very many systems, those of the ones with the most bets."""
    last = [row for row in report.performance if row["time_window"] == "30d" and row["bets"] >= _BETS_NEEDED]
    shown = sorted(sorted(last, key=lambda row: -row["bets"])[: _SYSTEMS_SHOWN + 1], key=by_system_and_window)
    return Drawings(
        systems=_systems(shown),
        over_time=_over_time([row["system_id"] for row in shown], report.over_time),
        reliability=_reliability(report.reliability),
        players=_players(report.players),
        strategies=_strategies(report.strategies.told),
        volume=_volume(report.work.standing),
    )


def _systems(shown: Sequence[Row]) -> str:
    if not shown:
        return ""
    alt = "Hit rate of each system over the last 30 days, with its interval; the table below has the figures."
    rows = [
        {"label": named(row["system_id"]), "value": row["hit_rate"], "low": row["hit_rate_low"],
         "high": row["hit_rate_high"], "tip": f"{named(row['system_id'])}: {row['hit_rate']:.1%} ({interval(row)}), "
         f"n = {row['bets']:,}"}
        for row in shown
    ]  # fmt: skip
    return charts.intervals(rows, alt, even=BREAK_EVEN)


def _over_time(systems: Sequence[str], rows: Sequence[Row]) -> dict[str, str]:
    """On one scale. A line needs two dates."""
    by_system = {system: [row for row in rows if row["system_id"] == system] for system in systems}
    drawn = {system: found for system, found in by_system.items() if len(found) > 1}
    if not drawn:
        return {}
    scale = scale_of([row for found in drawn.values() for row in found])
    return {
        named(system): charts.hit_rate_over_time(
            found, f"Hit rate of {named(system)} over 30 days, by date, with its interval.", scale
        )
        for system, found in drawn.items()
    }


def _reliability(found: Sequence[Reliability]) -> list[tuple[Reliability, str]]:
    most = sorted(found, key=lambda one: -one.bets)[:_SYSTEMS_SHOWN]
    return [(one, charts.reliability(
        [vars(bucket) for bucket in one.before], [vars(bucket) for bucket in one.after],
        f"Reliability of {one.system_id}: hit rate by confidence; the figures are in the table below.",
    )) for one in sorted(most, key=lambda one: one.system_id)]  # fmt: skip


def _players(players: Players) -> str:
    bet_on = [row for row in players.rows if row["bets"]]
    if not bet_on:
        return ""
    alt = "Hit rate of each player by how much his bets are worth; those of whom something is said are in the table."
    return charts.funnel(bet_on, alt, [row["player_lookup"] for row in players.told])


def _strategies(told: Sequence[Row]) -> str:
    known = [row for row in told if row["roi_low"] is not None]
    if not known:
        return ""
    rows = [
        {"label": row["strategy"], "value": row["roi"], "low": row["roi_low"], "high": row["roi_high"],
         "tip": f"{row['strategy']}: ROI {row['roi']:+.1%} ({row['roi_low']:+.1%} to {row['roi_high']:+.1%}), "
         f"n = {row['bets']:,}"}
        for row in known
    ]  # fmt: skip
    return charts.intervals(rows, "Return of each strategy with its interval; the table below has the figures.", even=0,
                            axis="return per unit staked")  # fmt: skip


def _volume(standing: Sequence[Row]) -> str:
    if not any(row["active_rows"] for row in standing):
        return ""
    return charts.volume(standing, "Active predictions of each game date; the work below is of the report's own dates.")
