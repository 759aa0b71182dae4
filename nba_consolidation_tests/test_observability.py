"""Log events as text and as JSON for Cloud Logging, and the metrics that are made from them."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import FENCED_OUT, Holder
from nba_consolidation.observability import METRIC_PREFIX, ROOT, configure_logs, log_event, start_metrics
from nba_consolidation.operations.repair.accuracy import AccuracyRepairer
from nba_consolidation.operations.repair.restore import Restorer
from nba_consolidation.operations.staging_cleanup import CleanUp
from nba_consolidation.pipeline.analysis.performance.analyse import Analyst
from nba_consolidation.warehouse.errors import StatementFailed
from nba_consolidation_tests.orchestration.conftest import Graph
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, KNOWN, NEXT_DATE, Workbench, prediction
from nba_consolidation_tests.pipeline.grading.workbench import GradingBench, bet, box

LOG = logging.getLogger(f"{ROOT}.somewhere")


def configured(log_format: str, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    configure_logs(log_format, level, stream)
    return stream


def test_a_consolidation_logs_each_step_with_dates_tokens_run_counts_and_times(tmp_path: Path) -> None:
    out = configured("json")
    bench = Workbench(tmp_path)
    bench.stage(
        prediction(),
        prediction(game_date=NEXT_DATE, game_id="20260116_BOS_MIA"),
        prediction("22.5", predicted_points=Decimal("99.0")),
    )
    bench.consolidate(DATE, NEXT_DATE, run_id="run-1")
    entries = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [entry["event"] for entry in entries] == [
        "staging_listed", "lease_acquired", "manifest_frozen", "transaction", "lease_released",
        "date_consolidated", "date_consolidated", "consolidated",
    ]  # fmt: skip
    assert {entry["run_id"] for entry in entries} == {"run-1"}
    assert all(entry["logging.googleapis.com/labels"]["run_id"] == "run-1" for entry in entries)
    by_event = {entry["event"]: entry for entry in entries}
    transaction, whole = by_event["transaction"], by_event["consolidated"]
    assert (transaction["severity"], transaction["outcome"]) == ("INFO", "committed")
    assert transaction["dates"] == [str(DATE), str(NEXT_DATE)]
    assert (len(transaction["tokens"]), transaction["ms"] >= 0) == (2, True)
    assert (whole["staged"], whole["quarantined"], whole["outcome"]) == (3, 1, "done")


def events_of(out: io.StringIO) -> dict[str, dict[str, Any]]:
    """The last entry of each event, by its name; empties the log."""
    entries = {entry["event"]: entry for entry in map(json.loads, out.getvalue().splitlines()) if "event" in entry}
    out.seek(0)
    out.truncate()
    return entries


def test_every_writer_logs_its_transaction_and_its_outcome(tmp_path: Path) -> None:
    out = configured("json")
    bench = GradingBench(tmp_path)
    bench.predict(bet())
    assert (events := events_of(out))["validated"]["rows"] == 1
    bench.play(box())
    bench.grade(run_id="g")
    events = events_of(out)
    assert (events["graded"]["correct"], events["graded"]["outcome"], events["graded"]["run_id"]) == (1, "done", "g")
    assert (events["date_graded"]["game_date"], events["date_graded"]["inserted"]) == (str(DATE), 1)
    assert_committed(events["transaction"], "grading", "g")

    bench.execute("INSERT INTO prediction_accuracy SELECT * FROM prediction_accuracy")
    writer = bench.grader().writer
    AccuracyRepairer(writer).repair([DATE], Holder.here("r"))
    events = events_of(out)
    assert (events["repaired"]["duplicates"], events["repaired"]["dates"]) == (1, [str(DATE)])
    assert_committed(events["transaction"], "grading", "r")

    Analyst(writer).analyse([DATE], Holder.here("a"))
    events = events_of(out)
    assert (events["analysed"]["rows_written"] > 0, events["analysed"]["dates"]) == (True, [str(DATE)])
    assert_committed(events["transaction"], "performance", "a")

    Restorer(writer).restore("r", Holder.here("back"))
    events = events_of(out)
    assert (events["restored"]["put_back"], events["restored"]["restored_run_id"]) == (1, "r")
    assert_committed(events["transaction"], "grading", "back")


def assert_committed(transaction: dict[str, Any], lock_type: str, run_id: str) -> None:
    assert (transaction["lock_type"], transaction["run_id"], transaction["dates"]) == (lock_type, run_id, [str(DATE)])
    assert (transaction["outcome"], len(transaction["tokens"]), transaction["ms"] >= 0) == ("committed", 1, True)
    assert transaction["holder_id"]


def test_a_date_that_a_grading_cannot_write_is_logged_with_its_reason(tmp_path: Path) -> None:
    bench = GradingBench(tmp_path)
    bench.predict(bet())
    bench.play(box())
    bench.execute(
        "INSERT INTO consolidation_fences (lease_key, game_date, token, holder_id) VALUES (?, ?, ?, 'the-newer-one')",
        f"grading_{DATE}", DATE, 2**60,
    )  # fmt: skip
    out = configured("json")
    assert bench.grader().grade([DATE], Holder.here("late")).poisoned
    events = events_of(out)
    assert (events["fenced_out"]["lock_type"], events["fenced_out"]["by_holder_id"]) == ("grading", "the-newer-one")
    assert (events["date_poisoned"]["game_date"], events["graded"]["outcome"]) == (str(DATE), "poisoned")
    assert "newer token" in events["date_poisoned"]["error"]


def test_a_clean_up_logs_how_many_tables_it_dropped(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    bench.staging.drops = False
    bench.stage(prediction())
    bench.consolidate()
    bench.staging.drops = True
    out = configured("json")
    clean_up = CleanUp(FencedWriter(bench.warehouse, bench.leases), bench.staging, lambda: KNOWN, dt.timedelta(0))
    clean_up.clean_up(Holder.here("c"), dry_run=False)
    assert events_of(out)["cleaned_up"]["dropped"] == 1


def test_a_write_that_is_fenced_out_is_logged_and_recorded_by_the_lease_store(tmp_path: Path) -> None:
    out = configured("json")
    bench = Workbench(tmp_path)
    bench.stage(prediction())
    bench.execute(
        "INSERT INTO consolidation_fences (lease_key, game_date, token, holder_id) VALUES (?, ?, ?, 'the-newer-one')",
        f"consolidation_{DATE}", DATE, 2**60,
    )  # fmt: skip
    report = bench.consolidator().consolidate([DATE], Holder.here("run-old"))
    assert report.poisoned
    entries = {e["event"]: e for e in map(json.loads, out.getvalue().splitlines()) if "event" in e}
    assert entries["transaction"]["outcome"] == "fenced_out"
    assert (entries["fenced_out"]["dates"], entries["fenced_out"]["run_id"]) == ([str(DATE)], "run-old")
    assert entries["date_poisoned"]["severity"] == "ERROR"
    (kept,) = bench.leases.events()
    assert (kept.kind, kept.key) == (FENCED_OUT, f"consolidation_{DATE}")
    assert (kept.holder.run_id, kept.other.holder_id) == ("run-old", "the-newer-one")


def test_only_the_dates_of_the_refused_transaction_are_recorded_as_fenced_out(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    bench.staging.drops = False
    bench.stage(prediction())
    bench.consolidate()
    bench.stage(prediction(game_date=NEXT_DATE), worker="next")
    bench.execute(
        "INSERT INTO consolidation_fences (lease_key, game_date, token, holder_id) VALUES (?, ?, ?, 'the-newer-one')",
        f"consolidation_{NEXT_DATE}", NEXT_DATE, 2**60,
    )  # fmt: skip
    assert list(bench.consolidate(DATE, NEXT_DATE).poisoned) == [NEXT_DATE]
    assert [kept.key for kept in bench.leases.events()] == [f"consolidation_{NEXT_DATE}"]


def test_a_transaction_that_fails_for_another_reason_is_not_logged_as_fenced_out(tmp_path: Path) -> None:
    out = configured("json")
    bench = Workbench(tmp_path)
    bench.stage(prediction())

    def fail(step: str) -> None:
        if step == "insert":
            raise StatementFailed(step, "made to fail")

    assert bench.consolidate(on_step=fail).poisoned
    entries = events_of(out)
    assert (entries["transaction"]["outcome"], "fenced_out" in entries) == ("failed", False)


def test_as_text_an_event_is_one_line_whatever_its_values_contain() -> None:
    out = configured("text")
    log_event(LOG, "tried", lease_key="k", why='a "b"\nc %s', nothing=None, many=range(50), ms=3, odd="\x1b[2J\r")
    (line,) = out.getvalue().splitlines()
    assert line.endswith(
        'INFO nba_consolidation.somewhere tried lease_key=k why="a \\"b\\"\\nc %s" many=0..49(50) ms=3 odd=\\x1b[2J\\r'
    )


def test_as_text_a_warning_is_one_line_whatever_a_name_in_it_contains() -> None:
    out = configured("text")
    LOG.warning("staging table %s is refused", "a\n2026-01-15T12:00:00.000Z ERROR forged\x1b[31m\u202e")
    (line,) = out.getvalue().splitlines()
    assert line.endswith("staging table a\\n2026-01-15T12:00:00.000Z ERROR forged\\x1b[31m\\u202e is refused")


def test_as_json_an_event_is_one_line_that_contains_the_exception() -> None:
    out = configured("json")
    try:
        raise ValueError("boom\nline")
    except ValueError:
        LOG.exception("it failed")
    (line,) = out.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["severity"], entry["message"]) == ("ERROR", "it failed")
    assert "boom" in entry["exception"]


def test_a_terminal_logs_warnings_only_unless_its_level_is_lower() -> None:
    out = configured("text", "warning")
    log_event(LOG, "step")
    log_event(LOG, "trouble", logging.WARNING)
    assert [line.split()[-1] for line in out.getvalue().splitlines()] == ["trouble"]
    configure_logs("text", "info", out)
    log_event(LOG, "once")
    assert out.getvalue().count("once") == 1


def test_a_dagster_run_in_production_has_the_events_in_its_log_and_as_json_on_stderr(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import dagster as dg
    import yaml  # type: ignore[import-untyped]

    deployed = yaml.safe_load((Path(__file__).parents[1] / "deploy" / "dagster.yaml").read_text())
    graph = Graph(tmp_path / "home")
    graph.instance = dg.DagsterInstance.ephemeral(settings={"python_logs": deployed["python_logs"]})
    graph.stage("a", [prediction()])
    run = graph.run(DATE)
    assert run.success
    assert any("consolidated run_id=" in entry.user_message for entry in graph.instance.all_logs(run.run_id))
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    entries = [entry for entry in map(json.loads, lines) if entry.get("event") == "consolidated"]
    assert [(entry["staged"], entry["run_id"]) for entry in entries] == [(1, run.run_id)]


class FakeInstrument:
    def __init__(self) -> None:
        self.values: list[tuple[float, dict[str, str]]] = []

    def add(self, value: float, attributes: dict[str, str]) -> None:
        self.values.append((value, attributes))

    record = add


class FakeMeter:
    def __init__(self) -> None:
        self.instruments: dict[str, FakeInstrument] = {}

    def _create(self, name: str, **_: Any) -> FakeInstrument:
        return self.instruments.setdefault(name.removeprefix(METRIC_PREFIX), FakeInstrument())

    create_counter = create_histogram = _create


def test_metrics_count_consolidations_waits_and_refused_writes(tmp_path: Path) -> None:
    meter = FakeMeter()
    start_metrics("http://localhost:4318", lambda: meter)  # type: ignore[arg-type,return-value]
    bench = Workbench(tmp_path)
    bench.stage(prediction(), prediction("21.0"))
    bench.consolidate()
    log_event(LOG, "fenced_out", logging.WARNING, run_id="x")
    values = {name: instrument.values for name, instrument in meter.instruments.items() if instrument.values}
    assert values["consolidations"] == [(1, {"outcome": "done"})]
    assert values["rows_staged"] == [(2, {})]
    assert values["fenced_out"] == [(1, {})]
    assert {"transaction_ms", "lease_wait_ms", "lease_hold_ms"} <= set(values)


def test_the_opentelemetry_sdk_accepts_the_instruments() -> None:
    metrics = pytest.importorskip("opentelemetry.sdk.metrics", reason="the extra `telemetry` is not installed")
    export = pytest.importorskip("opentelemetry.sdk.metrics.export")
    reader = export.InMemoryMetricReader()
    start_metrics("http://localhost:4318", lambda: metrics.MeterProvider([reader]).get_meter(ROOT))
    log_event(LOG, "consolidated", outcome="done", staged=3)
    log_event(LOG, "lease_acquired", waited_ms=5)
    names = {
        metric.name for r in reader.get_metrics_data().resource_metrics for s in r.scope_metrics for metric in s.metrics
    }
    assert {"nba_consolidation.rows_staged", "nba_consolidation.lease_wait_ms"} <= names


def test_without_an_endpoint_nothing_is_measured() -> None:
    handlers = list(logging.getLogger(ROOT).handlers)
    start_metrics(None)
    assert logging.getLogger(ROOT).handlers == handlers


def test_an_endpoint_without_the_sdk_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.metrics", None)
    with pytest.raises(ConsolidationError, match=r"nba-consolidation\[telemetry\]"):
        start_metrics("http://localhost:4318")
