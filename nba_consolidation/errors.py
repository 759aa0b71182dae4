"""The root of all errors that this package raises on purpose. The others are in `errors.py` beside what raises them."""


class ConsolidationError(Exception):
    """Something went wrong that a person can act on.

    The message says what happened, to which date and table, and what to do next; the terminal prints it without a
    traceback.
    """
