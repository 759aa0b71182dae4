"""A process that validates, publishes, grades and cleans up again and again, while others consolidate these dates."""

from __future__ import annotations

import datetime as dt
import time
import traceback
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from random import Random

import duckdb

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder, LeaseStore
from nba_consolidation.operations.staging_cleanup import CleanUp
from nba_consolidation.pipeline.grading.grade import Grader
from nba_consolidation.pipeline.publication.publish import Publisher
from nba_consolidation.pipeline.validation.validate import Validator
from nba_consolidation.schema import BOX_SCORES
from nba_consolidation_tests.chaos.consolidator import EXPECTED, consolidator_of, undisturbed_consolidator
from nba_consolidation_tests.chaos.faulty import Misbehaviour
from nba_consolidation_tests.chaos.flags import is_over
from nba_consolidation_tests.chaos.journal import Journal
from nba_consolidation_tests.chaos.lease_backends import store_at
from nba_consolidation_tests.chaos.plan import Order
from nba_consolidation_tests.chaos.rows import DATES, box_scores
from nba_consolidation_tests.pipeline.consolidation.workbench import KNOWN

Work = Callable[[FencedWriter, Sequence[dt.date], Holder], object]


def _validate(writer: FencedWriter, dates: Sequence[dt.date], holder: Holder) -> None:
    Validator(writer).validate(dates, holder)


def _publish(writer: FencedWriter, dates: Sequence[dt.date], holder: Holder) -> None:
    Publisher(writer, lambda: ()).publish(dates, holder)


def _grade(writer: FencedWriter, dates: Sequence[dt.date], holder: Holder) -> None:
    for error in Grader(writer).grade(dates, holder).poisoned.values():
        raise error


_STEPS: dict[str, Work] = {"validated": _validate, "published": _publish, "graded": _grade}
CLEANED_UP = "cleaned up"


def run(order: Order) -> None:
    """Takes a random step until the storm is over or an unexpected error occurs."""
    folder, rng = Path(order.folder), order.rng
    journal = Journal(folder, order.name)
    leases = store_at(order.leases, order.skew)
    consolidator = consolidator_of(
        folder, leases, order.ttl, Misbehaviour(delays=0.5), rng, order.skew, note=journal.note
    )
    clean_up = CleanUp(consolidator.writer, consolidator.staging, lambda: KNOWN, dt.timedelta(0))
    for number in count():
        if is_over(folder):
            return
        holder, step = Holder.here(f"{order.name}_{number}"), rng.choice([*_STEPS, CLEANED_UP])
        try:
            if step == CLEANED_UP:
                clean_up.clean_up(holder, dry_run=False)
            else:
                _STEPS[step](consolidator.writer, rng.sample(DATES, rng.choice((1, 2))), holder)
            journal.note(outcomes=[step])
        except EXPECTED as error:
            journal.note(outcomes=[type(error).__name__])
        except Exception:
            journal.note(failure=f"{order.name}: {traceback.format_exc()}")
            raise
        time.sleep(rng.uniform(0.0, 0.2))


def play_games(folder: Path) -> None:
    """Creates the tables, and a box score of every player."""
    warehouse = undisturbed_consolidator(folder, store_at(f"sqlite {folder / 'unused.sqlite'}")).writer.warehouse
    warehouse.create_tables([BOX_SCORES])
    with duckdb.connect(folder / "warehouse.duckdb") as connection:
        connection.executemany(
            "INSERT INTO player_game_summary (game_date, game_id, player_lookup, points, minutes_played) "
            "VALUES (?, ?, ?, ?, 30)",
            box_scores(Random(0)),
        )


def follow_up(folder: Path, leases: LeaseStore) -> None:
    """Every step for every date, without faults."""
    writer = undisturbed_consolidator(folder, leases).writer
    for step, work in _STEPS.items():
        work(writer, DATES, Holder.here(f"calm {step}"))
