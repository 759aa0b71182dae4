"""The use case: answers a question that a person wrote as SQL. The warehouse runs it read-only."""

from __future__ import annotations

from nba_consolidation.sql.question import Question, QuestionRefused, nearest, parse_question
from nba_consolidation.warehouse.errors import StatementFailed
from nba_consolidation.warehouse.interface import Answer, Warehouse


def ask(warehouse: Warehouse, text: str, limit: int | None = None) -> Answer:
    """The rows that the SELECT returns; at most `limit` of them.

    Raises QuestionRefused for a text that may not run, or cannot; WarehouseError.
    """
    question = parse_question(text)
    try:
        return warehouse.ask(question, limit)
    except StatementFailed as error:
        raise QuestionRefused(_explained(warehouse, question, error)) from error


def _explained(warehouse: Warehouse, question: Question, error: StatementFailed) -> str:
    """The unknown column and the nearest one, or else the engine's message. Raises TableMissing."""
    live = {column.name for table in question.tables for column in warehouse.live_columns(table)}
    known = {name.lower() for name in live}
    for name in sorted(question.columns):
        if name.lower() not in known:
            hint = nearest(name, sorted(live)) or "."
            return f"There is no column {name} in {', '.join(question.tables) or 'this query'}{hint}"
    return f"The query failed: {error.message}"
