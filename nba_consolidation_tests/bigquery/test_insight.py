"""Recalibration, reliability and what may be bet on, in BigQuery: row by row what DuckDB makes of the same bets."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.audits import DUPLICATE_CALIBRATIONS, OUTDATED_CALIBRATIONS
from nba_consolidation.fencing import AuditFailed, Guarding
from nba_consolidation.locking import Holder
from nba_consolidation.recalibration.recalibrate import Recalibrator, read_bets
from nba_consolidation.recalibration.versions import State, read_history
from nba_consolidation.reliability import standing
from nba_consolidation.reliability.overrides import Override
from nba_consolidation.reliability.review import Reviewer
from nba_consolidation_tests.consolidation.workbench import DATE, NO_WAIT, NOW, Workbench, prediction

from .executed import executes
from .workbench import BigQueryBench

Execute = Callable[[str], list[dict[str, Any]]]
COLUMNS = """game_date, game_id, player_lookup, system_id, predicted_points, line_value, actual_points, recommendation,
  confidence_score, outcome"""
NEXT = DATE + dt.timedelta(2)
EARLY = DATE - dt.timedelta(3)
KNEE = Override("knee", "Luka Dončić", "blacklisted", EARLY, None, "ann", "a knee")
LINEAGE = ("lease_token", "run_id", "review_id", "computed_at", "recorded_at", "created_at")
READ = """
SELECT player_lookup, system_id, confidence, calibrated_confidence, calibration_version, is_actionable, filter_reason,
  player_status, variance_flag
FROM {dataset}.validated_predictions WHERE game_date >= '2000-01-01' ORDER BY player_lookup, system_id
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
            f"NUMERIC '25.5', {number + 8}, 'OVER', {'NULL' if number % 3 else 'NUMERIC ' + repr('0.7')}, "
            f"'{('correct', 'push', 'passed', 'wrong')[number % 4]}')"
        )
    return f"INSERT INTO {{dataset}}.prediction_accuracy ({COLUMNS}) VALUES {', '.join(rows)}"


def without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


class Walk:
    """The use cases over one warehouse, in order; `rows` is what each step wrote and what consumers read after it.

    Who wrote a row and when is left out.
    """

    def __init__(self, bench: Any, execute: Execute) -> None:
        self.bench, self.execute = bench, execute
        self.rows: dict[str, Any] = {}
        seconds = itertools.count()  # of two decisions the later one holds
        guarding = Guarding(
            bench.warehouse, bench.leases, clock=lambda: NOW + dt.timedelta(seconds=next(seconds)), wait=NO_WAIT
        )
        self.recalibrator = Recalibrator(guarding)
        self.reviewer = Reviewer(guarding, disabled_systems=("switched_off",))
        self.holder = Holder.here("run")
        self.reports: list[Any] = []
        execute(fill())

    def recalibrate(self) -> None:
        """Twice: the second time there is nothing new."""
        self.rows["bets"] = {
            system: [array.tolist() for array in vars(bets).values()]
            for system, bets in read_bets(self.bench.warehouse, DATE - dt.timedelta(30), DATE).items()
        }
        reports = [self.recalibrator.recalibrate([DATE], self.holder, approve="ann") for _ in range(2)]
        self.rows["written"] = [(report.versions_written, report.events_written) for report in reports]
        history = read_history(self.bench.warehouse)
        self.rows["history"] = [version.version_id for version in history.versions], history.events

    def consolidate(self) -> None:
        """Of each kind of prediction one: that is flagged, without a line, late, and so on."""
        self.bench.stage(
            prediction(player_lookup="plain", confidence_score=Decimal("0.9"), is_actionable=True),
            prediction(player_lookup="lukadončić", confidence_score=Decimal("0.624"), is_actionable=True),
            prediction(player_lookup="player1", confidence_score=Decimal("0.7"), is_actionable=False,
                       filter_reason="low_confidence"),
            prediction(player_lookup="player2", confidence_score=Decimal("0.94"), is_actionable=False),
            prediction(None, player_lookup="player3", confidence_score=Decimal(0), is_actionable=True,
                       prediction_made_before_game=False),
            prediction(player_lookup="player4", system_id="ensemble_v1", recommendation="PASS", is_actionable=True),
            prediction(player_lookup="player5", is_actionable=None, recommendation="HOLD"),
        )  # fmt: skip
        self.bench.consolidate()

    def validate(self, step: str) -> None:
        self.bench.validate()
        self.rows[step] = self.execute(READ)

    def review(self, date: dt.date) -> None:
        self.reports.append(self.reviewer.review([date], self.holder))

    def decide(self, override: Override) -> None:
        self.reports.append(self.reviewer.decide(override, self.holder))

    def read_reviews(self) -> None:
        """Everything that can be read of players and policies."""
        warehouse = self.bench.warehouse
        self.rows["reviews"] = [(report.dates, report.followed) for report in self.reports]
        self.rows["players"] = [without(row, *LINEAGE) for row in standing.players(warehouse, EARLY, DATE)]
        self.rows["of status"] = [
            row["player_lookup"] for row in standing.players(warehouse, EARLY, EARLY, status="blacklisted")
        ]
        self.rows["one"] = [
            row["player_lookup"] for row in standing.players(warehouse, EARLY, DATE, player="Luka Dončić")
        ]
        self.rows["policies"] = [without(row, *LINEAGE) for row in standing.policies(warehouse, EARLY, DATE)]
        self.rows["overrides"] = [without(row, *LINEAGE) for row in standing.overrides(warehouse)]
        self.rows["in order"] = self._findings()

    def roll_back(self) -> None:
        """A version that fails is taken back; then events that contradict themselves are refused."""
        history = read_history(self.bench.warehouse)
        (version,) = (one for one in history.versions if one.system_id == "catboost_v9")
        self.recalibrator.decide(version.version_id, State.ROLLED_BACK, DATE, "", "ann", self.holder)
        self.rows["outdated"] = self._findings()
        self.validate("rolled back")
        self.rows["in order again"] = self._findings()
        self.execute("UPDATE {dataset}.confidence_recalibration_events SET number = 1 WHERE game_date >= '2000-01-01'")
        self.rows["numbers"] = self._findings()
        self.execute("UPDATE {dataset}.prediction_accuracy SET outcome = 'correct' WHERE game_date >= '2026-01-01'")
        with pytest.raises(AuditFailed) as refused:
            self.recalibrator.recalibrate([DATE], self.holder, approve="ann")
        self.rows["refused"] = refused.value.audit
        self.rows["refused, so as it was"] = len(read_history(self.bench.warehouse).events)

    def _findings(self) -> list[list[dict[str, Any]]]:
        audits = (DUPLICATE_CALIBRATIONS, OUTDATED_CALIBRATIONS)
        return [audit.findings(self.bench.warehouse, [DATE, NEXT]) for audit in audits]


def short_walk(bench: Any, execute: Execute) -> dict[str, Any]:
    """Every statement once."""
    walk = Walk(bench, execute)
    walk.recalibrate()
    walk.consolidate()
    walk.review(EARLY)
    walk.decide(KNEE)
    walk.validate("after the review")
    walk.read_reviews()
    return walk.rows


def long_walk(bench: Any, execute: Execute) -> dict[str, Any]:
    """Every use case again, after others changed what it reads."""
    walk = Walk(bench, execute)
    walk.recalibrate()
    walk.consolidate()
    walk.validate("before the review")
    walk.review(EARLY)
    walk.review(EARLY)
    walk.decide(KNEE)
    walk.validate("after the review")
    walk.review(DATE)
    walk.decide(Override("well", "LUKA DONCIC", None, DATE, None, "ann", "well again"))
    walk.validate("given back")
    walk.read_reviews()
    walk.roll_back()
    return walk.rows


def bets_on(rows: list[dict[str, Any]], player: str) -> list[tuple[Any, ...]]:
    """Whether they may be bet on, the reason if not, and the player's status."""
    names = ("is_actionable", "filter_reason", "player_status")
    return [tuple(row[name] for name in names) for row in rows if row["player_lookup"] == player]


def both(walk: Callable[..., dict[str, Any]], bench: BigQueryBench, folder: Path) -> dict[str, Any]:
    """What the walk comes to in DuckDB, once it is sure that it comes to the same in BigQuery."""
    local = Workbench(folder)
    expected = walk(local, lambda sql: local.execute(sql.replace("{dataset}.", "")))
    actual = walk(bench, bench.select)
    for step in expected:
        assert _rounded(actual[step]) == _rounded(expected[step]), step
    return expected


@executes("recalibration", "reliability", "calibrations_in_force")
def test_recalibration_and_reviews_give_in_bigquery_what_they_give_in_duckdb(
    bench: BigQueryBench, tmp_path: Path
) -> None:
    rows = both(short_walk, bench, tmp_path)
    assert rows["written"] == [(2, 4), (0, 0)]  # the thin system gets a pooled one
    assert bets_on(rows["after the review"], "lukadončić") == [(False, "blacklisted_player", "blacklisted")]
    assert rows["one"] == ["lukadoncic"]
    assert rows["in order"] == [[], []]


@pytest.mark.slow
def test_later_reviews_decisions_and_a_roll_back_give_in_bigquery_what_they_give_in_duckdb(
    bench: BigQueryBench, tmp_path: Path
) -> None:
    rows = both(long_walk, bench, tmp_path)
    assert rows["written"] == [(2, 4), (0, 0)]
    assert bets_on(rows["before the review"], "lukadončić") == [(True, None, None)]
    assert bets_on(rows["after the review"], "lukadončić") == [(False, "blacklisted_player", "blacklisted")]
    assert bets_on(rows["given back"], "lukadončić") == [(True, None, "normal")]
    reasons = {row["player_lookup"]: row["filter_reason"] for row in rows["given back"]}
    assert reasons == {
        "lukadončić": None, "plain": None, "player1": "low_confidence", "player2": "worker",
        "player3": "no_line, made_after_tip_off", "player4": "no_bet_wanted", "player5": "no_bet_wanted",
    }  # fmt: skip
    assert rows["in order"] == [[], []]
    assert [len(found) for found in rows["outdated"]] == [0, 1]
    assert rows["numbers"][0]
    assert rows["refused"] == "duplicate_calibrations"


def _rounded(value: Any) -> Any:
    """The emulator keeps three decimals of a NUMERIC; what is more is held by the suites on DuckDB."""
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return value.quantize(Decimal("0.001")) if isinstance(value, Decimal) else value
