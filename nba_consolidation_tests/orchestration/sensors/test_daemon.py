"""A daemon of Dagster's own, as in production: files are dropped, and what follows from them arrives, once."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba_consolidation.settings import Settings, today
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.wiring import deploy
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, prediction, staged
from nba_consolidation_tests.pipeline.grading.workbench import bet, box

pytestmark = pytest.mark.other_processes

_PATIENCE = 120.0
_QUIET = 12.0
_CODE = ("-m", "nba_consolidation.definitions")
_DAGSTER = (sys.executable, "-W", "ignore", "-m", "dagster")


class Daemon:
    """`dagster-daemon run` over the demo's instance, with a sensor that ticks every second."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.settings = Settings(home=folder / "home", **settings)
        self._dagster_home = folder / "dagster_home"
        self._dagster_home.mkdir()
        instance = resources.files("nba_consolidation.demo").joinpath("dagster.yaml")
        # By default its queue is read every five seconds, which is half of this test.
        quick = instance.read_text(encoding="utf-8") + "run_coordinator:\n  module: dagster\n" + _QUICK
        (self._dagster_home / "dagster.yaml").write_text(quick, encoding="utf-8")
        with dg.DagsterInstance.from_config(str(self._dagster_home)):
            pass  # its databases are made now: several processes are about to open them at once
        self.log = folder / "daemon.log"

    @property
    def environment(self) -> dict[str, str]:
        return self.settings.child_environment(
            DAGSTER_HOME=str(self._dagster_home),
            NBA_CONSOLIDATION_SENSOR_INTERVAL="1",
            NBA_CONSOLIDATION_ARRIVALS_QUIET="0",
        )

    def switch_on(self, sensor: str) -> None:
        command = [*_DAGSTER, "sensor", "start", sensor, *_CODE]
        done = subprocess.run(command, env=self.environment, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-5000:]

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with self.log.open("w") as log:
            command = [sys.executable, "-W", "ignore", "-m", "dagster._daemon", "run", *_CODE]
            process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True, cwd=self._dagster_home
            )
        try:
            yield
        finally:
            self._end(process)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """The daemon, and the code server and runs that it started, which are its process group."""
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def load_box_scores(self, points: int, date: dt.date) -> None:
        """From a terminal, beside the daemon."""
        file = self.settings.home / f"points-{points}.parquet"
        pq.write_table(pa.Table.from_pylist([box(points, game_date=date, game_id=game_id(date))]), file)
        command = [sys.executable, "-m", "nba_consolidation.cli", "box-scores", str(file)]
        done = subprocess.run(command, env=self.environment, check=False, capture_output=True, text=True)
        assert done.returncode in (0, 3), done.stderr

    def materialisations(self) -> Counter[tuple[str, str]]:
        """How often each asset was materialised, by name and partition."""
        with dg.DagsterInstance.from_config(str(self._dagster_home)) as instance:
            keys = instance.get_asset_keys()
            return Counter(
                (key.to_user_string(), str(record.partition_key))
                for key in keys
                for record in instance.fetch_materializations(key, limit=1000).records
            )

    def wait_until_quiet(self, *last: tuple[str, str], after: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
        """The materialisations, once these happened again and nothing has happened for some ticks."""
        until, before = time.monotonic() + 2 * _PATIENCE, Counter[tuple[str, str]]()
        quiet_since = time.monotonic()
        while time.monotonic() < until:
            now = self.materialisations()
            if now != before:
                before, quiet_since = now, time.monotonic()
            if all(now[one] > after[one] for one in last) and time.monotonic() - quiet_since > _QUIET:
                return now
            time.sleep(0.5)  # another process works: no clock can be injected there
        pytest.fail(f"{before} after {2 * _PATIENCE:g} s:\n{self.log.read_text()[-5000:]}")

    def wait_for_rows(self) -> int:
        """The number of validated rows, once there are any."""
        deployment, until = deploy(self.settings), time.monotonic() + _PATIENCE
        deployment.create_tables()
        while time.monotonic() < until:
            validated = deployment.warehouse.query(Statement("validated_dates", over_dates([DATE, NEXT_DATE])))
            if validated:
                return sum(row["validated_rows"] for row in validated)
            time.sleep(0.2)  # another process works: no clock can be injected there
        pytest.fail(f"nothing was consolidated in {_PATIENCE:g} s:\n{self.log.read_text()[-5000:]}")


_QUICK = "  class: QueuedRunCoordinator\n  config:\n    dequeue_interval_seconds: 1\n"


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    if shutil.which("dagster-daemon", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("dagster-daemon is not installed")
    return Daemon(tmp_path)


def test_a_staging_file_that_is_dropped_is_consolidated_and_can_be_read(daemon: Daemon) -> None:
    daemon.switch_on("new_staging_tables")  # first: two processes that migrate one SQLite instance at once may fail
    with daemon.running():
        rows = [prediction(), prediction(game_date=NEXT_DATE)]
        deploy(daemon.settings).staging.write("_staging_20260115_120000_w1", staged(rows))
        assert daemon.wait_for_rows() == 2


def game_id(date: dt.date) -> str:
    return f"{date:%Y%m%d}_BOS_MIA"


@pytest.mark.slow
def test_late_and_corrected_box_scores_reach_performance_players_publication_and_report_once_each(
    tmp_path: Path,
) -> None:
    """Box scores that came at 13:05 were graded, and reached neither the players' reliability nor the report."""
    played, tomorrow, upcoming = (today() - dt.timedelta(days) for days in (2, 1, 0))
    daemon = Daemon(tmp_path, first_date=today() - dt.timedelta(20))
    bets = [bet(game_date=date, game_id=game_id(date)) for date in (played, upcoming)]
    deploy(daemon.settings).staging.write("_staging_20260115_120000_w1", staged(bets))
    daemon.switch_on("new_staging_tables")
    daemon.switch_on("new_box_scores")
    daemon.switch_on("automation")
    followers = [
        ("system_performance", played),
        ("confidence_calibration", played),
        ("strategy_performance", played),
        ("player_reliability", tomorrow),
        ("player_reliability", upcoming),
        ("published_predictions", upcoming),
        ("daily_report", played),
        ("daily_quality", played),
    ]
    last = [(asset, str(date)) for asset, date in followers]
    with daemon.running():
        before = daemon.wait_until_quiet(("published_predictions", str(upcoming)), after=Counter())
        assert {asset for asset, _ in before} == {
            *("staging_predictions", "player_prop_predictions", "validated_predictions", "published_predictions")
        }
        daemon.load_box_scores(25, played)
        graded = daemon.wait_until_quiet(*last, after=before)
        assert {one: graded[one] - before[one] for one in last} == dict.fromkeys(last, 1)
        daemon.load_box_scores(19, played)
        corrected = daemon.wait_until_quiet(*last, after=graded)
        assert {one: corrected[one] - graded[one] for one in last} == dict.fromkeys(last, 1)
    assert set(corrected - before) == {("prediction_accuracy", str(played)), *last}
