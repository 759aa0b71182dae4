"""The sensor on an instance on which runs and checks really failed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from nba_consolidation.definitions import build_definitions
from nba_consolidation.leases import Holder, LeaseTiming, hold, lease_key
from nba_consolidation.operations.alerts.grouping import Alert
from nba_consolidation.operations.alerts.notifiers import EmailNotifier, Notifier, NotSent, SlackNotifier
from nba_consolidation.orchestration.sensors.alerts import failed_checks_and_runs
from nba_consolidation.settings import Settings
from nba_consolidation_tests.operations.alerts.servers import MailServer, SilentServer, SlackServer, serving
from nba_consolidation_tests.orchestration.conftest import Graph
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, prediction
from nba_consolidation_tests.prepared import connect

MEASURED = ("lease_overhead", "consolidation_duration")
"""Checks that fail on a slow machine."""


class Channel:
    """Keeps what it is sent, unless it is broken."""

    name = "test"

    def __init__(self) -> None:
        self.sent: list[Alert] = []
        self.broken = False

    def send(self, alert: Alert) -> None:
        if self.broken:
            raise NotSent("no network")
        self.sent.append(alert)


class Watched:
    """A graph, and the sensor that watches its instance from tick to tick."""

    def __init__(self, home: Path, *channels: Notifier) -> None:
        self.graph = Graph(home)
        self.channel = Channel()
        self._sensor = failed_checks_and_runs(self.graph.settings, [self.channel, *channels])
        self._cursor: str | None = None
        self.tick()

    def tick(self) -> list[Alert]:
        """What was sent in one tick."""
        before = len(self.channel.sent)
        context = dg.build_sensor_context(instance=self.graph.instance, cursor=self._cursor)
        self._sensor(context)
        self._cursor = context.cursor
        return [alert for alert in self.channel.sent[before:] if alert.cause not in MEASURED]

    def hold_and_run(self) -> dg.ExecuteInProcessResult:
        with hold(self.graph.deployment.leases, [lease_key("consolidation", DATE)], Holder.here("other"),
                  timing=LeaseTiming(30)):  # fmt: skip
            return self.graph.run(DATE)


@pytest.fixture(autouse=True)
def _no_check_of_time_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the checks that measure time would fail and send alerts."""
    monkeypatch.setattr("nba_consolidation.orchestration.checks.consolidation.LEASE_OVERHEAD_LIMIT_MS", math.inf)
    monkeypatch.setattr("nba_consolidation.orchestration.checks.consolidation.CONSOLIDATION_LIMIT_MS", 10**9)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "home")


def test_a_failed_run_and_its_retry_are_one_message_with_cause_date_and_run(watched: Watched) -> None:
    watched.graph.stage("a", [prediction()])
    run = watched.hold_and_run()
    (alert,) = watched.tick()
    assert (alert.cause, alert.severity, alert.dates) == ("LeaseHeld", "error", (str(DATE),))
    assert alert.run_ids == (run.run_id,)
    assert "is held by" in alert.what[0]
    watched.hold_and_run()
    assert watched.tick() == []


def test_a_failed_check_is_one_alert_and_the_run_that_it_failed_is_no_second_one(watched: Watched) -> None:
    watched.graph.stage("a", [prediction()])
    assert watched.graph.run(DATE).success
    assert watched.tick() == []
    with connect(watched.graph.settings.home / "warehouse.duckdb") as connection:
        connection.execute("INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions")
    assert not watched.graph.run(DATE).success
    severities = {alert.cause: alert.severity for alert in watched.tick()}
    assert severities["duplicate_business_keys"] == "error"
    assert "RunFailed" not in severities
    assert "DagsterAssetCheckFailedError" not in severities


def test_poisoned_dates_are_alerts_by_date(watched: Watched) -> None:
    graph = watched.graph
    graph.stage("a", [prediction()])
    graph.consolidate(DATE)
    with connect(graph.settings.home / "warehouse.duckdb") as connection:
        connection.execute("INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions")
    graph.stage("b", [prediction(minute=9), prediction(game_date=NEXT_DATE, game_id="20260116_BOS_MIA")])
    assert not graph.run(DATE, NEXT_DATE).success
    (poisoned,) = (alert for alert in watched.tick() if alert.cause == "DatesPoisoned")
    assert poisoned.dates == (str(DATE),)
    assert "duplicate_business_keys" in poisoned.what[0]


def test_an_alert_that_cannot_be_sent_fails_no_tick_and_is_sent_by_a_later_one(watched: Watched) -> None:
    watched.graph.stage("a", [prediction()])
    watched.hold_and_run()
    watched.channel.broken = True
    assert watched.tick() == []
    assert watched.tick() == []
    watched.channel.broken = False
    (alert,) = watched.tick()
    assert alert.cause == "LeaseHeld"
    assert watched.tick() == []


def test_a_slack_that_hangs_fails_no_tick_no_run_and_no_other_channel_and_gets_the_message_when_it_answers(
    tmp_path: Path,
) -> None:
    from slack_sdk import WebClient

    silent, well = SilentServer(), SlackServer()
    urls = [silent.url]
    slack = SlackNotifier(
        lambda: WebClient("xoxb-1", base_url=urls[-1], timeout=60 if well.url in urls else 1), "#alerts"
    )
    with serving(silent), serving(well):
        watched = Watched(tmp_path / "home", slack)
        watched.graph.stage("a", [prediction()])
        watched.hold_and_run()
        (alert,) = watched.tick()  # the other channel has it at once
        assert alert.cause == "LeaseHeld"
        assert silent.connections >= 1
        assert watched.graph.run(DATE).success
        urls.append(well.url)
        assert watched.tick() == []  # and only once
        watched.tick()
    (message,) = well.messages
    assert "LeaseHeld" in message["text"]


def test_a_mail_server_that_refuses_fails_no_tick_and_no_run_and_gets_the_message_when_it_takes_some(
    tmp_path: Path,
) -> None:
    server = MailServer()
    server.refuses = True
    mail = EmailNotifier("127.0.0.1", "nba@x.org", ("a@x.org",), "none", server.port)
    with serving(server):
        watched = Watched(tmp_path / "home", mail)
        watched.graph.stage("a", [prediction()])
        watched.hold_and_run()
        assert len(watched.tick()) == 1
        assert (server.recipients, server.mails) == (["a@x.org"], [])
        assert watched.graph.run(DATE).success
        server.refuses = False
        watched.tick()
        watched.tick()
    (message,) = server.mails
    assert message["Subject"] == f"[error] LeaseHeld: {DATE}"


def test_a_run_without_a_failed_step_is_an_alert_by_its_own_event(watched: Watched) -> None:
    run = watched.graph.instance.create_run_for_job(watched.graph.definitions.resolve_job_def("quality"))
    watched.graph.instance.report_run_failed(run, "the machine has gone")
    (alert,) = watched.tick()
    assert (alert.cause, alert.dates) == ("RunFailed", ("no date",))
    assert "the machine has gone" in alert.what[0]


@pytest.mark.parametrize(
    "cursor",
    ["abc", "", "{}", "null", "[]", '{"until": "x"}', '{"until": 1e400, "seen": {}, "outbox": "{}"}',
     '{"until": 0, "seen": [], "outbox": "{}"}', '{"until": 0, "seen": {"a": "b"}, "outbox": "{}"}',
     '{"until": 0, "seen": {}, "outbox": "{\\"sent\\": {\\"a\\": [\\"loud\\", 0]}, \\"pending\\": []}"}'],
)  # fmt: skip
def test_incident_r34_an_unreadable_cursor_is_replaced(watched: Watched, cursor: str) -> None:
    watched._cursor = cursor
    assert watched.tick() == []
    run = dg.DagsterRun("consolidate", status=dg.DagsterRunStatus.STARTED)
    watched.graph.instance.add_run(run)
    watched.graph.instance.report_run_failed(run, "the machine is gone")
    [alert] = watched.tick()
    assert (alert.cause, alert.run_ids) == ("RunFailed", (run.run_id,))


def test_a_cursor_of_the_future_skips_no_run(watched: Watched) -> None:
    watched._cursor = '{"until": 99999999999, "seen": {}, "outbox": "{\\"pending\\": []}"}'
    run = dg.DagsterRun("consolidate", status=dg.DagsterRunStatus.STARTED)
    watched.graph.instance.add_run(run)
    watched.graph.instance.report_run_failed(run, "the machine is gone")
    assert [alert.run_ids for alert in watched.tick()] == [(run.run_id,)]


def test_one_run_that_cannot_be_read_is_told_and_hides_no_other(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = {"dagster/asset_partition_range_start": "2026-01-16", "dagster/asset_partition_range_end": "never"}
    odd, plain = (dg.DagsterRun("consolidate", tags=tags, status=dg.DagsterRunStatus.STARTED) for _ in range(2))
    for run in (odd, plain):
        watched.graph.instance.add_run(run)
        watched.graph.instance.report_run_failed(run, "the machine is gone")
    all_logs = watched.graph.instance.all_logs

    def broken(run_id: str, *arguments: Any, **options: Any) -> Any:
        if run_id == odd.run_id:
            raise ValueError("an event of another version")
        return all_logs(run_id, *arguments, **options)

    monkeypatch.setattr(watched.graph.instance, "all_logs", broken)
    [alert] = watched.tick()
    assert set(alert.run_ids) == {odd.run_id, plain.run_id}
    assert "what failed in this run cannot be read (ValueError: an event of another version)" in "\n".join(alert.what)
    assert alert.dates == ("no date",)


def test_a_sensor_that_is_switched_on_sends_no_failures_of_the_past(watched: Watched) -> None:
    watched.graph.stage("a", [prediction()])
    watched.hold_and_run()
    fresh = failed_checks_and_runs(watched.graph.settings, [watched.channel])
    fresh(dg.build_sensor_context(instance=watched.graph.instance))
    assert watched.channel.sent == []


PRODUCTION = {"deployment": "production", "project": "nba-project"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, dg.DefaultSensorStatus.STOPPED),
        ({"slack_token": "x", "slack_channel": "#a"}, dg.DefaultSensorStatus.RUNNING),
        (PRODUCTION, dg.DefaultSensorStatus.RUNNING),
    ],
)
def test_it_is_off_on_a_laptop_until_a_channel_is_set(fields: dict[str, Any], status: object) -> None:
    (sensor,) = (s for s in build_definitions(Settings(**fields)).sensors or () if s.name == "failed_checks_and_runs")
    assert isinstance(sensor, dg.SensorDefinition)
    assert sensor.default_status == status
