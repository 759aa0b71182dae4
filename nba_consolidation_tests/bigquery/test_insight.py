"""Recalibration, reliability and what may be bet on, in BigQuery: row by row what DuckDB makes of the same bets."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from nba_consolidation.fencing.audits import DUPLICATE_CALIBRATIONS, OUTDATED_CALIBRATIONS
from nba_consolidation.fencing.errors import AuditFailed
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import read_graded_bets
from nba_consolidation.pipeline.analysis.recalibration.recalibrate import Recalibrator
from nba_consolidation.pipeline.analysis.recalibration.versions import ROLLED_BACK, read_history
from nba_consolidation.pipeline.analysis.reliability import queries
from nba_consolidation.pipeline.analysis.reliability.overrides import Override
from nba_consolidation.pipeline.analysis.reliability.review import Reviewer
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NO_WAIT, NOW, Workbench, prediction

Execute = Callable[[str], list[dict[str, Any]]]
COLUMNS = """game_date, game_id, player_lookup, system_id, predicted_points, line_value, actual_points, recommendation,
  confidence_score, outcome"""
NEXT = DATE + dt.timedelta(2)
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
            f"NUMERIC '25.5', {number + 8}, 'OVER', {'NULL' if number % 3 else 'NUMERIC ' + repr('0.7')}, "
            f"'{('correct', 'push', 'passed', 'wrong')[number % 4]}')"
        )
    return f"INSERT INTO {{dataset}}.prediction_accuracy ({COLUMNS}) VALUES {', '.join(rows)}"


def without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def told(bench: Any, execute: Execute) -> dict[str, Any]:
    """Every use case once, in order; what each wrote and what consumers read, but for who wrote it when."""
    execute(fill())
    seconds = itertools.count()  # of two decisions the later one holds
    writer = FencedWriter(
        bench.warehouse, bench.leases, clock=lambda: NOW + dt.timedelta(seconds=next(seconds)), wait=NO_WAIT
    )
    recalibrator, reviewer = Recalibrator(writer), Reviewer(writer, disabled_systems=("switched_off",))
    holder = Holder.here("run")
    found: dict[str, Any] = {}
    found["bets"] = {
        system: [array.tolist() for array in vars(bets).values()]
        for system, bets in read_graded_bets(bench.warehouse, DATE - dt.timedelta(30), DATE).items()
    }
    first = recalibrator.recalibrate([DATE], holder, approve="ann")
    again = recalibrator.recalibrate([DATE], holder, approve="ann")
    found["written"] = [(one.versions_written, one.events_written) for one in (first, again)]
    history = read_history(bench.warehouse)
    found["history"] = [one.version_id for one in history.versions], history.events
    stage = bench.stage
    stage(
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
    bench.consolidate()
    bench.validate()
    bench.publish()
    found["before the review"] = execute(READ)
    early = DATE - dt.timedelta(3)
    reports = [reviewer.review([early], holder), reviewer.review([early], holder)]
    knee = Override("knee", "Luka Dončić", "blacklisted", early, None, "ann", "a knee")
    reports.append(reviewer.decide(knee, holder))
    bench.publish()
    found["after it"] = execute(READ)
    reports.append(reviewer.review([DATE], holder))
    reports.append(reviewer.decide(Override("well", "LUKA DONCIC", None, DATE, None, "ann", "well again"), holder))
    bench.publish()
    found["given back"] = execute(READ)
    found["reviews"] = [(report.dates, report.followed) for report in reports]
    found["players"] = [without(row, *LINEAGE) for row in queries.players(bench.warehouse, early, DATE)]
    found["of status"] = [
        row["player_lookup"] for row in queries.players(bench.warehouse, early, early, status="blacklisted")
    ]
    found["one"] = [row["player_lookup"] for row in queries.players(bench.warehouse, DATE, DATE, player="Luka Dončić")]
    found["policies"] = [without(row, *LINEAGE) for row in queries.policies(bench.warehouse, early, DATE)]
    found["overrides"] = [without(row, *LINEAGE) for row in queries.overrides(bench.warehouse)]
    found["in order"] = _audits(bench)
    (version,) = (one for one in history.versions if one.system_id == "catboost_v9")
    recalibrator.decide(version.version_id, ROLLED_BACK, DATE, "", "ann", holder)
    found["outdated"] = _audits(bench)
    bench.publish()
    found["rolled back"] = execute(READ), _audits(bench)
    execute("UPDATE {dataset}.confidence_recalibration_events SET number = 1 WHERE game_date >= '2000-01-01'")
    found["numbers"] = _audits(bench)
    execute("UPDATE {dataset}.prediction_accuracy SET outcome = 'correct' WHERE game_date >= '2026-01-01'")
    try:
        recalibrator.recalibrate([DATE], holder, approve="ann")
    except AuditFailed as error:
        found["refused"] = error.audit
    found["refused, so as it was"] = len(read_history(bench.warehouse).events)
    return found


def _audits(bench: Any) -> list[list[dict[str, Any]]]:
    return [audit.findings(bench.warehouse, [DATE, NEXT]) for audit in (DUPLICATE_CALIBRATIONS, OUTDATED_CALIBRATIONS)]


def test_every_statement_returns_the_same_on_bigquery_and_duckdb(bench: BigQueryBench, tmp_path: Path) -> None:
    local = Workbench(tmp_path)
    wanted = told(local, lambda sql: local.execute(sql.replace("{dataset}.", "")))
    assert wanted["written"] == [(2, 4), (0, 0)]  # the thin system gets a pooled one
    luka = {step: next(row for row in wanted[step] if row["player_lookup"] == "lukadončić")
            for step in ("before the review", "after it", "given back")}  # fmt: skip
    assert [(row["is_actionable"], row["filter_reason"], row["player_status"]) for row in luka.values()] == [
        (True, None, None), (False, "blacklisted_player", "blacklisted"), (True, None, "normal")
    ]  # fmt: skip
    reasons = {row["player_lookup"]: row["filter_reason"] for row in wanted["given back"]}
    assert reasons == {
        "lukadončić": None, "plain": None, "player1": "low_confidence", "player2": "worker",
        "player3": "no_line, made_after_tip_off", "player4": "no_bet_wanted", "player5": "no_bet_wanted",
    }  # fmt: skip
    assert wanted["in order"] == [[], []]
    assert [len(rows) for rows in wanted["outdated"]] == [0, 1]
    assert wanted["numbers"][0]
    assert wanted["refused"] == "duplicate_calibrations"
    found = told(bench, bench.select)
    for step in wanted:
        assert _rounded(found[step]) == _rounded(wanted[step]), step


def _rounded(found: Any) -> Any:
    """The emulator keeps three decimals of a NUMERIC; what is more is held by the suites on DuckDB."""
    if isinstance(found, list | tuple):
        return [_rounded(one) for one in found]
    if isinstance(found, dict):
        return {name: _rounded(one) for name, one in found.items()}
    return found.quantize(Decimal("0.001")) if isinstance(found, Decimal) else found
