"""Which calibrations are decided for a date, from which bets, and what is recorded."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.recalibration.candidates import IDENTITY, fit_all
from nba_consolidation.pipeline.analysis.recalibration.decision import DecisionOutcome
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import read_graded_bets
from nba_consolidation.pipeline.analysis.recalibration.recalibrate import RecalibrationReport
from nba_consolidation.pipeline.analysis.recalibration.versions import (
    ACTIVE,
    ROLLED_BACK,
    SUPERSEDED,
    DecisionRefused,
    read_history,
)
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded, graded
from nba_consolidation_tests.pipeline.analysis.recalibration.simulated import overconfident, shifted


@pytest.fixture
def home(tmp_path: Path) -> Graded:
    return Graded(tmp_path / "home")


def recalibrate(home: Graded, *dates: dt.date, approve: str | None = None) -> RecalibrationReport:
    return home.deployment.recalibrator.recalibrate(dates or [DATE], Holder.here("run"), approve=approve)


def test_a_major_change_waits_for_approval_and_can_be_rolled_back(home: Graded) -> None:
    home.add(overconfident())
    (decision,) = recalibrate(home).decisions
    version = decision.version
    assert decision.outcome is DecisionOutcome.WAITING
    assert version is not None
    assert version.is_major
    assert version.mean_shift > 0.1
    assert version.log_loss_after < version.log_loss_before
    recalibrator, holder = home.deployment.recalibrator, Holder.here("person")
    with pytest.raises(DecisionRefused, match="first date"):
        recalibrator.decide(version.version_id, ACTIVE, DATE - dt.timedelta(1), "", "ann", holder)
    recalibrator.decide(version.version_id, ACTIVE, DATE, "looked", "ann", holder)
    history = read_history(home.deployment.warehouse)
    assert history.in_force("catboost_v9", DATE) == version
    assert history.in_force("catboost_v9", DATE - dt.timedelta(1)) is None
    later = DATE + dt.timedelta(3)
    recalibrator.decide(version.version_id, ROLLED_BACK, later, "worse", "ann", holder)
    history = read_history(home.deployment.warehouse)
    assert history.state(version) is ROLLED_BACK
    assert history.in_force("catboost_v9", later) is None
    assert history.in_force("catboost_v9", DATE) == version
    with pytest.raises(DecisionRefused, match="rolled_back"):
        recalibrator.decide(version.version_id, ACTIVE, later, "", "ann", holder)


def test_recalibrating_again_gives_the_same_version_and_writes_nothing(home: Graded) -> None:
    home.add(overconfident())
    first = recalibrate(home, approve="ann")
    assert (first.versions_written, first.events_written) == (1, 2)
    again = recalibrate(home, approve="ann")
    assert (again.versions_written, again.events_written) == (0, 0)
    assert again.decisions[0].version == first.decisions[0].version


LATER = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 1000), st.sampled_from(["correct", "wrong", "push"])), max_size=300
)


@settings(max_examples=3, deadline=None)
@given(later=LATER)
def test_results_on_or_after_the_date_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, later: list[tuple[int, int, str]]
) -> None:
    """With other and more later results, the decision for the date is the same to the last digit."""
    homes = [Graded(tmp_path_factory.mktemp("home")) for _ in range(2)]
    for home in homes:
        home.add(overconfident(7))
    homes[0].add(shifted(overconfident(3, days=10), dt.timedelta(11)))
    homes[1].add(
        [
            graded(outcome, game_date=DATE + dt.timedelta(day), confidence_score=Decimal(step) / 1000)
            for day, step, outcome in [*later, (0, 900, "wrong")]
        ]
    )
    decisions = [recalibrate(home, DATE, DATE + dt.timedelta(13)).of_date(DATE) for home in homes]
    assert decisions[0] == decisions[1]
    assert decisions[0][0].version is not None


def test_the_bets_that_are_read_begin_on_the_first_date_and_end_before_the_other(home: Graded) -> None:
    home.add([graded("correct", game_date=DATE + dt.timedelta(day)) for day in range(4)])
    bets = read_graded_bets(home.deployment.warehouse, DATE + dt.timedelta(1), DATE + dt.timedelta(3))
    assert [set(one.day) for one in bets.values()] == [
        {(DATE + dt.timedelta(1)).toordinal(), (DATE + dt.timedelta(2)).toordinal()}
    ]


def regrade(home: Graded, outcome: str) -> None:
    """Sets all outcomes to an SQL expression."""
    home.execute(f"UPDATE prediction_accuracy SET outcome = {outcome}")


def test_deciding_again_after_a_correction_supersedes_the_earlier_version(home: Graded) -> None:
    home.add(overconfident())
    home.execute("ALTER TABLE prediction_accuracy ADD COLUMN kept TEXT")
    home.execute("UPDATE prediction_accuracy SET kept = outcome")
    version = recalibrate(home, approve="ann").decisions[0].version
    assert version is not None
    # the hit rate equals the confidence in every bucket
    regrade(home, "IF(hash(rowid, 9) % 1000 < 1000 * confidence_score, 'correct', 'wrong')")
    (decision,) = recalibrate(home).decisions
    assert decision.outcome is DecisionOutcome.STEADY
    assert (decision.superseded, decision.in_force) == ((version.version_id,), None)
    history = read_history(home.deployment.warehouse)
    assert history.in_force("catboost_v9", DATE) is None
    assert history.state(version) is SUPERSEDED
    assert recalibrate(home).events_written == 0
    regrade(home, "kept")
    assert recalibrate(home, approve="ann").decisions[0].in_force == version.version_id
    events = read_history(home.deployment.warehouse).events_of(version)
    assert [one.state.value for one in events] == ["proposed", "active", "superseded", "proposed", "active"]
    assert recalibrate(home, approve="ann").events_written == 0


def test_with_too_few_bets_the_outcome_is_not_enough_and_says_why(home: Graded) -> None:
    home.add(overconfident(days=10, per_day=1))
    report = recalibrate(home)
    (decision,) = report.decisions
    assert (decision.outcome, decision.version, report.versions_written) == (DecisionOutcome.NOT_ENOUGH, None, 0)
    assert "10 decided bets" in decision.reason


def test_a_system_with_few_bets_is_fitted_on_the_bets_of_all_systems(home: Graded) -> None:
    home.add([*overconfident(), *overconfident(2, per_day=3, system_id="ensemble_v1")])
    by_system = {one.system_id: one for one in recalibrate(home).decisions}
    versions = {system: one.version.scope if one.version else None for system, one in by_system.items()}
    assert versions == {"catboost_v9": "system", "ensemble_v1": "pooled"}


def test_without_bets_nothing_is_decided(home: Graded) -> None:
    assert recalibrate(home).decisions == ()


def test_bets_of_the_season_before_are_not_used(home: Graded) -> None:
    first = dt.date(2026, 7, 3)
    home.add([row | {"game_date": row["game_date"] + (dt.date(2026, 7, 1) - DATE)} for row in overconfident()])
    assert recalibrate(home, first).decisions == ()


@pytest.mark.parametrize("outcome", ["correct", "wrong"])
@pytest.mark.parametrize("confidence", ["0", "0.8", "1"])
def test_bets_that_are_all_won_or_all_lost_do_not_prove_certainty(home: Graded, outcome: str, confidence: str) -> None:
    home.add([row | {"outcome": outcome} for row in overconfident(confidence_score=Decimal(confidence))])
    (decision,) = recalibrate(home).decisions
    is_right = (outcome == "correct") == (confidence == "1")
    if is_right and confidence != "0.8":
        assert (decision.outcome, decision.version) == (DecisionOutcome.STEADY, None)
        return
    assert decision.version is not None
    assert 0 < min(decision.version.curve) <= max(decision.version.curve) < 1
    calibrated = float(decision.version.calibration(np.array([float(confidence)]))[0])
    assert abs(calibrated - (outcome == "correct")) < 0.01


def test_every_curve_rises_and_stays_within_0_and_1(home: Graded) -> None:
    home.add(overconfident())
    bets = read_graded_bets(home.deployment.warehouse, DATE - dt.timedelta(30), DATE)["catboost_v9"]
    calibrations = fit_all(bets)
    assert list(calibrations) == ["identity", "temperature", "platt", "beta", "isotonic"]
    for one in calibrations.values():
        assert len(one.curve) == 101
        assert (np.diff(one.curve) >= 0).all()
        assert 0 <= min(one.curve) <= max(one.curve) <= 1
    assert np.allclose(IDENTITY(np.array([0.0, 0.123, 1.0])), [0.0, 0.123, 1.0])


@pytest.mark.parametrize("seed", range(3))
def test_a_well_calibrated_system_is_steady(home: Graded, seed: int) -> None:
    """At most one in twenty drifts by chance: test_drift.py counts them."""
    chance = random.Random(seed)
    rows = overconfident()
    for row in rows:
        row["outcome"] = "correct" if chance.random() < row["confidence_score"] else "wrong"
    home.add(rows)
    report = recalibrate(home)
    (decision,) = report.decisions
    assert (decision.outcome, decision.version, decision.trial) == (DecisionOutcome.STEADY, None, None)
    assert (report.versions_written, report.events_written) == (0, 0)
    assert not any(bucket.drifts for bucket in decision.drift)
    assert "no bucket is off by more than 5 points" in decision.reason


def test_a_system_that_drifts_and_that_no_candidate_improves_is_no_change(home: Graded) -> None:
    """The system was overconfident in the first weeks only, so calibrations that are fitted to these are worse."""
    chance, rows = random.Random(1), []
    for row in overconfident():
        hit_rate = 0.6 if DATE - row["game_date"] <= dt.timedelta(21) else 0.35
        outcome = "correct" if chance.random() < hit_rate else "wrong"
        rows.append(row | {"confidence_score": Decimal("0.6"), "outcome": outcome})
    home.add(rows)
    (decision,) = recalibrate(home).decisions
    assert any(bucket.drifts for bucket in decision.drift)
    assert (decision.outcome, decision.version) == (DecisionOutcome.NO_CHANGE, None)
    assert decision.trial
    assert decision.trial.best.method == "identity"


def test_a_calibration_that_is_worse_on_later_bets_is_rolled_back(
    home: Graded, caplog: pytest.LogCaptureFixture
) -> None:
    home.add(overconfident())
    version = recalibrate(home, approve="ann").decisions[0].version
    assert version is not None
    home.add(
        [row | {"game_date": row["game_date"] + dt.timedelta(30), "outcome": "correct"} for row in overconfident()]
    )
    report = recalibrate(home, DATE + dt.timedelta(14))
    (decision,) = report.decisions
    assert decision.rolled_back == version.version_id
    assert decision.comparison
    assert decision.comparison.ratio_low > 1
    assert [record.levelname for record in caplog.records if "calibration_rolled_back" in record.getMessage()] == [
        "ERROR"
    ]


def test_a_version_decided_after_that_of_a_later_date_is_in_force_until_that_date(home: Graded) -> None:
    """The order in which dates are recalibrated does not matter."""
    later = DATE + dt.timedelta(7)
    home.add([*overconfident(), *shifted(overconfident(2, days=7), dt.timedelta(7))])
    second = recalibrate(home, later, approve="ann").decisions[0].version
    (decision,) = recalibrate(home, DATE, approve="ann").decisions
    assert (decision.outcome, decision.in_force) == (
        DecisionOutcome.ACTIVE,
        decision.version and decision.version.version_id,
    )
    history = read_history(home.deployment.warehouse)
    assert [history.in_force("catboost_v9", date) for date in (DATE, later - dt.timedelta(1), later)] == [
        decision.version, decision.version, second
    ]  # fmt: skip


def test_a_major_change_of_a_past_date_needs_no_approval_once_a_later_date_was_decided(home: Graded) -> None:
    home.add([*overconfident(), *shifted(overconfident(2, days=7), dt.timedelta(7))])
    recalibrate(home, DATE + dt.timedelta(7))
    (decision,) = recalibrate(home, DATE).decisions
    assert (decision.outcome, decision.in_force) == (DecisionOutcome.UNCHANGED, None)
    assert "needs no approval" in decision.reason
    waiting = read_history(home.deployment.warehouse).waiting()
    assert [one.game_date for one in waiting] == [DATE + dt.timedelta(7)]


def test_a_version_that_was_proposed_before_is_reported_with_its_state(home: Graded) -> None:
    """Also for a version that was read from the table."""
    home.add(overconfident())
    version = recalibrate(home, approve="ann").decisions[0].version
    (decision,) = recalibrate(home).decisions
    assert (decision.outcome, decision.reason) == (
        DecisionOutcome.UNCHANGED,
        "this version was proposed before: active",
    )
    assert version
    for one in (version, read_history(home.deployment.warehouse).versions[0]):
        assert read_history(home.deployment.warehouse).state(one) is ACTIVE


def test_a_new_system_is_decided_with_the_bets_of_all_systems(home: Graded) -> None:
    """Without a bet of its own there is no decision; with ten, it is pooled."""
    home.add([*overconfident(), *overconfident(5, days=10, per_day=1, system_id="newcomer")])
    by_system = {one.system_id: one for one in recalibrate(home).decisions}
    assert set(by_system) == {"catboost_v9", "newcomer"}
    newcomer = by_system["newcomer"]
    assert newcomer.bets == 10
    assert newcomer.version is None or (newcomer.version.scope, newcomer.version.system_bets) == ("pooled", 10)


def test_bets_without_a_confidence_between_0_and_1_do_not_count(home: Graded) -> None:
    home.add(overconfident())
    expected = recalibrate(home).decisions[0]
    home.add([row | {"confidence_score": wrong} for row in overconfident(8)
              for wrong in (None, Decimal(72), Decimal("-0.1"))])  # fmt: skip
    assert recalibrate(home).decisions[0].version == expected.version
    home.execute("UPDATE prediction_accuracy SET confidence_score = NULL")
    assert recalibrate(home, DATE + dt.timedelta(1)).decisions == ()


def test_a_renamed_player_changes_no_calibration(home: Graded) -> None:
    home.add(overconfident())
    expected = recalibrate(home).decisions[0].version
    home.execute("UPDATE prediction_accuracy SET player_lookup = 'renamed' WHERE hash(rowid) % 2 = 0")
    report = recalibrate(home)
    assert (report.decisions[0].version, report.events_written) == (expected, 0)


def test_a_calibration_stays_in_force_in_the_next_season_which_uses_no_old_bet(home: Graded) -> None:
    home.add(overconfident())
    version = recalibrate(home, approve="ann").decisions[0].version
    opening = dt.date(2026, 10, 20)
    (decision,) = recalibrate(home, opening).decisions
    assert (decision.outcome, decision.bets) == (DecisionOutcome.NOT_ENOUGH, 0)
    assert version
    assert decision.in_force == version.version_id


def test_a_system_with_few_bets_that_contradict_the_pooled_fit_is_not_calibrated(home: Graded) -> None:
    """The others are overconfident; this one is well calibrated."""
    own = overconfident(2, per_day=5, system_id="ensemble_v1")
    for number, row in enumerate(own):
        row["outcome"] = "correct" if number % 20 < 20 * row["confidence_score"] else "wrong"
    home.add([*overconfident(), *own])
    by_system = {one.system_id: one for one in recalibrate(home).decisions}
    assert by_system["catboost_v9"].version
    decision = by_system["ensemble_v1"]
    assert (decision.outcome, decision.version, decision.bets) == (DecisionOutcome.NO_CHANGE, None, 150)
    assert "but not on the" in decision.reason
