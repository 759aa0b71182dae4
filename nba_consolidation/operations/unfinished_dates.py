"""Dates that a run left unfinished because it died: consolidated, but not validated or not published since.

The next run of any date completes them: each is validated and published from what is committed.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.audits import NOT_PUBLISHED_ONCE, Audit
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder, LeaseError, LeaseStore, lease_key
from nba_consolidation.pipeline.consolidation.consolidate import LOCK_TYPE
from nba_consolidation.pipeline.publication.publish import PublishedDate, Publisher
from nba_consolidation.pipeline.validation.validate import ValidatedDate, Validator
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.warehouse.errors import WarehouseBusy, WarehouseUnavailable
from nba_consolidation.warehouse.interface import Row, Warehouse

_log = logging.getLogger(__name__)
_ALL_HISTORY = {"first_date": dt.date.min, "last_date": dt.date.max}
_NAMED = 5
_OF_NO_DATE = (LeaseError, WarehouseBusy, WarehouseUnavailable)
"""Errors that no single date causes."""


@dataclass(frozen=True)
class UnfinishedDates:
    """The dates to validate, and those that are validated but not published."""

    unvalidated: tuple[dt.date, ...] = ()
    unpublished: tuple[dt.date, ...] = ()

    @property
    def all(self) -> tuple[dt.date, ...]:
        """Both, in order."""
        return tuple(sorted({*self.unvalidated, *self.unpublished}))

    def only(self, dates: Collection[dt.date]) -> UnfinishedDates:
        """The part of them that belongs to these dates."""
        return UnfinishedDates(
            tuple(date for date in self.unvalidated if date in dates),
            tuple(date for date in self.unpublished if date in dates),
        )


@dataclass(frozen=True)
class Completion:
    """The dates that were validated and published, and the errors of those that could not be."""

    validated: tuple[ValidatedDate, ...] = ()
    published: tuple[PublishedDate, ...] = ()
    failed: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)

    def __add__(self, other: Completion) -> Completion:
        """The sum of both."""
        return Completion(
            self.validated + other.validated, self.published + other.published, {**self.failed, **other.failed}
        )


def unfinished_dates(warehouse: Warehouse) -> UnfinishedDates:
    """The unfinished dates of all history; a run may be working on some of them."""
    return unfinished(warehouse.run([Statement(name, _ALL_HISTORY) for name in UNFINISHED]).rows)


UNFINISHED = ("unvalidated_dates", "unpublished_dates")


def unfinished(rows: Mapping[str, Sequence[Mapping[str, dt.date]]]) -> UnfinishedDates:
    """The unfinished dates in the rows of the statements `UNFINISHED`."""
    unvalidated, unpublished = (tuple(row["game_date"] for row in rows[name]) for name in UNFINISHED)
    return UnfinishedDates(unvalidated, unpublished)


def audit_findings(warehouse: Warehouse, audit: Audit, dates: Collection[dt.date]) -> list[Row]:
    """The findings of an audit. Unfinished dates are no finding of `not_published_once`: a run may be publishing them.

    They are read in the same transaction, so that a run that commits meanwhile makes no difference.
    """
    if audit is not NOT_PUBLISHED_ONCE or not dates:
        return audit.findings(warehouse, dates)
    statement = audit.statement(over_dates(dates), in_transaction=False)
    rows = warehouse.run([statement, *(Statement(name, _ALL_HISTORY) for name in UNFINISHED)]).rows
    unpublished = unfinished(rows).all
    return [row for row in rows[audit.name] if row["game_date"] not in unpublished]


def abandoned_dates(warehouse: Warehouse, leases: LeaseStore) -> UnfinishedDates:
    """The unfinished dates whose lease is not held, so that no run is working on them."""
    dates = unfinished_dates(warehouse)
    return dates.only(_idle(leases, dates.all))


def complete(
    validator: Validator, publisher: Publisher, holder: Holder, requested: Collection[dt.date] | None = None
) -> Completion:
    """Validates and publishes the unfinished dates; a date that fails does not stop the others.

    requested: the dates of this run, all by default. Of the others, those whose lease is held are left out.
    Raises LeaseError, WarehouseBusy and WarehouseUnavailable for the requested dates.
    """
    dates = unfinished_dates(validator.writer.warehouse)
    own = dates.only(dates.all if requested is None else requested)
    done = _complete(validator, publisher, holder, own)
    if requested is None:
        return done
    others = _complete_others(validator, publisher, validator.writer.leases, holder, dates, requested)
    return done + others


def complete_others(
    writer: FencedWriter,
    holder: Holder,
    dates_of_run: Collection[dt.date],
    *,
    validator: Validator | None = None,
    publisher: Publisher | None = None,
) -> Completion:
    """Validates and publishes all unfinished dates except those of the run. Raises nothing: the next run tries again.

    Without a validator or a publisher, that part is left to a later step.
    """
    try:
        dates = unfinished_dates(writer.warehouse)
    except ConsolidationError as error:
        return _left_to_next_run((), error)
    return _complete_others(validator, publisher, writer.leases, holder, dates, dates_of_run)


def _complete_others(
    validator: Validator | None,
    publisher: Publisher | None,
    leases: LeaseStore,
    holder: Holder,
    dates: UnfinishedDates,
    dates_of_run: Collection[dt.date],
) -> Completion:
    others: tuple[dt.date, ...] = ()
    try:
        others = tuple(sorted(_idle(leases, {*dates.all} - {*dates_of_run})))
        return _complete(validator, publisher, holder, dates.only(others))
    except ConsolidationError as error:
        return _left_to_next_run(others, error)


def _left_to_next_run(dates: Sequence[dt.date], error: ConsolidationError) -> Completion:
    _log.warning("the unfinished dates %s are left to the next run: %s", some_dates(dates), error)
    return Completion()


def some_dates(dates: Sequence[dt.date]) -> str:
    """The dates for a message: the first few, and how many more."""
    more = f" and {len(dates) - _NAMED} more" if len(dates) > _NAMED else ""
    return ", ".join(map(str, dates[:_NAMED])) + more


def _complete(
    validator: Validator | None, publisher: Publisher | None, holder: Holder, dates: UnfinishedDates
) -> Completion:
    """All dates together or, if that fails, each alone."""
    if not dates.all:
        return Completion()
    to_publish = dates.all if validator else dates.unpublished
    try:
        validated = validator.validate(dates.unvalidated, holder) if validator and dates.unvalidated else []
        return Completion(tuple(validated), tuple(publisher.publish(to_publish, holder)) if publisher else ())
    except _OF_NO_DATE:
        raise
    except ConsolidationError as error:
        if len(dates.all) == 1:
            _log.warning("%s was consolidated, but not validated and published: %s", dates.all[0], error)
            return Completion(failed={dates.all[0]: error})
    done = Completion()
    for date in dates.all:
        done += _complete(validator, publisher, holder, dates.only([date]))
    return done


def _idle(leases: LeaseStore, dates: Iterable[dt.date]) -> set[dt.date]:
    """The dates whose lease nobody holds."""
    keys = {lease_key(LOCK_TYPE, date): date for date in dates}
    held = {record.key for record in leases.inspect(keys) if not record.expired} if keys else set()
    return {date for key, date in keys.items() if key not in held}
