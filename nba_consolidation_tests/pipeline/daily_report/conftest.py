"""A home with everything that a report can show, made once for all tests, which only read it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.daily_report.contents import Report
from nba_consolidation.pipeline.daily_report.page import page
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded, bets, random_rows
from nba_consolidation_tests.pipeline.analysis.recalibration.simulated import overconfident
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction, staged

EVIL = '<script>alert("x")</script>$\\frac{a}{b$&amp;'
"""A name from outside that is markup, a script and an invalid formula at once."""
NEXT = DATE + dt.timedelta(1)


def eventful(folder: Path) -> Graded:
    """Consolidated, quarantined and waiting predictions; a month of graded bets; calibrations; players; strategies."""
    home = Graded(folder)
    home.deployment.staging.write(
        "_staging_20260115_120000_000001_w0",
        staged(
            [
                prediction("20.5", 0),
                prediction("20.5", 1),
                prediction("21.0", 2, line_source="ACTUAL_PROP"),
                prediction(predicted_points=99),
            ]
        ),
    )
    home.deployment.consolidator.consolidate([DATE], Holder.here("merging"))
    home.deployment.validator.validate([DATE], Holder.here("merging"))
    home.deployment.create_tables()
    home.execute(
        "INSERT INTO player_game_summary (game_date, game_id, player_lookup, team_abbr, points, minutes_played) "
        f"VALUES (DATE '{DATE}', '20260115_BOS_MIA', 'jaimejaquezjr', 'MIA', 30, 31.0)"
    )
    home.deployment.grader.grade([DATE], Holder.here("grading"))
    home.deployment.staging.write(
        "_staging_20260115_130000_000001_w1", staged([prediction("22.5", 3), prediction("22.5", 3, player_lookup="x")])
    )
    home.add(overconfident(days=40))
    home.add(overconfident(days=40, system_id="ensemble_v1", seed=2))
    home.add(bets(4, 31, player_lookup=EVIL, system_id=EVIL, confidence_score=Decimal("0.9")))
    home.add(bets(16, 15, confidence_score=Decimal("0.6")))
    home.add([row | {"game_date": row["game_date"] - dt.timedelta(200)} for row in random_rows(seed=3)])
    days = [DATE - dt.timedelta(day) for day in range(20)]
    home.analyse(*days)
    recalibrator = home.deployment.recalibrator
    recalibrator.recalibrate([DATE - dt.timedelta(14)], Holder.here("monday"), approve="ann")
    recalibrator.recalibrate([NEXT], Holder.here("today"))
    home.deployment.reviewer.review([NEXT], Holder.here("review"))
    home.deployment.strategist.evaluate([DATE], Holder.here("evaluation"))
    return home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    return eventful(tmp_path_factory.mktemp("report") / "home")


@pytest.fixture(scope="session")
def report(home: Graded) -> Report:
    return home.deployment.reporter.report(DATE, DATE)


@pytest.fixture(scope="session")
def html(report: Report) -> str:
    return page(report)
