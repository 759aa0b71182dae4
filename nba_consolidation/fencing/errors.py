"""The errors of a fenced write: fenced out, a failed audit, and dates that could not be written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.schema import FENCES

UNKNOWN = "unknown"


@dataclass(frozen=True)
class NewerWrite:
    """Who wrote a date under a newer fencing token. token: None if the date has no fence row."""

    game_date: dt.date
    token: int | None = None
    holder_id: str = UNKNOWN
    run_id: str = UNKNOWN


class FencedOut(ConsolidationError):
    """The fence refused a transaction, so nothing was committed. `newer` names the writer that each date has instead.

    store_is_behind: this run still held its lease, so the lease store has forgotten tokens that it gave out.
    """

    def __init__(self, newer: Sequence[NewerWrite], store_is_behind: bool = False) -> None:
        self.newer = tuple(newer)
        self.store_is_behind = store_is_behind
        super().__init__(self._message())

    @property
    def holder_id(self) -> str:
        """The newer holder; of several, that of the first date."""
        return self.newer[0].holder_id if self.newer else UNKNOWN

    def _message(self) -> str:
        if not self.newer:
            return "the fence refused the transaction, so nothing was committed; run the dates again"
        first, others = self.newer[0], len(self.newer) - 1
        dates = f"{first.game_date}" + (f" and {others} other date(s)" if others else "")
        if first.token is None:
            return f"{FENCES.name} has no row of {dates}, so nothing was committed; run it again, which creates the row"
        writer = f"token {first.token}, holder {first.holder_id}, run {first.run_id}"
        if self.store_is_behind:
            return (
                f"{dates} was written with a newer token ({writer}) than the lease store gives out now, so nothing "
                "was committed. Running it again does not help: the lease store was replaced or restored, or another "
                "one is in use. Use one lease store. If the old one is lost, stop all writers and run: "
                "nba-consolidation doctor, which prints the largest token; then nba-consolidation locks reseed"
            )
        return f"{dates} was written under a newer lease ({writer}), so nothing was committed; run it again"


class AuditFailed(ConsolidationError):
    """An audit inside the transaction failed, so all of it was rolled back. `audit` names it."""

    def __init__(self, audit: str, message: str) -> None:
        super().__init__(message)
        self.audit = audit


class DatesPoisoned(ConsolidationError):
    """Some dates could not be written; all others were. errors: by date. done: the verb of the message, `graded`."""

    def __init__(self, errors: Mapping[dt.date, ConsolidationError], done: str = "consolidated") -> None:
        self.errors = dict(errors)
        dates_by_reason: dict[str, list[str]] = {}
        for date, error in sorted(self.errors.items()):
            dates_by_reason.setdefault(str(error), []).append(str(date))
        causes = [f"{', '.join(dates)} could not be {done}: {reason}" for reason, dates in dates_by_reason.items()]
        super().__init__("\n".join([*causes, f"All other dates of the run were {done}."]))
