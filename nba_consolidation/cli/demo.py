"""`demo`: consolidates an invented season, and compares the result with the expectation. Run in `demo/run.py`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.output import Grid, GridColumn, Shown
from nba_consolidation.cli.performance import performance_grid
from nba_consolidation.cli.progress import bar
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.settings import Settings

if TYPE_CHECKING:
    from nba_consolidation.demo.outcome import Outcome

_HOME = Path(".demo")
_FIGURES = {
    "staged": "staged rows",
    "consolidated": "business keys, one row each",
    "active": "active",
    "quarantined": "quarantined rows",
    "correct": "bets that were right",
    "wrong": "bets that were wrong",
    "push": "pushes",
    "passed": "no bet advised",
    "voided": "voided, the player did not play",
}
_HIT_RATE = ("system_id", "bets", "hit_rate", "hit_rate_low", "hit_rate_high")
_COMMANDS = (
    ("status", "waiting and refused staging tables, committed rows by date"),
    ("quarantine", "the quarantined rows, and the rule that each one broke"),
    ("explain --date {date} --player {player}", "where a player's predictions came from, and their earlier versions"),
    ("duplicates", "the audits of all history"),
    ("performance", "how good each system is: hit rates with their intervals, errors, returns"),
    ("calibration", "how well each system's confidence matches its hit rate"),
    ("players list", "players whose predictions are better or worse than chance explains"),
    ("box-scores {home}/box_scores/{last}.parquet", "loads the box scores of the last date; then run `grade`"),
)


@click.command()
@click.option("--dates", default=120, show_default=True, type=click.IntRange(1, 400),
              help="Game dates; a whole season has 170.")  # fmt: skip
@click.option("--seed", default=2025, show_default=True, help="Another seed, another season.")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 64), help="Workers that stage.")
@session_command
def demo(session: Session, dates: int, seed: int, processes: int) -> Exit:
    """Make a season of games and consolidate it under contention.

    Works in .demo (or --home), and first removes an earlier demo there. Ends with 1 unless every staged prediction was
    consolidated exactly once.
    """
    from nba_consolidation.demo.run import run_demo
    from nba_consolidation.demo.season import Season

    home = _HOME if session.settings.home == Settings().home else session.settings.home
    season = Season(seed=seed, dates=dates, refused_tables=True)
    with bar("staging tables") as (advance, write_line):
        outcome = run_demo(home, season, processes, lambda done: advance(done.tables, done.of_tables), write_line)
    names = {
        "home": home, "last": season.game_dates[-1], "date": outcome.example["game_date"],
        "player": outcome.example["player_lookup"],
    }  # fmt: skip
    commands = [(command.format_map(names), purpose) for command, purpose in _COMMANDS]
    document = {**_document(outcome), "commands": [command for command, _ in commands]}
    session.show(document, *_shown(outcome), _where_to_look(home, outcome.report, commands))
    return Exit.DONE if outcome.as_expected else Exit.FAILED


def _where_to_look(home: Path, report: Path, commands: Sequence[tuple[str, str]]) -> str:
    program = sys.argv[0] if sys.argv[0].endswith("nba-consolidation") else "nba-consolidation"
    entries = [
        (str(report), "the report of the last date with box scores: open it in a browser"),
        ("make ui", "the season in Dagster: assets, checks, metadata, both runs"),
        *((f"{program} --home {home} {command}", purpose) for command, purpose in commands),
    ]
    return "\n".join(["Where to look", *(f"  {what}\n      {purpose}" for what, purpose in entries)])


def _document(outcome: Outcome) -> dict[str, object]:
    expected, actual = (
        {name: getattr(side, name) for name in _FIGURES} for side in (outcome.expected_figures, outcome.actual_figures)
    )
    return {
        "as_expected": outcome.as_expected,
        "expected": expected,
        "expected_once_all_are_played": {name: getattr(outcome.expected.total, name) for name in _FIGURES},
        "outcome": {**actual, "duplicates": outcome.duplicates, "lost": outcome.lost},
        "hit_rates": [{name: row[name] for name in _HIT_RATE} for row in outcome.hit_rates],
        "refused_tables": dict(outcome.expected.refused),
        "racers": outcome.racers,
        "report": outcome.report,
        "seconds": round(outcome.seconds, 1),
    }


def _shown(outcome: Outcome) -> list[Shown]:
    expected_figures, actual_figures = outcome.expected_figures, outcome.actual_figures
    rows = [
        *((title, getattr(expected_figures, name), getattr(actual_figures, name)) for name, title in _FIGURES.items()),
        ("duplicate business keys", 0, outcome.duplicates),
        ("lost business keys", 0, outcome.lost),
    ]
    columns = (
        GridColumn("the season"),
        GridColumn("expected", right=True),
        GridColumn("actual", right=True),
        GridColumn("", right=True),
    )
    figures = [
        (name, f"{expected:,}", f"{actual:,}", "ok" if expected == actual else "WRONG")
        for name, expected, actual in rows
    ]
    newest = "yes" if outcome.newest_everywhere else "NO"
    racers = "; ".join(f"{racer.name}: {racer.rows:,} rows in {racer.runs} runs" for racer in outcome.racers)
    verdict = "Zero duplicates, zero lost." if outcome.as_expected else "The result is WRONG: please report this."
    return [
        Grid(columns, figures),
        performance_grid(outcome.hit_rates),
        f"The newest version of every key won: {newest}. The race: {racers}.",
        f"{len(outcome.expected.refused)} staging tables were refused, as intended, and require attention.",
        f"{verdict} {outcome.expected.tables:,} staging tables in {outcome.seconds:.0f} s.",
    ]
