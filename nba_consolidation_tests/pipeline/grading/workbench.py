"""What the tests of the grading work with: predictions as consumers read them, box scores, and the use case on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.grading.grade import Grader
from nba_consolidation.pipeline.grading.result import GradedDate, GradingReport
from nba_consolidation.schema import BOX_SCORES, Table
from nba_consolidation.warehouse.arrow_types import arrow_type
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NO_WAIT, NOW, Row, Workbench, at, prediction
from nba_consolidation_tests.prepared import prepare

GAME = "20260115_BOS_MIA"
TWIN = "20260115_MIA_BOS"


def bet(line: str | None = "20.5", player: str = "jaimejaquezjr", **changes: Any) -> Row:
    """A staged prediction with a line of a real book: OVER 20.5 with 21.5 predicted, unless changed."""
    made = {"prediction_id": f"{player}-{changes.get('system_id', '')}-{line}-{changes.get('game_date', '')}"}
    return prediction(line, **{"player_lookup": player, "line_source": "ACTUAL_PROP", **made, **changes})


def box(points: int | None = 25, player: str = "jaimejaquezjr", **changes: Any) -> Row:
    """A box score of that game: 25 points in 30 minutes, unless changed."""
    row: Row = {
        "player_lookup": player,
        "game_id": GAME,
        "game_date": DATE,
        "team_abbr": "MIA",
        "opponent_team_abbr": "BOS",
        "points": points,
        "minutes_played": Decimal("30.0"),
        "tip_off_at": None,
    }
    return row | changes


class GradingBench(Workbench):
    """A workbench whose predictions are graded."""

    def predict(self, *rows: Mapping[str, Any], worker: str = "w0") -> None:
        """Stages, consolidates and validates them."""
        self.stage(*rows, worker=worker)
        dates = {row["game_date"] for row in rows}
        self.consolidate(*dates)
        self.validate(*dates)

    def play(self, *rows: Mapping[str, Any]) -> None:
        """The box scores, instead of all that were there for their dates."""
        self._prepare()
        dates = sorted({row["game_date"] for row in rows})
        with duckdb.connect(self.warehouse.path, config=self.warehouse._config) as connection:
            connection.execute("DELETE FROM player_game_summary WHERE list_contains(?, game_date)", [dates])
        self.append(BOX_SCORES, *rows)

    def append(self, table: Table, *rows: Mapping[str, Any]) -> None:
        """Appends rows past every check, as another program would."""
        self._prepare()
        schema = pa.schema([(column.name, arrow_type(column.type)) for column in table.columns])
        data = pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema)
        with duckdb.connect(self.warehouse.path, config=self.warehouse._config) as connection:
            connection.register("data", data)
            connection.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM data")

    def _prepare(self) -> None:
        prepare(self.warehouse.path)
        self.warehouse.create_tables([BOX_SCORES])

    def grader(self, **changes: Any) -> Grader:
        options: dict[str, Any] = {"leases": self.leases, "clock": lambda: NOW, "wait": NO_WAIT, **changes}
        return Grader(FencedWriter(self.warehouse, **options))

    def grade(self, *dates: dt.date, run_id: str = "grading", **changes: Any) -> GradingReport:
        """Grades the dates (by default DATE) and checks the conservation law on the way."""
        report = self.grader(**changes).grade(dates or (DATE,), Holder.here(run_id))
        assert all(date.conserved for date in report.dates)
        return report

    def graded(self, *rows: Mapping[str, Any], scores: tuple[Row, ...]) -> GradedDate:
        """The predictions and box scores of DATE, graded."""
        self.predict(*rows)
        self.play(*scores)
        (date,) = self.grade().dates
        return date

    def accuracy(self, order: str = "game_date, game_id, player_lookup, system_id, line_value") -> list[Row]:
        return self.execute(f"SELECT * FROM prediction_accuracy ORDER BY {order}")

    def only_graded(self) -> Row:
        """The one row of prediction_accuracy."""
        [row] = self.accuracy()
        return row

    def removed(self) -> list[Row]:
        return self.execute("SELECT * FROM prediction_accuracy_removed ORDER BY player_lookup, line_value")


__all__ = ["DATE", "GAME", "NOW", "TWIN", "GradingBench", "Row", "at", "bet", "box"]
