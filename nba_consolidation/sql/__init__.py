"""How a statement file is read, its macros expanded, its parameters bound, and rendered for an engine.

The files lie beside their use cases. `macros.py` has every macro. sqlglot loads when a statement is first rendered.
"""

from nba_consolidation.sql.statement import Scalar, Statement, Value, over_dates

__all__ = ["Scalar", "Statement", "Value", "over_dates"]
