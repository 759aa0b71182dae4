"""The exit codes, and the one with which each error ends a command."""

from __future__ import annotations

from enum import IntEnum

from nba_consolidation.errors import ConsolidationError, UnknownName
from nba_consolidation.settings import SettingsError


class Exit(IntEnum):
    """How a command ends."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REQUIRES_ATTENTION = 3
    HELD = 4
    NOT_CHECKED = 5
    INTERRUPTED = 130


MEANINGS = {
    Exit.DONE: "Done.",
    Exit.FAILED: "Failed. The message says what happened and what to do next.",
    Exit.USAGE: "The command or a setting is wrong. Nothing was done.",
    Exit.REQUIRES_ATTENTION: "Done, but something requires attention: refused tables, poisoned dates, findings.",
    Exit.HELD: "Another process holds the lease or the warehouse; the message names it. Try again later.",
    Exit.NOT_CHECKED: "Only `quality`: a check could not run. There, 1 means failed and 2 means warnings.",
    Exit.INTERRUPTED: "Interrupted. Running the command again is safe.",
}


def exit_for(error: ConsolidationError) -> Exit:
    """The code for an error that no command has handled."""
    from nba_consolidation.leases import LeaseHeld
    from nba_consolidation.sql.question import QuestionRefused
    from nba_consolidation.warehouse.errors import WarehouseBusy

    if isinstance(error, SettingsError | QuestionRefused | UnknownName):
        return Exit.USAGE
    return Exit.HELD if isinstance(error, LeaseHeld | WarehouseBusy) else Exit.FAILED
