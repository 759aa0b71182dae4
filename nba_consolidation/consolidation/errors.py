"""What can go wrong with a consolidation itself; leases and warehouses have errors of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from nba_consolidation.errors import ConsolidationError


class FencedOut(ConsolidationError):
    """A newer lease has written the date: ours ran out meanwhile. Nothing of ours was committed."""


class AuditFailed(ConsolidationError):
    """An audit inside the transaction failed, so all of it was rolled back. `audit` names it."""

    def __init__(self, audit: str, message: str) -> None:
        super().__init__(message)
        self.audit = audit


class DatesPoisoned(ConsolidationError):
    """Some dates could not be consolidated; all others were. `errors` says why, by date."""

    def __init__(self, errors: Mapping[dt.date, ConsolidationError]) -> None:
        self.errors = dict(errors)
        dates_by_reason: dict[str, list[str]] = {}
        for date, error in sorted(self.errors.items()):
            dates_by_reason.setdefault(str(error), []).append(str(date))
        listed = "\n".join(f"  {', '.join(dates)}: {reason}" for reason, dates in dates_by_reason.items())
        super().__init__(f"{len(self.errors)} date(s) could not be consolidated, all others of the run were:\n{listed}")
