"""How a statement file is read, bound and rendered for an engine. The files lie beside their use cases."""

from nba_consolidation.sql.statement import Statement, Value, literal, over_dates, statement_names

__all__ = ["Statement", "Value", "literal", "over_dates", "statement_names"]
