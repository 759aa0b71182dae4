"""`failed_checks_and_runs`: finds runs that ended, their failed checks and errors, and hands them to `alerts`.

A sensor over the run storage and not a run-failure sensor: those see one run at a time, and no failed checks.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import dagster as dg

from nba_consolidation.operations.alerts.grouping import NO_DATE, Failure, Outbox, collect
from nba_consolidation.operations.alerts.notifiers import TIMEOUT, EmailNotifier, LogNotifier, SlackNotifier, deliver
from nba_consolidation.orchestration.partitions import span_of_run
from nba_consolidation.settings import Settings

if TYPE_CHECKING:
    from nba_consolidation.operations.alerts.notifiers import Notifier

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_OVERLAP = dt.timedelta(seconds=10)  # runs may be recorded a little out of order
_RUNS_PER_TICK = 200
_CHECK_FAILED = "DagsterAssetCheckFailedError"
_SEVERITIES = {dg.AssetCheckSeverity.WARN: "warning", dg.AssetCheckSeverity.ERROR: "error"}


@dataclass(frozen=True)
class _AlertCursor:
    """The time up to which runs were read, the last of these runs, and the alerts that were sent."""

    until: float
    seen: dict[str, float] = field(default_factory=dict)
    outbox: Outbox = field(default_factory=Outbox)

    def to_text(self) -> str:
        return json.dumps({"until": self.until, "seen": self.seen, "outbox": self.outbox.to_json()})

    @classmethod
    def from_text(cls, text: str | None, now: float) -> _AlertCursor:
        """Parses a cursor. Without a readable one, as when the sensor was just switched on, it begins now."""
        try:
            document = json.loads(text or "")
            seen = {str(run): float(at) for run, at in document["seen"].items()}
            outbox = Outbox.from_json(document["outbox"])
            return cls(max(0.0, min(float(document["until"]), now)), seen, outbox)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return cls(now)


def failed_checks_and_runs(settings: Settings, notifiers: Sequence[Notifier] | None = None) -> dg.SensorDefinition:
    """The sensor: on in production and if alert channels are set, off on a laptop."""
    channels = notifiers_of(settings) if notifiers is None else notifiers

    @dg.sensor(
        name="failed_checks_and_runs",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING if settings.sends_alerts else dg.DefaultSensorStatus.STOPPED,
        description="Sends failed runs and checks as messages: one per cause, each date of it once.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        now = dt.datetime.now(dt.UTC).timestamp()
        before = _AlertCursor.from_text(context.cursor, now)
        cursor, failures = _new_failures(context.instance, before)
        if context.cursor is None:
            failures = []  # just switched on: failures of the past are not sent
        outbox = collect(
            cursor.outbox,
            failures,
            now=now,
            window=3600 * settings.alert_hours,
            channels=[notifier.name for notifier in channels],
            least=settings.alert_severity,
        )
        waiting = len(outbox.pending)
        outbox = deliver(outbox, channels)
        context.update_cursor(_AlertCursor(cursor.until, cursor.seen, outbox).to_text())
        return dg.SkipReason(f"{waiting} messages to send, {len(outbox.pending)} of them not sent yet")

    return sensor


def notifiers_of(settings: Settings) -> list[Notifier]:
    """The channels in the settings; the log if there are none."""
    notifiers: list[Notifier] = []
    if settings.slack_token and settings.slack_channel:
        client = partial(_slack_client, settings.slack_token)
        notifiers.append(SlackNotifier(client, settings.slack_channel, settings.webserver_url))
    if settings.alert_emails:
        notifiers.append(
            EmailNotifier(
                settings.smtp_host or "", settings.smtp_sender or "", settings.alert_emails, settings.smtp_security,
                settings.smtp_port, settings.smtp_user, settings.smtp_password, settings.webserver_url,
            )
        )  # fmt: skip
    return notifiers or [LogNotifier(settings.webserver_url)]


def _slack_client(token: str) -> Any:
    from dagster_slack import SlackResource

    client = SlackResource(token=token).get_client()
    client.timeout = TIMEOUT
    return client


def _new_failures(instance: dg.DagsterInstance, cursor: _AlertCursor) -> tuple[_AlertCursor, list[Failure]]:
    """The failures of runs that ended since the cursor, and the next cursor."""
    since = dt.datetime.fromtimestamp(cursor.until, dt.UTC) - _OVERLAP
    records = instance.get_run_records(
        dg.RunsFilter(statuses=_ENDED, updated_after=since), order_by="update_timestamp", ascending=True
    )
    new = [record for record in records if record.dagster_run.run_id not in cursor.seen][:_RUNS_PER_TICK]
    moments = {record.dagster_run.run_id: _seconds(record.update_timestamp) for record in new}
    until = max([cursor.until, *moments.values()])
    seen = {run: at for run, at in (cursor.seen | moments).items() if at > until - 2 * _OVERLAP.total_seconds()}
    failures = [failure for record in new for failure in _failures(instance, record.dagster_run)]
    return _AlertCursor(until, seen, cursor.outbox), failures


def _seconds(moment: dt.datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def _failures(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[Failure]:
    """The failures of the run. A run whose record cannot be read is one failure, and does not stop the others."""
    try:
        return list(_events_of_run(instance, run))
    except Exception as error:  # noqa: BLE001 (anybody can record anything with a run)
        what = f"{run.job_name}: what failed in this run cannot be read ({type(error).__name__}: {error})"
        return [Failure(NO_DATE, "RunFailed", "error", what, run.run_id)]


def _events_of_run(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[Failure]:
    events = [
        entry.dagster_event
        for entry in instance.all_logs(
            run.run_id, of_type={dg.DagsterEventType.ASSET_CHECK_EVALUATION, dg.DagsterEventType.STEP_FAILURE,
                                 dg.DagsterEventType.RUN_FAILURE})
        if entry.dagster_event is not None
    ]  # fmt: skip
    of_date = partial(Failure, _dates(run))
    steps = [event for event in events if event.event_type == dg.DagsterEventType.STEP_FAILURE]
    for event in events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            yield from _failed_check(event.asset_check_evaluation_data, run, _dates(run))
        elif event.event_type == dg.DagsterEventType.STEP_FAILURE:
            yield from _failed_step(event.step_failure_data, run, of_date)
        elif not steps and run.status is dg.DagsterRunStatus.FAILURE:
            yield of_date("RunFailed", "error", f"{run.job_name}: {event.message}", run.run_id)


def _failed_check(evaluation: dg.AssetCheckEvaluation, run: dg.DagsterRun, dates: str) -> Iterator[Failure]:
    if not evaluation.passed:
        date = evaluation.metadata.get("game_date")
        what = evaluation.description or f"the check {evaluation.check_name} failed"
        yield Failure(
            str(date.value) if date is not None else dates,
            evaluation.check_name,
            _SEVERITIES[evaluation.severity],
            f"{evaluation.asset_key.to_user_string()}: {what}",
            run.run_id,
        )


def _failed_step(data: Any, run: dg.DagsterRun, of_date: Callable[..., Failure]) -> Iterator[Failure]:
    """A failed step by its innermost error. If a failed check stopped it or held dates back, that check reports it."""
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is not None and error.cls_name == _CHECK_FAILED:
        return
    user_failure = data.user_failure_data
    metadata = user_failure.metadata if user_failure is not None else {}
    if "held_back" in metadata:
        poisoned = metadata["poisoned"].records if "poisoned" in metadata else ()
        for record in poisoned:
            what = f"{run.job_name}: {record.data['reason']}"
            yield Failure(str(record.data["date"]), "DatesPoisoned", "error", what, run.run_id)
        return
    cause = error.cls_name if error is not None and user_failure is None else "RunFailed"
    recorded = error.message if error is not None else "no error was recorded"
    message = user_failure.description if user_failure is not None else recorded
    yield of_date(cause or "RunFailed", "error", f"{run.job_name}: {str(message).strip()}", run.run_id)


def _dates(run: dg.DagsterRun) -> str:
    """The partition of a run, or its range."""
    span = span_of_run(run.tags)
    if span is None:
        return NO_DATE
    first, last = span
    return str(first) if first == last else f"{first} to {last}"
