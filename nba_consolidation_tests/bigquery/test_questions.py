"""A SELECT that a person wrote is answered from the dataset."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nba_consolidation.operations.ask import ask
from nba_consolidation.operations.export.table_export import plan_export
from nba_consolidation.sql.question import QuestionRefused
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, prediction

LINES = """
    WITH lines AS (SELECT current_points_line AS line FROM player_prop_predictions WHERE game_date > '2026-01-01')
    SELECT P.line FROM lines AS P ORDER BY line
"""


def test_a_question_is_answered_its_mistakes_are_explained_and_a_table_is_exported(bench: BigQueryBench) -> None:
    bench.stage(prediction("20.5"), prediction("21.0"))
    bench.consolidate()
    answer = ask(bench.warehouse, LINES)
    assert (answer.columns, answer.rows, answer.more) == (("line",), [(Decimal("20.5"),), (Decimal(21),)], False)
    limited = ask(bench.warehouse, LINES, limit=1)
    assert (limited.rows, limited.more) == ([(Decimal("20.5"),)], True)
    assert ask(bench.warehouse, "SELECT won FROM bets").columns == ("won",)
    planned = plan_export(bench.warehouse, "player_prop_predictions", DATE, DATE)
    (rows,) = planned.rows(bench.warehouse)
    assert (planned.dates, len(rows), len(rows[0])) == ((DATE,), 2, len(planned.columns))
    with pytest.raises(QuestionRefused, match="Did you mean recommendation"):
        ask(bench.warehouse, "SELECT recomendation FROM bets")
