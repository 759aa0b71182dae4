"""Log events, and OpenTelemetry metrics that are made from the same events.

Every module logs with `log_event`; only a program calls `configure_logs` and `start_metrics`. In a Dagster run the
instance's `python_logs` collects the events.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from nba_consolidation.errors import ConsolidationError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from opentelemetry.metrics import Meter

ROOT = "nba_consolidation"
METRIC_PREFIX = "nba_consolidation."
_LABELS = ("run_id", "holder_id", "lease_key")
"""Labels are indexed in Cloud Logging: one filters by these across services."""
_LONGEST_LIST = 10
_NOT_INSTALLED = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry's SDK or exporter is not installed ({error}). Install "
    "them with: pip install 'nba-consolidation[telemetry]', or unset the variable."
)


def log_event(logger: logging.Logger, name: str, level: int = logging.INFO, **fields: object) -> None:
    """Logs that something happened. The message is `name key=value …`; fields that are None are left out."""
    if not logger.isEnabledFor(level):
        return
    from structlog.processors import LogfmtRenderer

    plain = {key: _plain(value) for key, value in fields.items() if value is not None}
    texts = {key: _text(value) for key, value in plain.items()}
    message = f"{name} {LogfmtRenderer()(None, '', texts)}".rstrip()
    # Not as the format: a `%` in a value must not be taken for a placeholder.
    logger.log(level, "%s", message, extra={"event": name, "fields": plain}, stacklevel=2)


def _plain(value: object) -> object:
    """The value in types that JSON has."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, str | int | float | bool):
        return value
    return [_plain(entry) for entry in value] if isinstance(value, Iterable) else str(value)


def _text(value: object) -> str:
    """A plain value for people. A long list (the dates of a season, say) becomes `first..last(count)`."""
    if isinstance(value, Mapping):
        value = [f"{key}:{entry}" for key, entry in value.items()]
    if isinstance(value, list):
        texts = [str(entry) for entry in value]
        value = f"{texts[0]}..{texts[-1]}({len(texts)})" if len(texts) > _LONGEST_LIST else ",".join(texts)
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return _printable(text)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in text)


class _OneLine(logging.Formatter):
    """A record's message on one line, without control characters: a name from outside forges no entry of the log."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        record.message = _printable(record.message).replace("\n", "\\n")
        return super().formatMessage(record)


def text_formatter() -> logging.Formatter:
    """`2026-01-15T12:00:00.000Z INFO nba_consolidation.fencing.fenced_writer transaction dates=2026-01-15 ms=12`."""
    line = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s"
    formatter = _OneLine(line, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    return formatter


def cloud_logging_formatter() -> logging.Formatter:
    """One JSON object per line, as Cloud Logging's agent reads it: severity, message, time, labels and every field."""
    from structlog.processors import JSONRenderer, format_exc_info
    from structlog.stdlib import ProcessorFormatter

    return ProcessorFormatter(processors=[format_exc_info, _cloud_entry, JSONRenderer(json.dumps, default=str)])


def _cloud_entry(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> dict[str, Any]:
    record: logging.LogRecord = entry["_record"]
    fields: Mapping[str, Any] = getattr(record, "fields", {})
    moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
    return {
        "severity": record.levelname,
        "message": entry["event"],
        "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "logger": record.name,
        "logging.googleapis.com/labels": {name: str(fields[name]) for name in _LABELS if name in fields},
        **fields,
        **({"event": record.event} if hasattr(record, "event") else {}),
        **({"exception": entry["exception"]} if "exception" in entry else {}),
    }


FORMATTERS = {"text": text_formatter, "json": cloud_logging_formatter}


def configure_logs(log_format: str, level: str, stream: TextIO | None = None) -> None:
    """Sends this package's log to stderr (or to the stream). Called again, it replaces the earlier configuration."""
    logger = logging.getLogger(ROOT)
    for old in [handler for handler in logger.handlers if isinstance(handler, _StreamHandler)]:
        logger.removeHandler(old)
    handler = _StreamHandler(stream)
    handler.setFormatter(FORMATTERS[log_format]())
    handler.setLevel(level.upper())
    logger.addHandler(handler)
    logger.setLevel(min(each.level for each in logger.handlers))


class _StreamHandler(logging.Handler):
    """Writes to the stream, or to whatever sys.stderr is when something is logged."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            (self._stream or sys.stderr).write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001  as every handler of `logging`: a log that cannot be written stops no work
            self.handleError(record)


@dataclass(frozen=True)
class Metric:
    """A counter (of events, or of the sum of a field) or a histogram (of a field), from the events of one name."""

    name: str
    event: str
    description: str
    field: str | None = None
    histogram: bool = False
    by: tuple[str, ...] = ()


_TYPE = ("lock_type",)
METRICS = (
    Metric("consolidations", "consolidated", "Consolidations that ended", by=("outcome",)),
    Metric("rows_staged", "consolidated", "Staged rows that were consolidated", "staged"),
    Metric("rows_quarantined", "consolidated", "Staged rows that were quarantined", "quarantined"),
    Metric("gradings", "graded", "Gradings that ended", by=("outcome",)),
    Metric("repairs", "repaired", "Repairs that ended", by=("outcome",)),
    Metric("analyses", "analysed", "Analyses that ended", by=("outcome",)),
    Metric("recalibrations", "recalibrated", "Recalibrations that ended", by=("outcome",)),
    Metric("dates_poisoned", "date_poisoned", "Dates that could not be written"),
    Metric("transaction_ms", "transaction", "Duration of a fenced transaction", "ms", True, ("lock_type", "outcome")),
    Metric("lease_wait_ms", "lease_acquired", "From asking for leases to holding them", "waited_ms", True, _TYPE),
    Metric("lease_hold_ms", "lease_released", "From acquiring leases to releasing them", "held_ms", True, _TYPE),
    Metric("lease_waits", "lease_waiting", "Waits for a lease that another process holds"),
    Metric("leases_lost", "lease_lost", "Leases that were lost while held", by=_TYPE),
    Metric("fenced_out", "fenced_out", "Writes that the fence refused", by=_TYPE),
)


class MetricsHandler(logging.Handler):
    """A logging handler that counts and measures events instead of writing them."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(logging.INFO)
        self._instruments = [(metric, _instrument(meter, metric)) for metric in METRICS]

    def emit(self, record: logging.LogRecord) -> None:
        name, fields = getattr(record, "event", None), getattr(record, "fields", {})
        for metric, add in self._instruments:
            if metric.event == name and (amount := 1 if metric.field is None else fields.get(metric.field)) is not None:
                add(amount, {key: str(fields[key]) for key in metric.by if key in fields})


def _instrument(meter: Meter, metric: Metric) -> Callable[[Any, Mapping[str, str]], None]:
    name, unit = METRIC_PREFIX + metric.name, "ms" if metric.name.endswith("_ms") else "1"
    if metric.histogram:
        return meter.create_histogram(name, unit=unit, description=metric.description).record
    return meter.create_counter(name, unit=unit, description=metric.description).add


def start_metrics(endpoint: str | None, make_meter: Callable[[], Meter] | None = None) -> None:
    """Starts to measure, once, if an endpoint is set. Raises ConsolidationError if OpenTelemetry is not installed."""
    logger = logging.getLogger(ROOT)
    if endpoint is None or any(isinstance(handler, MetricsHandler) for handler in logger.handlers):
        return
    logger.addHandler(MetricsHandler((make_meter or _exporting_meter)()))
    logger.setLevel(min(logging.INFO, logger.level or logging.INFO))


def _exporting_meter() -> Meter:
    """A meter that exports to the OTLP endpoint; the SDK reads OpenTelemetry's own variables (OTEL_…) itself."""
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    except ImportError as error:
        raise ConsolidationError(_NOT_INSTALLED.format(error=error)) from error
    provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
    meter: Meter = provider.get_meter(ROOT)
    return meter
