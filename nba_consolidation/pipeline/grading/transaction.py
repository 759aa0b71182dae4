"""The statements of a grading transaction, in the order in which they run, after the fence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nba_consolidation.fencing.audits import DUPLICATE_ACCURACY_KEYS
from nba_consolidation.operations.repair.accuracy import confidence_digits
from nba_consolidation.pipeline.grading.box_scores import problem_statements
from nba_consolidation.schema import ACCURACY, ACCURACY_KEY, LAST_WRITTEN, UNSETTLED_NAMES, Column
from nba_consolidation.sql import Scalar, Statement, Value

_LINEAGE = {"graded_at", *(column.name for column in LAST_WRITTEN)}
_VALUES = [name for name in ACCURACY.column_names if name not in {*ACCURACY_KEY, *_LINEAGE}]


def grading(
    parameters: Mapping[str, Value],
    grading_id: str,
    box_scores: Sequence[Column],
    live: Sequence[Column],
    similar: Sequence[Mapping[str, Scalar]] = (),
) -> list[Statement]:
    """Returns the statements: box scores, grades, changes, audits, ledger.

    box_scores, live: the columns that player_game_summary and prediction_accuracy have now. similar: rows of the table
    `similar_names`.
    """
    bound = {**parameters, "grading_id": grading_id, "confidence_digits": confidence_digits(live)}
    archived = [column.name for column in live]
    return [
        *_player_results(bound, box_scores),
        Statement("repeated_predictions", bound),
        Statement("similar_names", bound),
        *([Statement("add_similar_names", {**bound, "similar_names": similar})] if similar else []),
        Statement("grades", bound),
        Statement("changed_grades", bound, _VALUES),
        Statement("superseded_grades", bound),
        Statement("archive_grades", bound, archived),
        Statement("delete_superseded_grades", bound),
        Statement("update_changed_grades", bound, _VALUES),
        Statement("insert_new_grades", bound, _VALUES),
        DUPLICATE_ACCURACY_KEYS.statement(bound),
        Statement("graded_predictions", bound),
        Statement("grading_counts", bound),
        Statement("unconserved_gradings", bound, audit=True),
        Statement("delete_dates", bound, names={"TABLE": UNSETTLED_NAMES.name}),
        Statement("unsettled_names", bound),
        Statement("grading_ledger_entry", bound),
        Statement("graded_date_counts", bound),
        Statement("grading_findings", bound),
    ]


def unmatched_names(parameters: Mapping[str, Value], box_scores: Sequence[Column]) -> list[Statement]:
    """Returns the statements that end with the SELECT `unmatched_names`. They write no table."""
    return [*_player_results(parameters, box_scores), Statement("unmatched_names", parameters)]


def _player_results(parameters: Mapping[str, Value], box_scores: Sequence[Column]) -> list[Statement]:
    """The temporary tables of box scores by game and player, with the aliases of players."""
    names = ("current_aliases", "player_keys", "box_scores_by_game_key", "player_results", "played_games")
    return [*problem_statements(parameters, box_scores), *(Statement(name, parameters) for name in names)]
