"""`demo`: consolidates an invented season, and compares the result with the expectation. Run in `demo/run.py`."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import date_option
from nba_consolidation.cli.output import Grid, GridColumn, OutputPart, table
from nba_consolidation.cli.progress import bar
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema.display import count_column, interval_column, percent_column
from nba_consolidation.schema.display_columns import SYSTEM
from nba_consolidation.settings import Settings, today, variable

if TYPE_CHECKING:
    from nba_consolidation.demo.comparison import DemoComparison

_HOME = Path(".demo")
_CHECKOUT = Path(__file__).parents[2]
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
_HIT_RATE_COLUMNS = (
    SYSTEM,
    count_column("bets", "bets"),
    percent_column("hit rate", "hit_rate"),
    interval_column("95 % interval", "hit_rate"),
)
_COMMANDS = (
    ("status", "waiting tables, committed rows"),
    ("quarantine", "quarantined rows and broken rules"),
    ("duplicates", "the audits of all history"),
    ("performance", "how good each system is"),
    ("calibration", "confidence beside hit rates"),
    ("players list", "better or worse than by chance"),
    ("explain --date {date} --player {player}", "where predictions came from"),
    ("box-scores {home}/box_scores/{last}.parquet", "loads the last date; then `grade`"),
)


@click.command()
@click.option("--dates", default=90, show_default=True, type=click.IntRange(1, 400),
              help="Game dates; a whole season has 170.")  # fmt: skip
@date_option("--last-date", "last_date", "The last game date; by default yesterday.")
@click.option("--seed", default=2025, show_default=True, help="Another seed, another season.")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 64), help="Workers that stage.")
@session_command
def demo(session: Session, dates: int, last_date: dt.date | None, seed: int, processes: int) -> Exit:
    """Make a season of games and consolidate it under contention.

    Works in .demo (or --home), and first removes an earlier demo there. Ends with 1 unless every staged prediction was
    consolidated exactly once.
    """
    from nba_consolidation.demo.run import run_demo
    from nba_consolidation.demo.season import Season

    home = _HOME if session.settings.home == Settings().home else session.settings.home
    last = today() - dt.timedelta(1) if last_date is None else last_date
    season = Season.ending(last, dates=dates, seed=seed, refused_tables=True)
    with bar("staging tables") as (advance, write_line):
        comparison = run_demo(home, season, processes, lambda done: advance(done.tables, done.of_tables), write_line)
    commands = [command for command, _ in _commands(home, comparison, season.game_dates[-1])]
    document = {**_document(comparison), "commands": commands}
    session.show(
        document, *page(home, comparison, season.game_dates[-1]), *dagster_commands(home, season.game_dates[0])
    )
    return Exit.DONE if comparison.as_expected else Exit.FAILED


def page(home: Path, comparison: DemoComparison, last: dt.date) -> list[OutputPart]:
    """The comparison, hit rates, and where to look."""
    return [*_comparison_table(comparison), _where_to_look(home, comparison.report, _commands(home, comparison, last))]


def _commands(home: Path, comparison: DemoComparison, last: dt.date) -> list[tuple[str, str]]:
    example = comparison.example
    names = {"home": home, "last": last, "date": example["game_date"], "player": example["player_lookup"]}
    return [(command.format_map(names), purpose) for command, purpose in _COMMANDS]


def _where_to_look(home: Path, report: Path, commands: Sequence[tuple[str, str]]) -> str:
    program = sys.argv[0] if sys.argv[0].endswith("nba-consolidation") else "nba-consolidation"
    width = max(len(command) for command, _ in commands)
    return "\n".join(
        [
            f"The report: {_short(report)}",
            f"Where to look. Commands begin with {program} --home {home}:",
            *(f"  {command:{width}}  {purpose}" for command, purpose in commands),
        ]
    )


def dagster_commands(home: Path, first: dt.date, checkout: Path = _CHECKOUT) -> list[OutputPart]:
    """How to open the season in Dagster: with make in a checkout, else what make would run, and the extra it needs."""
    if home.absolute() == checkout / _HOME and (checkout / "Makefile").exists():
        return ["The season in Dagster: make ui"]
    needed = [] if find_spec("dagster_webserver") else ["pip install 'nba-consolidation[ui]'"]
    lines = [
        "The season in Dagster:",
        *needed,
        f"export DAGSTER_HOME={quote(str(home.absolute() / 'dagster_home'))}",
        f"export {variable('home')}={quote(str(home.absolute()))} {variable('first_date')}={first}",
        "dagster dev -m nba_consolidation.definitions",
    ]
    return ["\n  ".join(lines)]


def _short(path: Path) -> Path:
    """Relative to the folder of the terminal, if it lies there."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _document(comparison: DemoComparison) -> dict[str, object]:
    expected, actual = (
        {name: getattr(figures, name) for name in _FIGURES}
        for figures in (comparison.expected_figures, comparison.actual_figures)
    )
    return {
        "as_expected": comparison.as_expected,
        "expected": expected,
        "expected_once_all_are_played": {name: getattr(comparison.expected.total, name) for name in _FIGURES},
        "outcome": {**actual, "duplicates": comparison.duplicates, "lost": comparison.lost},
        "hit_rates": [{name: row[name] for name in _HIT_RATE} for row in comparison.hit_rates],
        "refused_tables": dict(comparison.expected.refused),
        "racers": comparison.racers,
        "report": comparison.report,
        "seconds": round(comparison.seconds, 1),
    }


def _comparison_table(comparison: DemoComparison) -> list[OutputPart]:
    expected_figures, actual_figures = comparison.expected_figures, comparison.actual_figures
    rows = [
        *((title, getattr(expected_figures, name), getattr(actual_figures, name)) for name, title in _FIGURES.items()),
        ("duplicate business keys", 0, comparison.duplicates),
        ("lost business keys", 0, comparison.lost),
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
    newest = "yes" if comparison.newest_everywhere else "NO"
    racers = "; ".join(f"{racer.name}: {racer.rows:,} rows in {racer.runs} runs" for racer in comparison.racers)
    verdict = "Zero duplicates, zero lost." if comparison.as_expected else "The result is WRONG: please report this."
    return [
        Grid(columns, figures),
        table(_HIT_RATE_COLUMNS, comparison.hit_rates),
        "\n".join(
            (
                f"The race: {racers}.",
                f"{len(comparison.expected.refused)} staging tables were refused, as intended, and require attention.",
                f"{verdict} Newest won: {newest}. {comparison.expected.tables:,} tables in {comparison.seconds:.0f} s.",
            )
        ),
    ]
