"""A recalibration that is killed before the publication: the audit finds it, and the next run publishes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

import nba_consolidation
from nba_consolidation.fencing.audits import OUTDATED_CALIBRATIONS
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.recalibration.versions import ACTIVE, ROLLED_BACK, read_history
from nba_consolidation.settings import Settings, today
from nba_consolidation.wiring import Deployment, deploy
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded
from nba_consolidation_tests.pipeline.analysis.recalibration.simulated import overconfident, shifted
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction, staged

pytestmark = pytest.mark.other_processes

ROOT = Path(nba_consolidation.__file__).parents[1]
DIES = """
import sys, time
from nba_consolidation.cli import main
from nba_consolidation.pipeline.publication.publish import Publisher

def slow(self, holder):
    print("committed", flush=True)
    time.sleep(600)

Publisher.publish_upcoming = slow
main(sys.argv[1:])
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A month of overconfident bets, and a published prediction of today."""
    settings = Settings(home=tmp_path / "home", lease_wait=0, calibration_major_shift=0.9)
    Graded(settings.home).add(shifted(overconfident(), today() - DATE))
    at = deploy(settings)
    at.staging.write(
        "_staging_20260115_120000_w0", staged([prediction(game_date=today(), confidence_score=Decimal("0.9"))])
    )
    at.consolidator.consolidate([today()], Holder.here("run"))
    at.validator.validate([today()], Holder.here("run"))
    at.publisher.publish([today()], Holder.here("run"))
    return settings


def killed(settings: Settings, *arguments: str) -> None:
    """Runs the program in a process of its own, and kills it after its transaction and before the publication."""
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
    rows = Graded(at.settings.home).frame("SELECT calibration_version FROM published_predictions")
    return set(rows["calibration_version"])


def outdated(at: Deployment) -> int:
    return len(OUTDATED_CALIBRATIONS.findings(at.warehouse, at.upcoming_game_dates()))


def again(at: Deployment) -> int:
    """Recalibrates and publishes as a run does; returns how many events were written."""
    report = at.recalibrator.recalibrate([today()], Holder.here("again"))
    at.publisher.publish_upcoming(Holder.here("again"))
    return report.events_written


def test_a_recalibration_killed_before_it_published_is_found_and_the_next_run_publishes(settings: Settings) -> None:
    at = deploy(settings)
    assert (read(at), outdated(at)) == ({None}, 0)
    killed(settings, "recalibrate")
    (version,) = read_history(at.warehouse).versions
    assert read_history(at.warehouse).state(version) is ACTIVE  # committed
    assert (read(at), outdated(at)) == ({None}, 1)
    assert again(at) == 0
    assert (read(at), outdated(at)) == ({version.version_id}, 0)


@pytest.mark.slow
def test_a_decision_killed_before_it_published_is_found_and_the_next_run_publishes(settings: Settings) -> None:
    at = deploy(settings)
    again(at)
    (version,) = read_history(at.warehouse).versions
    assert read(at) == {version.version_id}
    killed(settings, "calibration", "rollback", version.version_id, "--author", "ann")
    assert read_history(at.warehouse).state(version) is ROLLED_BACK
    assert (read(at), outdated(at)) == ({version.version_id}, 1)
    assert again(at) == 0
    assert (read(at), outdated(at)) == ({None}, 0)
