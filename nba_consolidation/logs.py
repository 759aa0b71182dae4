"""Structured logs: one event per step, as `key=value` for people, as JSON for Cloud Logging. Plain `logging` below.

What is told, and when, is decided where it happens. In a Dagster run the instance's `python_logs` takes the events.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from collections.abc import Iterable, Mapping
from typing import TextIO

ROOT = "nba_consolidation"
_LABELS = ("run_id", "holder_id", "lease_key")
"""What one filters by, across services: labels in Cloud Logging are indexed."""
_DATES_NAMED = 10


def event(logger: logging.Logger, name: str, level: int = logging.INFO, **fields: object) -> None:
    """Logs that something happened; fields that are None are left out."""
    if not logger.isEnabledFor(level):
        return
    given = {key: value for key, value in fields.items() if value is not None}
    words = " ".join([name, *(f"{key}={_quoted(_words(value))}" for key, value in given.items())])
    # No `%`: what comes from outside must not be taken for a format.
    logger.log(level, "%s", words, extra={"event": name, "fields": given}, stacklevel=2)


class KeyValueFormatter(logging.Formatter):
    """`2026-01-15T12:00:00.000Z INFO nba_consolidation.fencing.fenced_writer transaction dates=2026-01-15 ms=12`."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{_moment(record)} {record.levelname} {record.name} {record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


class CloudLoggingFormatter(logging.Formatter):
    """One JSON object per line, as Cloud Logging's agent reads it: severity, message, time, labels, and every field."""

    def format(self, record: logging.LogRecord) -> str:
        fields: Mapping[str, object] = getattr(record, "fields", {})
        entry: dict[str, object] = {
            "severity": record.levelname,
            "message": record.getMessage(),
            "time": _moment(record),
            "logger": record.name,
            "logging.googleapis.com/labels": {name: str(fields[name]) for name in _LABELS if name in fields},
            **{key: _plain(value) for key, value in fields.items()},
        }
        if (name := getattr(record, "event", None)) is not None:
            entry["event"] = name
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


FORMATTERS = {"text": KeyValueFormatter, "json": CloudLoggingFormatter}


def configure(form: str, level: str, stream: TextIO | None = None) -> logging.Handler:
    """Sends what this package logs to stderr (or the stream), once; called by programs, never by a library."""
    logger = logging.getLogger(ROOT)
    for old in [handler for handler in logger.handlers if isinstance(handler, _Stream)]:
        logger.removeHandler(old)
    handler = _Stream(stream)
    handler.setFormatter(FORMATTERS[form]())
    handler.setLevel(level.upper())
    logger.addHandler(handler)
    logger.setLevel(min(each.level for each in logger.handlers))
    return handler


class _Stream(logging.Handler):
    """The handler that `configure` makes: stderr as it is when something is logged, unless a stream was given."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            (self._stream or sys.stderr).write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001  what every handler does: a log that cannot be written stops no work
            self.handleError(record)


def _moment(record: logging.LogRecord) -> str:
    moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _words(value: object) -> str:
    """Of many (a season's dates, say) the first and the last and how many: a log line is read by people too."""
    if isinstance(value, Mapping):
        value = [f"{key}:{entry}" for key, entry in value.items()]
    if isinstance(value, Iterable) and not isinstance(value, str):
        listed = [str(entry) for entry in value]
        if len(listed) > _DATES_NAMED:
            return f"{listed[0]}..{listed[-1]}({len(listed)})"
        return ",".join(listed)
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _quoted(text: str) -> str:
    return json.dumps(text) if not text or any(not c.isprintable() or c in ' ="' for c in text) else text


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, str | int | float | bool):
        return value
    return [_plain(entry) for entry in value] if isinstance(value, Iterable) else str(value)
