"""The one root of all errors that this package raises on purpose.

The children live beside what raises them (`locking.errors`, `warehouse.errors`, `fencing`).
"""


class ConsolidationError(Exception):
    """Something went wrong that a person can act on.

    The message says what happened, to which date and table, and what to do now; the terminal prints it without a
    traceback.
    """
