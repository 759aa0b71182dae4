"""How a statement file is read, its macros expanded, its parameters bound, and rendered for an engine.

The files lie beside their use cases. `macros.py` has every macro.
"""

from nba_consolidation.sql.literals import Scalar, Value, literal
from nba_consolidation.sql.statement import Statement, over_dates, statement_names

__all__ = ["Scalar", "Statement", "Value", "literal", "over_dates", "statement_names"]
