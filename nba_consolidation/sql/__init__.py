"""GoogleSQL, one statement per file, and the one way to render it for an engine. No data, no client library here."""

from nba_consolidation.sql.literals import Scalar, Value, literal
from nba_consolidation.sql.statement import Statement, over_dates

__all__ = ["Scalar", "Statement", "Value", "literal", "over_dates"]
