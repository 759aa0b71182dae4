"""A daemon of Dagster's own, as in production: a staging file is dropped, and consolidated rows arrive."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import dagster as dg
import pytest

from nba_consolidation.settings import Settings
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.wiring import deploy
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, prediction, staged

pytestmark = pytest.mark.other_processes

_PATIENCE = 120.0
_CODE = ("-m", "nba_consolidation.definitions")
_DAGSTER = (sys.executable, "-W", "ignore", "-m", "dagster")


class Daemon:
    """`dagster-daemon run` over the demo's instance, with a sensor that ticks every second."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(home=folder / "home")
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
