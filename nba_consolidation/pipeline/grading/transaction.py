"""The one transaction of a grading, as the list of its statements. All or nothing; the fence comes before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nba_consolidation.operations.repair.repair import confidence_digits
from nba_consolidation.pipeline.grading.box_scores import problem_statements
from nba_consolidation.schema import ACCURACY, ACCURACY_KEY, LAST_WRITTEN, Column
from nba_consolidation.sql import Statement, Value

AUDITS = ("duplicate_accuracy_keys", "unconserved_gradings")
_LINEAGE = {"graded_at", *(column.name for column in LAST_WRITTEN)}
_VALUES = [name for name in ACCURACY.column_names if name not in {*ACCURACY_KEY, *_LINEAGE}]


def grading(
    parameters: Mapping[str, Value], grading_id: str, box_scores: Sequence[Column], live: Sequence[Column]
) -> list[Statement]:
    """Box scores, verdicts, what changes, audits, ledger.

    box_scores and live are the columns that player_game_summary and prediction_accuracy have now.
    """
    given = {**parameters, "grading_id": grading_id, "confidence_digits": confidence_digits(live)}
    kept = [column.name for column in live]
    return [
        *problem_statements(given, box_scores),
        Statement("players", given),
        Statement("twins", given),
        Statement("keyed_box_scores", given),
        Statement("actuals", given),
        Statement("played", given),
        Statement("verdicts", given),
        Statement("regraded", given, _VALUES),
        Statement("outdated", given),
        Statement("keep_regraded", given, kept),
        Statement("keep_outdated", given, kept),
        Statement("remove_outdated", given),
        Statement("grade_anew", given, _VALUES),
        Statement("insert_graded", given, _VALUES),
        Statement("duplicate_accuracy_keys", given, audit=True),
        Statement("settled", given),
        Statement("grading_counts", given),
        Statement("unconserved_gradings", given, audit=True),
        Statement("grading_ledger_rows", given),
        Statement("graded_date_counts", given),
        Statement("grading_findings", given),
    ]
