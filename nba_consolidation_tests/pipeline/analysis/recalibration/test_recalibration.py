"""What is decided for a date, from which bets, and what is written of it."""

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
from nba_consolidation.pipeline.analysis.recalibration.candidates import IDENTITY, fitted
from nba_consolidation.pipeline.analysis.recalibration.recalibrate import Outcome, RecalibrationReport, read_bets
from nba_consolidation.pipeline.analysis.recalibration.versions import NotPossible, State, read_history
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded, graded
from nba_consolidation_tests.pipeline.analysis.recalibration.simulated import overconfident, shifted


@pytest.fixture
def home(tmp_path: Path) -> Graded:
    return Graded(tmp_path / "home")


def recalibrate(home: Graded, *dates: dt.date, approve: str | None = None) -> RecalibrationReport:
    return home.deployment.recalibrator.recalibrate(dates or [DATE], Holder.here("run"), approve=approve)


def test_a_major_change_waits_until_a_person_approves_it_and_can_be_taken_back(home: Graded) -> None:
    home.add(overconfident())
    (decision,) = recalibrate(home).decisions
    version = decision.version
    assert decision.outcome is Outcome.WAITING
    assert version is not None
    assert version.is_major
    assert version.mean_shift > 0.1
    assert version.log_loss_after < version.log_loss_before
    recalibrator, holder = home.deployment.recalibrator, Holder.here("person")
    with pytest.raises(NotPossible, match="first date"):
        recalibrator.decide(version.version_id, State.ACTIVE, DATE - dt.timedelta(1), "", "ann", holder)
    recalibrator.decide(version.version_id, State.ACTIVE, DATE, "looked", "ann", holder)
    history = read_history(home.deployment.warehouse)
    assert history.in_force("catboost_v9", DATE) == version
    assert history.in_force("catboost_v9", DATE - dt.timedelta(1)) is None
    later = DATE + dt.timedelta(3)
    recalibrator.decide(version.version_id, State.ROLLED_BACK, later, "worse", "ann", holder)
    history = read_history(home.deployment.warehouse)
    assert history.state(version) is State.ROLLED_BACK
    assert history.in_force("catboost_v9", later) is None
    assert history.in_force("catboost_v9", DATE) == version
    with pytest.raises(NotPossible, match="rolled_back"):
        recalibrator.decide(version.version_id, State.ACTIVE, later, "", "ann", holder)


def test_the_same_again_gives_the_same_version_and_writes_nothing(home: Graded) -> None:
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
    """Other results, and more of them: what is decided for the date stays, to the last figure."""
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
    found = [recalibrate(home, DATE, DATE + dt.timedelta(13)).of(DATE) for home in homes]
    assert found[0] == found[1]
    assert found[0][0].version is not None


def regrade(home: Graded, outcome: str) -> None:
    """All results, by an SQL expression."""
    home.execute(f"UPDATE prediction_accuracy SET outcome = {outcome}")


def test_a_date_decided_anew_after_a_correction_supersedes_what_it_had_decided(home: Graded) -> None:
    home.add(overconfident())
    home.execute("ALTER TABLE prediction_accuracy ADD COLUMN kept TEXT")
    home.execute("UPDATE prediction_accuracy SET kept = outcome")
    version = recalibrate(home, approve="ann").decisions[0].version
    assert version is not None
    # won as often as promised, in every bucket
    regrade(home, "IF(hash(rowid, 9) % 1000 < 1000 * confidence_score, 'correct', 'wrong')")
    (decision,) = recalibrate(home).decisions
    assert decision.outcome is Outcome.STEADY
    assert (decision.superseded, decision.in_force) == ((version.version_id,), None)
    history = read_history(home.deployment.warehouse)
    assert history.in_force("catboost_v9", DATE) is None
    assert history.state(version) is State.SUPERSEDED
    assert recalibrate(home).events_written == 0
    regrade(home, "kept")
    assert recalibrate(home, approve="ann").decisions[0].in_force == version.version_id
    happened = read_history(home.deployment.warehouse).events_of(version)
    assert [one.state.value for one in happened] == ["proposed", "active", "superseded", "proposed", "active"]
    assert recalibrate(home, approve="ann").events_written == 0


def test_too_few_bets_are_not_enough_and_say_so(home: Graded) -> None:
    home.add(overconfident(days=10, per_day=1))
    report = recalibrate(home)
    (decision,) = report.decisions
    assert (decision.outcome, decision.version, report.versions_written) == (Outcome.NOT_ENOUGH, None, 0)
    assert "10 decided bets" in decision.reason


def test_a_thin_system_falls_back_to_all_systems(home: Graded) -> None:
    home.add([*overconfident(), *overconfident(2, per_day=3, system_id="ensemble_v1")])
    by_system = {one.system_id: one for one in recalibrate(home).decisions}
    versions = {system: one.version.scope if one.version else None for system, one in by_system.items()}
    assert versions == {"catboost_v9": "system", "ensemble_v1": "pooled"}


def test_without_any_history_nothing_is_decided(home: Graded) -> None:
    assert recalibrate(home).decisions == ()


def test_the_season_before_is_not_looked_at(home: Graded) -> None:
    first = dt.date(2026, 7, 3)
    home.add([row | {"game_date": row["game_date"] + (dt.date(2026, 7, 1) - DATE)} for row in overconfident()])
    assert recalibrate(home, first).decisions == ()


@pytest.mark.parametrize("outcome", ["correct", "wrong"])
@pytest.mark.parametrize("confidence", ["0", "0.8", "1"])
def test_constant_confidence_all_right_or_all_wrong_claims_no_certainty(
    home: Graded, outcome: str, confidence: str
) -> None:
    home.add([row | {"outcome": outcome} for row in overconfident(confidence_score=Decimal(confidence))])
    (decision,) = recalibrate(home).decisions
    right = (outcome == "correct") == (confidence == "1")
    if right and confidence != "0.8":
        assert (decision.outcome, decision.version) == (Outcome.STEADY, None)
        return
    assert decision.version is not None
    assert 0 < min(decision.version.curve) <= max(decision.version.curve) < 1
    said = float(decision.version.calibration(np.array([float(confidence)]))[0])
    assert abs(said - (outcome == "correct")) < 0.01


def test_every_curve_rises_within_0_and_1_and_is_published_as_judged(home: Graded) -> None:
    home.add(overconfident())
    bets = read_bets(home.deployment.warehouse, DATE - dt.timedelta(30), DATE)["catboost_v9"]
    found = fitted(bets)
    assert list(found) == ["identity", "multiplier", "platt", "beta", "isotonic"]
    for one in found.values():
        assert len(one.curve) == 101
        assert (np.diff(one.curve) >= 0).all()
        assert 0 <= min(one.curve) <= max(one.curve) <= 1
    assert np.allclose(IDENTITY(np.array([0.0, 0.123, 1.0])), [0.0, 0.123, 1.0])


@pytest.mark.parametrize("seed", range(3))
def test_a_well_calibrated_system_is_steady(home: Graded, seed: int) -> None:
    """Of very many one in twenty is said to drift: test_drift.py counts them."""
    chance = random.Random(seed)
    rows = overconfident()
    for row in rows:
        row["outcome"] = "correct" if chance.random() < row["confidence_score"] else "wrong"
    home.add(rows)
    report = recalibrate(home)
    (decision,) = report.decisions
    assert (decision.outcome, decision.version, decision.trial) == (Outcome.STEADY, None, None)
    assert (report.versions_written, report.events_written) == (0, 0)
    assert not any(bucket.drifts for bucket in decision.drift)
    assert "no bucket is off by more than 5 points" in decision.reason


def test_what_drifts_but_is_bettered_by_nothing_is_no_change_and_not_steady(home: Graded) -> None:
    """The system promises too much on even days and too little on odd ones of each week: none can foresee which."""
    rows = []
    for row in overconfident():
        week = (DATE - row["game_date"]).days // 7
        rows.append(row | {"confidence_score": Decimal("0.6"), "outcome": "correct" if week % 2 else "wrong"})
    home.add(rows)
    (decision,) = recalibrate(home).decisions
    assert any(bucket.drifts for bucket in decision.drift)
    assert (decision.outcome, decision.version) == (Outcome.NO_CHANGE, None)
    assert decision.trial
    assert decision.trial.best.method == "identity"


def test_a_calibration_that_failed_later_is_rolled_back(home: Graded, caplog: pytest.LogCaptureFixture) -> None:
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


def test_a_date_that_is_decided_after_a_later_one_holds_until_that_one(home: Graded) -> None:
    """What is decided for a date is no matter of the order in which dates are asked for."""
    later = DATE + dt.timedelta(7)
    home.add([*overconfident(), *shifted(overconfident(2, days=7), dt.timedelta(7))])
    second = recalibrate(home, later, approve="ann").decisions[0].version
    (decision,) = recalibrate(home, DATE, approve="ann").decisions
    assert (decision.outcome, decision.in_force) == (Outcome.ACTIVE, decision.version and decision.version.version_id)
    history = read_history(home.deployment.warehouse)
    assert [history.in_force("catboost_v9", date) for date in (DATE, later - dt.timedelta(1), later)] == [
        decision.version, decision.version, second
    ]  # fmt: skip


def test_a_major_change_of_a_past_date_asks_nobody_once_a_later_one_was_decided(home: Graded) -> None:
    home.add([*overconfident(), *shifted(overconfident(2, days=7), dt.timedelta(7))])
    recalibrate(home, DATE + dt.timedelta(7))
    (decision,) = recalibrate(home, DATE).decisions
    assert (decision.outcome, decision.in_force) == (Outcome.STANDS, None)
    assert "nobody is asked" in decision.reason
    waiting = read_history(home.deployment.warehouse).waiting()
    assert [one.game_date for one in waiting] == [DATE + dt.timedelta(7)]


def test_what_stands_is_told_as_what_it_is(home: Graded) -> None:
    """Also of a version that was read anew."""
    home.add(overconfident())
    version = recalibrate(home, approve="ann").decisions[0].version
    (decision,) = recalibrate(home).decisions
    assert (decision.outcome, decision.reason) == (Outcome.STANDS, "this version was proposed before: active")
    assert version
    for one in (version, read_history(home.deployment.warehouse).versions[0]):
        assert read_history(home.deployment.warehouse).state(one) is State.ACTIVE
        assert read_history(home.deployment.warehouse).replaced(one) is None


def test_a_new_system_without_history_gets_the_answer_that_is_true_of_it(home: Graded) -> None:
    """No bet of its own is no decision; ten are judged with those of all systems."""
    home.add([*overconfident(), *overconfident(5, days=10, per_day=1, system_id="newcomer")])
    by_system = {one.system_id: one for one in recalibrate(home).decisions}
    assert set(by_system) == {"catboost_v9", "newcomer"}
    newcomer = by_system["newcomer"]
    assert newcomer.bets == 10
    assert newcomer.version is None or (newcomer.version.scope, newcomer.version.system_bets) == ("pooled", 10)


def test_confidences_that_are_missing_or_no_confidences_count_for_nothing(home: Graded) -> None:
    home.add(overconfident())
    wanted = recalibrate(home).decisions[0]
    home.add([row | {"confidence_score": wrong} for row in overconfident(8)
              for wrong in (None, Decimal(72), Decimal("-0.1"))])  # fmt: skip
    assert recalibrate(home).decisions[0].version == wanted.version
    home.execute("UPDATE prediction_accuracy SET confidence_score = NULL")
    assert recalibrate(home, DATE + dt.timedelta(1)).decisions == ()


def test_a_renamed_player_changes_no_calibration(home: Graded) -> None:
    home.add(overconfident())
    wanted = recalibrate(home).decisions[0].version
    home.execute("UPDATE prediction_accuracy SET player_lookup = 'renamed' WHERE hash(rowid) % 2 = 0")
    report = recalibrate(home)
    assert (report.decisions[0].version, report.events_written) == (wanted, 0)


def test_across_a_season_boundary_what_is_in_force_stays_and_no_old_bet_is_looked_at(home: Graded) -> None:
    home.add(overconfident())
    version = recalibrate(home, approve="ann").decisions[0].version
    opening = dt.date(2026, 10, 20)
    (decision,) = recalibrate(home, opening).decisions
    assert (decision.outcome, decision.bets) == (Outcome.NOT_ENOUGH, 0)
    assert version
    assert decision.in_force == version.version_id


def test_a_thin_system_whose_own_bets_speak_against_all_others_is_left_alone(home: Graded) -> None:
    """All others promise too much; what it promises, it keeps."""
    own = overconfident(2, per_day=5, system_id="ensemble_v1")
    for number, row in enumerate(own):
        row["outcome"] = "correct" if number % 20 < 20 * row["confidence_score"] else "wrong"
    home.add([*overconfident(), *own])
    by_system = {one.system_id: one for one in recalibrate(home).decisions}
    assert by_system["catboost_v9"].version
    decision = by_system["ensemble_v1"]
    assert (decision.outcome, decision.version, decision.bets) == (Outcome.NO_CHANGE, None, 150)
    assert "but not on the" in decision.reason
