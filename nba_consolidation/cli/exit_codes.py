"""The exit codes, and which error ends in which. The one place that knows; `--help` and the README read it here."""

from __future__ import annotations

from enum import IntEnum

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.settings import SettingsError


class Exit(IntEnum):
    """How a command ends."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NEEDS_A_PERSON = 3
    HELD = 4
    NOT_CHECKED = 5
    INTERRUPTED = 130


MEANINGS = {
    Exit.DONE: "Done.",
    Exit.FAILED: "Something could not be done; the message says what, and what to do now.",
    Exit.USAGE: "The command or a setting is wrong; nothing was done.",
    Exit.NEEDS_A_PERSON: "Done, but a person should look: refused tables, poisoned dates, findings.",
    Exit.HELD: "Somebody else holds the lease or the warehouse and is named; try again later.",
    Exit.NOT_CHECKED: "Of quality alone: a check could not run, which is no pass. There, 1 is failed and 2 warnings.",
    Exit.INTERRUPTED: "Interrupted. Running it again is always safe.",
}


def exit_for(error: ConsolidationError) -> Exit:
    """The code with which an error that nobody handled ends a command."""
    from nba_consolidation.leases import LeaseHeld
    from nba_consolidation.warehouse.errors import WarehouseBusy

    if isinstance(error, SettingsError):
        return Exit.USAGE
    return Exit.HELD if isinstance(error, LeaseHeld | WarehouseBusy) else Exit.FAILED
