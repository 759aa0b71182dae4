"""Random predictions and box scores, graded here and by plain pandas: the same rows, in whichever order they came."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from nba_consolidation.schema import BOX_SCORES
from nba_consolidation_tests.pipeline.grading.oracle import graded_by_pandas
from nba_consolidation_tests.pipeline.grading.test_real_data import rows_of
from nba_consolidation_tests.pipeline.grading.workbench import GAME, GradingBench, Row, at, bet, box

OTHER_GAME, UNPLAYED = "20260115_LAL_GSW", "20260115_NYK_BKN"
SYSTEMS = ("catboost_v9", "xgboost_v1")
PLAYERS = ("bamadebayo", "jaimejaquezjr", "tylerherro")

half_points = st.integers(min_value=1, max_value=60).map(lambda half: Decimal(half) / 2)
tenths = st.integers(min_value=0, max_value=400).map(lambda tenth: Decimal(tenth) / 10)


@st.composite
def predictions(draw: st.DrawFn) -> Row:
    line = draw(st.none() | half_points)
    return bet(
        None if line is None else str(line),
        draw(st.sampled_from(PLAYERS)),
        system_id=draw(st.sampled_from(SYSTEMS)),
        game_id=draw(st.sampled_from((GAME, OTHER_GAME, UNPLAYED))),
        predicted_points=draw(tenths),
        confidence_score=draw(st.integers(0, 10_000)) / Decimal(10_000),
        recommendation=draw(st.sampled_from(("OVER", "UNDER", "OVER", "UNDER", "PASS", "HOLD", "NO_LINE"))),
        line_source=draw(st.sampled_from(("ACTUAL_PROP", "ODDS_API", "BETTINGPROS", "ESTIMATED_AVG", None))),
        injury_status_at_prediction=draw(st.sampled_from((None, "OUT", "doubtful", "QUESTIONABLE", "PROBABLE"))),
        prediction_made_before_game=draw(st.sampled_from((None, True, True, False))),
        created_at=at(draw(st.integers(0, 600))),
    )


@st.composite
def box_scores(draw: st.DrawFn) -> Row:
    minutes = draw(st.none() | st.sampled_from([Decimal(0), Decimal("12.5"), Decimal("30.0"), Decimal(-1)]))
    points = draw(st.none() | st.integers(-1, 30))
    game = draw(st.sampled_from((GAME, OTHER_GAME)))
    return box(points, draw(st.sampled_from(PLAYERS)), game_id=game, minutes_played=minutes)


@given(rows=st.lists(predictions(), min_size=1, max_size=25), scores=st.lists(box_scores(), max_size=12))
def test_every_row_is_what_pandas_makes_of_it(tmp_path_factory: Any, rows: list[Row], scores: list[Row]) -> None:
    folder: Path = tmp_path_factory.mktemp("oracle")
    bench = GradingBench(folder)
    with bench.kept_open():
        bench.predict(*({**row, "prediction_id": f"p{number}"} for number, row in enumerate(rows)))
        bench.append(BOX_SCORES, *scores)
        bench.grade()
        actual = pd.DataFrame(bench.accuracy()).astype(object)
        validated = pd.DataFrame(bench.execute("SELECT * FROM validated_predictions")).astype(object)
        columns = [column.name for column in BOX_SCORES.columns]
        expected = graded_by_pandas(validated, pd.DataFrame(scores, columns=columns, dtype=object))
        assert rows_of(actual) == rows_of(expected)
