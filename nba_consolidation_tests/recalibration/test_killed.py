"""A recalibration that is killed between its transaction and what consumers read: found, and mended by the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

import nba_consolidation
from nba_consolidation.audits import OUTDATED_CALIBRATIONS
from nba_consolidation.deployment import Deployment, deploy
from nba_consolidation.locking import Holder
from nba_consolidation.recalibration.versions import State, read_history
from nba_consolidation.settings import Settings, today
from nba_consolidation_tests.consolidation.workbench import prediction, staged
from nba_consolidation_tests.performance.graded import DATE, Graded
from nba_consolidation_tests.recalibration.simulated import overconfident, shifted

pytestmark = pytest.mark.other_processes

ROOT = Path(nba_consolidation.__file__).parents[1]
DIES = """
import sys, time
from nba_consolidation.cli import main
from nba_consolidation.recalibration.publish import Publisher

def slow(self, dates, holder):
    print("committed", flush=True)
    time.sleep(600)

Publisher.publish = slow
main(sys.argv[1:])
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A month of bets that promise too much, and predictions of today, consolidated and read by consumers."""
    settings = Settings(home=tmp_path / "home", lease_wait=0, calibration_major_shift=0.9)
    Graded(settings.home).add(shifted(overconfident(), today() - DATE))
    at = deploy(settings)
    at.staging.write(
        "_staging_20260115_120000_w0", staged([prediction(game_date=today(), confidence_score=Decimal("0.9"))])
    )
    at.consolidator.consolidate([today()], Holder.here("run"))
    at.validator.validate([today()], Holder.here("run"))
    return settings


def killed(settings: Settings, *arguments: str) -> None:
    """The program in a process of its own, killed once its transaction is committed and before it publishes."""
    process = subprocess.Popen(
        [sys.executable, "-c", DIES, "--home", str(settings.home), *arguments], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "NBA_CONSOLIDATION_CALIBRATION_MAJOR_SHIFT": "0.9"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "committed\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL


def read(at: Deployment) -> set[str | None]:
    """The calibrations that consumers read."""
    rows = Graded(at.settings.home).frame("SELECT calibration_version FROM validated_predictions")
    return set(rows["calibration_version"])


def outdated(at: Deployment) -> int:
    return len(OUTDATED_CALIBRATIONS.findings(at.warehouse, at.to_be_played()))


def again(at: Deployment) -> int:
    """What a run does, and how many events it had to write."""
    report = at.recalibrator.recalibrate([today()], Holder.here("again"))
    at.publisher.publish(at.to_be_played(), Holder.here("again"))
    return report.events_written


def test_a_recalibration_killed_before_it_published_is_found_and_the_next_run_publishes(settings: Settings) -> None:
    at = deploy(settings)
    assert (read(at), outdated(at)) == ({None}, 0)
    killed(settings, "recalibrate")
    (version,) = read_history(at.warehouse).versions
    assert read_history(at.warehouse).state(version) is State.ACTIVE  # committed
    assert (read(at), outdated(at)) == ({None}, 1)
    assert again(at) == 0
    assert (read(at), outdated(at)) == ({version.version_id}, 0)


def test_so_is_a_decision(settings: Settings) -> None:
    at = deploy(settings)
    again(at)
    (version,) = read_history(at.warehouse).versions
    assert read(at) == {version.version_id}
    killed(settings, "calibration", "rollback", version.version_id, "--author", "ann")
    assert read_history(at.warehouse).state(version) is State.ROLLED_BACK
    assert (read(at), outdated(at)) == ({version.version_id}, 1)
    assert again(at) == 0
    assert (read(at), outdated(at)) == ({None}, 0)
