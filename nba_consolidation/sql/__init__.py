"""GoogleSQL, one statement per file, and the one way to render it for an engine. No data, no client library here."""

from nba_consolidation.sql.statement import Statement, Value, literal, over_dates

__all__ = ["Statement", "Value", "literal", "over_dates"]
