"""Box scores from files, loaded into BigQuery: new, changed, unchanged and replaced rows are counted there too."""

from __future__ import annotations

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.grading.box_scores import box_score_file, load
from nba_consolidation.schema import BOX_SCORES
from nba_consolidation_tests.bigquery.executed import executes
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import NO_WAIT
from nba_consolidation_tests.pipeline.grading.workbench import box


@executes(
    *("delivered_box_scores", "replaced_box_scores", "box_score_counts", "delete_replaced_box_scores"),
    *("insert_box_scores", "box_score_problems"),
)
def test_a_second_file_replaces_what_changed_and_leaves_the_rest(bench: BigQueryBench) -> None:
    bench.warehouse.create_tables([BOX_SCORES])
    writer, holder = FencedWriter(bench.warehouse, bench.leases, wait=NO_WAIT), Holder.here("run")
    first = load(writer, [box_score_file("first", [box(25), box(11, "other"), box(11, "other")])], holder)
    assert (first.new, first.repeated, first.replaced, first.problems) == (2, 1, 0, ())
    second = load(writer, [box_score_file("second", [box(26), box(11, "other"), box(-1, "third")])], holder)
    assert (second.new, second.changed, second.unchanged, second.replaced) == (1, 1, 1, 1)
    assert [(problem.problem, problem.player_lookup) for problem in second.problems] == [("points_below_zero", "third")]
    rows = bench.select(
        "SELECT player_lookup, points FROM {dataset}.player_game_summary WHERE game_date = '2026-01-15' ORDER BY 1"
    )
    assert [(row["player_lookup"], row["points"]) for row in rows] == [
        ("jaimejaquezjr", 26), ("other", 11), ("third", -1)
    ]  # fmt: skip
