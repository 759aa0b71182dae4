"""What the tests of repair and restore work with: rows as unfenced graders left them, and an oracle in pandas.

The oracle knows nothing of our SQL. Where rows of a key are alike in all that decides, it names every content that may
stay: which of them does is left open, as long as it is always the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.operations.repair.accuracy import AccuracyRepairer
from nba_consolidation.operations.repair.repair import Repairer
from nba_consolidation.operations.repair.repair_result import RepairReport
from nba_consolidation.operations.repair.restore import Restorer, RestoreReport
from nba_consolidation.schema import ACCURACY, LAST_WRITTEN
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.arrow_types import arrow_type
from nba_consolidation.warehouse.errors import StatementFailed
from nba_consolidation.warehouse.interface import NO_RELATIONS, ManifestEntry, Relations, TransactionResult
from nba_consolidation.warehouse.table_reads import game_dates
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NO_WAIT, NOW, WatchedWarehouse, Workbench, at
from nba_consolidation_tests.prepared import prepare

Row = dict[str, Any]
KEY = ["game_date", "game_id", "player_lookup", "system_id", "line_value"]
TYPES = {column.name: arrow_type(column.type) for column in ACCURACY.columns}


def graded(minute: float = 0, **changes: Any) -> Row:
    """A bet of DATE that was won, graded so many minutes after noon by somebody without a fence."""
    row: Row = dict.fromkeys(TYPES)
    row.update(
        player_lookup="jaimejaquezjr",
        game_id="20260115_BOS_MIA",
        game_date=DATE,
        system_id="catboost_v9",
        predicted_points=Decimal("21.5"),
        confidence_score=Decimal("0.625"),
        confidence_decile=7,
        recommendation="OVER",
        line_value=Decimal("20.5"),
        actual_points=24,
        prediction_correct=True,
        feature_quality_score=81.25,
        graded_at=at(minute),
    )
    return row | changes


class Interrupted(WatchedWarehouse):
    """A warehouse in which tests let things happen right before a statement of a transaction, or make it fail."""

    before: Callable[[str], object] = staticmethod(lambda _: None)
    failing: str = ""

    def run(
        self,
        statements: Sequence[Statement],
        manifest: Sequence[ManifestEntry] = (),
        on_statement: Callable[[str], None] = lambda _: None,
        *,
        check: Callable[[], None] = lambda: None,
        relations: Relations = NO_RELATIONS,
    ) -> TransactionResult:
        def watched(name: str) -> None:
            on_statement(name)
            if name == self.failing:
                raise StatementFailed(name, "broken on purpose")

        for statement in statements:
            self.before(statement.name)
        return super().run(statements, manifest, watched, check=check, relations=relations)


class LegacyBench(Workbench):
    """A warehouse file with a prediction_accuracy that another program filled, and the use cases on it."""

    warehouse: Interrupted
    table = "prediction_accuracy"
    types = TYPES

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.warehouse = Interrupted(folder / "warehouse.duckdb", self.staging)
        prepare(self.warehouse.path)

    def fill(self, *rows: Mapping[str, Any]) -> None:
        """Inserts rows as they are, past every check."""
        data = pa.Table.from_pylist(list(rows), pa.schema(list(self.types.items())))
        self.take(data)

    def take(self, data: pa.Table) -> None:
        """All columns of the data go in, by name."""
        with duckdb.connect(self.warehouse.path, config=self.warehouse._config) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.register("data", data)
            connection.execute(f"INSERT INTO {self.table} BY NAME SELECT * FROM data")

    def execute(self, text: str, *parameters: object) -> list[Row]:
        """Plain SQL, past every check."""
        with duckdb.connect(self.warehouse.path, config=self.warehouse._config) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            cursor = connection.execute(text, list(parameters))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

    def rows(self, table: str = "") -> Counter[tuple[Any, ...]]:
        """The multiset of the table's rows, in the order of its columns."""
        return Counter(
            tuple(map(_hashable, row.values())) for row in self.execute(f"SELECT * FROM {table or self.table}")
        )

    def only(self, columns: str) -> Row:
        """These columns of the only row."""
        [row] = self.execute(f"SELECT {columns} FROM {self.table}")
        return row

    def writer(self, **changes: Any) -> FencedWriter:
        options: dict[str, Any] = {"clock": lambda: NOW, "wait": NO_WAIT, **changes}
        return FencedWriter(self.warehouse, self.leases, **options)

    def repairer(self, **scales: str) -> Repairer[Any]:
        return AccuracyRepairer(self.writer(), scales)

    def forecast(self, **scales: str) -> RepairReport[Any]:
        repairer = self.repairer(**scales)
        return repairer.forecast(game_dates(self.warehouse, repairer.target.table))

    def repair(self, run_id: str = "repair", **scales: str) -> RepairReport[Any]:
        """Repairs everything; checks that it is as forecast, unless a date is poisoned."""
        expected, repairer = self.forecast(**scales), self.repairer(**scales)
        report = repairer.repair(game_dates(self.warehouse, repairer.target.table), Holder.here(run_id))
        assert report.poisoned or report.systems == expected.systems
        return report

    def restore(self, run_id: str = "repair", own_run_id: str = "restore") -> RestoreReport:
        restorer = Restorer(self.writer())
        expected = restorer.forecast(run_id)
        report = restorer.restore(run_id, Holder.here(own_run_id))
        assert report.poisoned or report.dates == expected.dates
        return report


def _hashable(value: object) -> object:
    return str(value) if isinstance(value, list | dict) else value


def expected(rows: Iterable[Row], scales: Mapping[str, str]) -> dict[tuple[Any, ...], list[Row]]:
    """The contents that a repair may leave, by key; computed by pandas from the rules alone."""
    frame = pd.DataFrame(list(rows), columns=list(TYPES)).astype(object)
    unfenced = frame["grading_id"].isna()
    scores = frame["confidence_score"].where(unfenced).astype(float)
    frame["is_graded"] = frame["actual_points"].notna()
    frame["is_bet"] = frame["recommendation"].isin(["OVER", "UNDER"])
    frame["when"] = pd.to_datetime(frame["graded_at"], utc=True).fillna(pd.Timestamp.min.tz_localize("UTC"))
    frame["confidence"] = frame["confidence_score"].astype(float).fillna(-1.0)
    frame["unfenced"] = unfenced
    order = ["is_graded", "is_bet", "when", "confidence", "unfenced"]
    stays = frame.sort_values(order, kind="stable").groupby(KEY, dropna=False, sort=False).tail(1).index
    on_one_scale = scores.where((scores > 0) & scores.index.isin(stays)).groupby(
        [frame["system_id"], frame["game_date"]]
    )
    lower_median = on_one_scale.transform(lambda group: group.quantile(0.5, interpolation="lower"))
    declared = frame["system_id"].map(scales)
    fits = scores.between(2, 100) | (scores.between(0, 100) & (declared == "percent"))
    frame["rescaled"] = fits & ((declared == "percent") | (declared.isna() & (lower_median > 1)))
    result = {}
    for key, group in frame.groupby(KEY, dropna=False, sort=False):
        best = group[order].apply(tuple, axis=1)
        contents = group[best == best.max()]
        plain = tuple(None if _is_nothing(part) else part for part in key)
        result[plain] = [_content(row) for row in contents.to_dict("records")]
    return result


def _content(row: Row) -> Row:
    """The row as it must stand, without what only says who changed it."""
    content = {name: None if _is_nothing(row[name]) else row[name] for name in TYPES}
    confidence = content["confidence_score"]
    if row["rescaled"] and confidence:
        fraction = round(confidence / 100, 6)
        content["confidence_score"] = fraction
        content["confidence_decile"] = min(10, int(10 * fraction) + 1)
        content.update({column.name: "set by the repair" for column in LAST_WRITTEN})
    return content


def _is_nothing(value: object) -> bool:
    return value is None or bool(pd.isna(value))  # type: ignore[call-overload]
