"""Recalibration, player reviews and publication on BigQuery: the same rows as on DuckDB for the same bets."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.fencing.audits import DUPLICATE_CALIBRATIONS, OUTDATED_CALIBRATIONS
from nba_consolidation.fencing.errors import AuditFailed
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import read_graded_bets
from nba_consolidation.pipeline.analysis.recalibration.recalibrate import Recalibrator
from nba_consolidation.pipeline.analysis.recalibration.versions import ROLLED_BACK, read_history
from nba_consolidation.pipeline.analysis.reliability import queries
from nba_consolidation.pipeline.analysis.reliability.overrides import Override, overrides_with_results
from nba_consolidation.pipeline.analysis.reliability.review import Reviewer
from nba_consolidation.pipeline.publication.publish import unpublished_dates
from nba_consolidation_tests.bigquery.executed import executes
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NO_WAIT, NOW, Workbench, prediction

Execute = Callable[[str], list[dict[str, Any]]]
COLUMNS = """game_date, game_id, player_lookup, system_id, predicted_points, line_value, actual_points, recommendation,
  confidence_score, outcome"""
NEXT, EARLY = DATE + dt.timedelta(2), DATE - dt.timedelta(3)
KNEE = Override("knee", "Luka Dončić", "blacklisted", EARLY, None, "ann", "a knee")
RECOVERED = Override("recovered", "LUKA DONCIC", None, DATE, None, "ann", "recovered")
LINEAGE = ("lease_token", "run_id", "review_id", "computed_at", "recorded_at", "created_at")
READ = """
SELECT player_lookup, system_id, confidence, calibrated_confidence, calibration_version, is_actionable, filter_reason,
  player_status, variance_flag
FROM {dataset}.published_predictions WHERE game_date >= '2000-01-01' ORDER BY player_lookup, system_id
"""


def fill() -> str:
    """A month of bets before DATE: 600 of a system that promises too much, and a few on a player of two spellings."""
    chance = random.Random(3)
    rows = []
    for number in range(600):
        confidence, player = chance.randrange(550, 950), f"player{number % 12}"
        won = chance.random() < 0.3 + confidence / 4000
        points = chance.randrange(5, 40)
        day = DATE - dt.timedelta(1 + number // 20)
        rows.append(
            f"(DATE '{day}', 'g{number}', '{player}', 'catboost_v9', NUMERIC '22.5', NUMERIC '{15 + number % 9}.5', "
            f"{points}, 'OVER', NUMERIC '0.{confidence}', '{'correct' if won else 'wrong'}')"
        )
    for number in range(24):
        name = "lukadončić" if number % 2 else "lukadoncic"
        rows.append(
            f"(DATE '{DATE - dt.timedelta(1 + number)}', 'd{number}', '{name}', 'ensemble_v1', NUMERIC '30.1', "
            f"NUMERIC '25.5', {number % 8 + 24}, 'OVER', {'NULL' if number % 3 else 'NUMERIC ' + repr('0.7')}, "
            f"'{('correct', 'push', 'passed', 'wrong')[number % 4]}')"
        )
    return f"INSERT INTO {{dataset}}.prediction_accuracy ({COLUMNS}) VALUES {', '.join(rows)}"


def without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


class Walk:
    """Runs the use cases on one warehouse. `results` has the rows of each step, without who wrote them and when."""

    def __init__(self, bench: Any, execute: Execute) -> None:
        self.bench, self.execute = bench, execute
        self.results: dict[str, Any] = {}
        seconds = itertools.count()  # so that the later of two decisions is in force
        writer = FencedWriter(
            bench.warehouse, bench.leases, clock=lambda: NOW + dt.timedelta(seconds=next(seconds)), wait=NO_WAIT
        )
        self.recalibrator = Recalibrator(writer)
        self.reviewer = Reviewer(writer, disabled_systems=("switched_off",))
        self.holder = Holder.here("run")
        self.reports: list[Any] = []
        execute(fill())

    def recalibrate(self) -> None:
        """Recalibrates twice. The second time nothing has changed."""
        self.results["bets"] = {
            system: [array.tolist() for array in vars(bets).values()]
            for system, bets in read_graded_bets(self.bench.warehouse, DATE - dt.timedelta(30), DATE).items()
        }
        reports = [self.recalibrator.recalibrate([DATE], self.holder, approve="ann") for _ in range(2)]
        self.results["written"] = [(report.versions_written, report.events_written) for report in reports]
        history = read_history(self.bench.warehouse)
        self.results["history"] = [version.version_id for version in history.versions], history.events

    def consolidate(self) -> None:
        """Consolidates and validates one prediction of each kind: flagged, without a line, late, and so on."""
        self.bench.stage(
            prediction(player_lookup="plain", confidence_score=Decimal("0.9"), is_actionable=True),
            prediction(player_lookup="lukadoncic", confidence_score=Decimal("0.624"), is_actionable=True),
            prediction(player_lookup="player1", confidence_score=Decimal("0.7"), is_actionable=False,
                       filter_reason="low_confidence"),
            prediction(player_lookup="player2", confidence_score=Decimal("0.94"), is_actionable=False),
            prediction(None, player_lookup="player3", confidence_score=Decimal(0), is_actionable=True,
                       prediction_made_before_game=False),
            prediction(player_lookup="player4", system_id="ensemble_v1", recommendation="PASS", is_actionable=True),
            prediction(player_lookup="player5", is_actionable=None, recommendation="HOLD"),
        )  # fmt: skip
        self.bench.consolidate()
        self.bench.validate()
        self.results["unpublished"] = unpublished_dates(self.bench.warehouse, DATE, DATE)

    def publish(self, step: str) -> None:
        self.bench.publish()
        self.results[step] = self.execute(READ)

    def review(self, date: dt.date) -> None:
        self.reports.append(self.reviewer.review([date], self.holder))

    def decide(self, override: Override) -> None:
        self.reports.append(self.reviewer.decide(override, self.holder))

    def read_reviews(self) -> None:
        """Reads players, policies and overrides, and runs the audits."""
        warehouse = self.bench.warehouse
        self.results["reviews"] = [(report.dates, report.followed) for report in self.reports]
        self.results["players"] = [without(row, *LINEAGE) for row in queries.players(warehouse, EARLY, DATE)]
        self.results["of status"] = [
            row["player_lookup"] for row in queries.players(warehouse, EARLY, EARLY, status="blacklisted")
        ]
        self.results["one player"] = [
            row["player_lookup"] for row in queries.players(warehouse, EARLY, DATE, player="Luka Dončić")
        ]
        self.results["policies"] = [without(row, *LINEAGE) for row in queries.policies(warehouse, EARLY, DATE)]
        self.results["overrides"] = [without(row, *LINEAGE) for row in overrides_with_results(warehouse)]
        self.results["audits"] = self._audits()

    def roll_back(self) -> None:
        """Rolls a version back; then causes contradictory events, which the next recalibration refuses."""
        history = read_history(self.bench.warehouse)
        (version,) = (version for version in history.versions if version.system_id == "catboost_v9")
        self.recalibrator.decide(version.version_id, ROLLED_BACK, DATE, "", "ann", self.holder)
        self.results["audits of an outdated date"] = self._audits()
        self.publish("rolled back")
        self.results["audits after publication"] = self._audits()
        self.execute("UPDATE {dataset}.confidence_recalibration_events SET number = 1 WHERE game_date >= '2000-01-01'")
        self.results["audits of repeated numbers"] = self._audits()
        self.execute("UPDATE {dataset}.prediction_accuracy SET outcome = 'correct' WHERE game_date >= '2026-01-01'")
        with pytest.raises(AuditFailed) as refused:
            self.recalibrator.recalibrate([DATE], self.holder, approve="ann")
        self.results["refused"] = refused.value.audit
        self.results["events after the refusal"] = len(read_history(self.bench.warehouse).events)

    def _audits(self) -> list[list[dict[str, Any]]]:
        audits = (DUPLICATE_CALIBRATIONS, OUTDATED_CALIBRATIONS)
        return [audit.findings(self.bench.warehouse, [DATE, NEXT]) for audit in audits]


def short_walk(bench: Any, execute: Execute) -> dict[str, Any]:
    """Executes every statement once."""
    walk = Walk(bench, execute)
    walk.recalibrate()
    walk.consolidate()
    walk.review(EARLY)
    walk.decide(KNEE)
    walk.publish("after the review")
    walk.read_reviews()
    return walk.results


def long_walk(bench: Any, execute: Execute) -> dict[str, Any]:
    """Runs every use case again after others have changed its input."""
    walk = Walk(bench, execute)
    walk.recalibrate()
    walk.consolidate()
    walk.publish("before the review")
    walk.review(EARLY)
    walk.review(EARLY)
    walk.decide(KNEE)
    walk.publish("after the review")
    walk.review(DATE)
    walk.decide(RECOVERED)
    walk.publish("recovered")
    walk.read_reviews()
    walk.roll_back()
    return walk.results


def bets_on(rows: list[dict[str, Any]], player: str) -> list[tuple[Any, ...]]:
    """Whether the player may be bet on, the reason if not, and the status."""
    names = ("is_actionable", "filter_reason", "player_status")
    return [tuple(row[name] for name in names) for row in rows if row["player_lookup"] == player]


def same_results(walk: Callable[..., dict[str, Any]], bench: BigQueryBench, folder: Path) -> dict[str, Any]:
    """Returns the results on DuckDB after comparing them with those on BigQuery."""
    local = Workbench(folder)
    expected = walk(local, lambda sql: local.execute(sql.replace("{dataset}.", "")))
    actual = walk(bench, bench.select)
    for step in expected:
        assert _rounded(actual[step]) == _rounded(expected[step]), step
    return expected


@executes("recalibration/", "reliability/", "publication/")
def test_every_statement_returns_the_same_on_bigquery_and_duckdb(bench: BigQueryBench, tmp_path: Path) -> None:
    results = same_results(short_walk, bench, tmp_path)
    assert results["written"] == [(2, 4), (0, 0)]  # the system with few bets gets a pooled version
    assert results["unpublished"] == (DATE,)
    assert bets_on(results["after the review"], "lukadoncic") == [(False, "blacklisted_player", "blacklisted")]
    assert set(results["one player"]) == {"lukadoncic"}
    assert results["audits"] == [[], []]


@pytest.mark.slow
def test_later_reviews_decisions_and_a_roll_back_return_the_same_on_bigquery_and_duckdb(
    bench: BigQueryBench, tmp_path: Path
) -> None:
    results = same_results(long_walk, bench, tmp_path)
    assert results["written"] == [(2, 4), (0, 0)]
    assert bets_on(results["before the review"], "lukadoncic") == [(True, None, None)]
    assert bets_on(results["after the review"], "lukadoncic") == [(False, "blacklisted_player", "blacklisted")]
    assert bets_on(results["recovered"], "lukadoncic") == [(True, None, "normal")]
    reasons = {row["player_lookup"]: row["filter_reason"] for row in results["recovered"]}
    assert reasons == {
        "lukadoncic": None, "plain": None, "player1": "low_confidence", "player2": "worker",
        "player3": "no_line, made_after_tip_off", "player4": "no_bet_wanted", "player5": "no_bet_wanted",
    }  # fmt: skip
    assert results["audits"] == [[], []]
    assert [len(findings) for findings in results["audits of an outdated date"]] == [0, 1]
    assert results["audits of repeated numbers"][0]
    assert results["refused"] == "duplicate_calibrations"


def _rounded(value: Any) -> Any:
    """The emulator keeps three decimals of a NUMERIC; the tests on DuckDB check the rest."""
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return value.quantize(Decimal("0.001")) if isinstance(value, Decimal) else value
