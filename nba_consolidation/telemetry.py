"""OpenTelemetry metrics, made from the events that are logged anyway. Nothing happens unless somebody asks for it.

Where to send them is OpenTelemetry's own settings (OTEL_…). Which events there are is decided where they happen.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.logs import ROOT

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter

PREFIX = "nba_consolidation."
_NOT_INSTALLED = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry's SDK or exporter is not installed ({error}). Install "
    "them with: pip install 'nba-consolidation[telemetry]', or unset the variable."
)


@dataclass(frozen=True)
class Metric:
    """A counter (of events, or of a field's sum) or a histogram (of a field), from the events of one name."""

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
    Metric("lease_wait_ms", "lease_acquired", "From asking for leases to having them", "waited_ms", True, _TYPE),
    Metric("lease_hold_ms", "lease_released", "From having leases to their release", "held_ms", True, _TYPE),
    Metric("lease_waits", "lease_waiting", "Times that somebody had to wait for another's lease"),
    Metric("leases_lost", "lease_lost", "Leases that were lost while held", by=_TYPE),
    Metric("fenced_out", "fenced_out", "Writes that the fence kept out", by=_TYPE),
)


class MetricsHandler(logging.Handler):
    """A logging handler that counts and measures instead of writing."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(logging.INFO)
        self._instruments = [(metric, self._made(meter, metric)) for metric in METRICS]

    def emit(self, record: logging.LogRecord) -> None:
        name, fields = getattr(record, "event", None), getattr(record, "fields", {})
        for metric, record_value in self._instruments:
            if metric.event == name and (amount := 1 if metric.field is None else fields.get(metric.field)) is not None:
                record_value(amount, {key: str(fields[key]) for key in metric.by if key in fields})

    @staticmethod
    def _made(meter: Meter, metric: Metric) -> Callable[[Any, Mapping[str, str]], None]:
        name, unit = PREFIX + metric.name, "ms" if metric.name.endswith("_ms") else "1"
        if metric.histogram:
            return meter.create_histogram(name, unit=unit, description=metric.description).record
        return meter.create_counter(name, unit=unit, description=metric.description).add


def start(endpoint: str | None, make_meter: Callable[[], Meter] | None = None) -> MetricsHandler | None:
    """Begins to measure, once, if an endpoint is set. Raises ConsolidationError where the libraries are missing."""
    if endpoint is None:
        return None
    logger = logging.getLogger(ROOT)
    for handler in logger.handlers:
        if isinstance(handler, MetricsHandler):
            return handler
    handler = MetricsHandler((make_meter or _exporting_meter)())
    logger.addHandler(handler)
    logger.setLevel(min(logging.INFO, logger.level or logging.INFO))
    return handler


def _exporting_meter() -> Meter:
    """A meter whose figures go where OTEL_EXPORTER_OTLP_… say; the SDK reads those itself."""
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    except ImportError as error:
        raise ConsolidationError(_NOT_INSTALLED.format(error=error)) from error
    provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
    meter: Meter = provider.get_meter(ROOT)
    return meter
