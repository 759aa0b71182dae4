"""Graded rows for tests, a home to write them to, and the same results computed with pandas alone."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import stats

from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.performance.analyse import AnalysisReport
from nba_consolidation.schema import ACCURACY, ALL_TABLES
from nba_consolidation.settings import Settings
from nba_consolidation.warehouse.arrow_types import arrow_type
from nba_consolidation.wiring import Deployment, deploy
from nba_consolidation_tests.prepared import WITH_BOX_SCORES, connect, prepare

Row = dict[str, Any]
DATE = dt.date(2026, 1, 15)
SCHEMA = pa.schema([(column.name, arrow_type(column.type)) for column in ACCURACY.columns])
BETS = ("correct", "wrong")


def graded(outcome: str | None = "correct", **changes: Any) -> Row:
    """One graded row of DATE."""
    row: Row = dict.fromkeys(SCHEMA.names)
    row.update(
        game_date=DATE,
        game_id="20260115_BOS_MIA",
        player_lookup="jaimejaquezjr",
        system_id="catboost_v9",
        predicted_points=Decimal("22.0"),
        line_value=Decimal("20.5"),
        actual_points=24,
        recommendation="OVER",
        confidence_score=Decimal("0.650000"),
        outcome=outcome,
    )
    return row | changes


def bets(won: int, lost: int, **changes: Any) -> list[Row]:
    """Graded rows of so many bets won and lost."""
    return [graded("correct", **changes)] * won + [graded("wrong", **changes)] * lost


def random_rows(seed: int, days: int = 60, per_day: int = 30) -> list[Row]:
    """Rows of every kind, of four systems, over some days around the turn of a season, without bets on some days."""
    chance = random.Random(seed)
    first = dt.date(2026, 6, 1)
    dates = [first + dt.timedelta(day) for day in range(days) if chance.random() > 0.2]
    return [_random_row(chance, date) for date in dates for _ in range(chance.randrange(per_day))]


def _random_row(chance: random.Random, date: dt.date) -> Row:
    outcome = chance.choice(["correct", "wrong", "correct", "wrong", "push", "passed", "not_a_bet", "voided"])
    return graded(
        outcome,
        game_date=date,
        system_id=chance.choice(["catboost_v9", "ensemble_v1", "moving_average", "xgboost_v1"]),
        predicted_points=Decimal(chance.randrange(0, 400)) / 10,
        line_value=chance.choice([None, Decimal(chance.randrange(1, 80)) / 2]),
        actual_points=None if outcome == "voided" else chance.randrange(0, 50),
        confidence_score=chance.choice(
            [None, Decimal(0), Decimal(1), Decimal("0.3"), Decimal(chance.randrange(10**6 + 1)) / 10**6, Decimal(72)]
        ),
    )


class Graded:
    """A home with graded rows, and their analysis."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.settings = Settings(home=home, lease_wait=0, **settings)

    @property
    def deployment(self) -> Deployment:
        return deploy(self.settings)

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Inserts rows into prediction_accuracy, without lease and fence."""
        prepare(self.settings.home / "warehouse.duckdb", WITH_BOX_SCORES)
        data = pa.Table.from_pylist(list(rows), SCHEMA)
        with self._connection() as connection:
            connection.register("data", data)
            connection.execute("INSERT INTO prediction_accuracy BY NAME SELECT * FROM data")

    def analyse(self, *dates: dt.date, run_id: str = "run") -> AnalysisReport:
        return self.deployment.analyst.analyse(dates or [DATE], Holder.here(run_id))

    def read(self, table: str, **where: Any) -> list[Row]:
        """Rows of a table, in the order of its primary key."""
        (declared,) = (one for one in ALL_TABLES if one.name == table)
        frame = self.frame(f"SELECT * FROM {table} ORDER BY {', '.join(declared.primary_key)}")
        for name, value in where.items():
            frame = frame[frame[name] == value]
        return [{str(k): None if pd.isna(v) else v for k, v in row.items()} for row in frame.to_dict("records")]

    def one(self, table: str, **where: Any) -> Row:
        """The only row with these values."""
        (row,) = self.read(table, **where)
        return row

    def whole(self, window: str = "day", system: str = "catboost_v9", date: dt.date = DATE) -> Row:
        """The row of system_performance of a system and window, not divided into buckets."""
        return self.one("system_performance", game_date=date, system_id=system, time_window=window, sliced_by="all")

    def scores(self, window: str = "day", system: str = "catboost_v9", date: dt.date = DATE) -> Row:
        return self.one("calibration_scores", game_date=date, system_id=system, time_window=window)

    def frame(self, sql: str) -> pd.DataFrame:
        with self._connection() as connection:
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            return pd.DataFrame(cursor.fetchall(), columns=names, dtype=object)

    def execute(self, sql: str) -> None:
        with self._connection() as connection:
            connection.execute(sql)

    def _connection(self) -> duckdb.DuckDBPyConnection:
        return connect(self.settings.home / "warehouse.duckdb")


def window_of(rows: pd.DataFrame, window: str, date: dt.date) -> pd.DataFrame:
    """The rows in a window, by its definition."""
    year = date.year if (date.month, date.day) >= (7, 1) else date.year - 1
    firsts = {"season": dt.date(year, 7, 1)}
    firsts |= {name: date - dt.timedelta(days - 1) for name, days in (("day", 1), ("7d", 7), ("30d", 30))}
    return rows[(rows["game_date"] >= max(firsts[window], firsts["season"])) & (rows["game_date"] <= date)]


def oracle(rows: pd.DataFrame, odds: int = -110) -> Row:
    """The columns of system_performance for some graded rows, computed with pandas."""
    count = rows["outcome"].value_counts()
    won, lost = int(count.get("correct", 0)), int(count.get("wrong", 0))
    known = rows[rows["actual_points"].notna() & (rows["outcome"] != "voided")]
    errors = known["predicted_points"].astype(float) - known["actual_points"].astype(float)
    low, high = interval_by_date(rows)
    return {
        "graded": len(rows),
        "bets": won + lost,
        **{name: int(count.get(name, 0)) for name in (*BETS, "push", "passed", "not_a_bet", "voided")},
        "compared": len(known),
        "hit_rate": won / (won + lost) if won + lost else None,
        "hit_rate_low": low,
        "hit_rate_high": high,
        "mae": errors.abs().mean() if len(known) else None,
        "bias": errors.mean() if len(known) else None,
        "roi_110": (won * 100 / 110 - lost) / (won + lost) if won + lost else None,
        "roi": (won * (odds / 100 if odds > 0 else -100 / odds) - lost) / (won + lost) if won + lost else None,
    }


def interval_by_date(rows: pd.DataFrame) -> tuple[float | None, float | None]:
    """Wilson's interval at the effective number of bets, counted date by date; of a single date, as if independent."""
    decided = rows[rows["outcome"].isin(BETS)]
    won, bets = int((decided["outcome"] == "correct").sum()), len(decided)
    by_date = [(list(of["outcome"]).count("correct"), len(of)) for _, of in decided.groupby("game_date")]
    if len(by_date) < 2:
        return wilson(won, bets)
    rate, dates = won / bets, len(by_date)
    variance = sum((of_date - rate * number) ** 2 for of_date, number in by_date) * dates / (dates - 1)
    effect = max(variance / (bets * rate * (1 - rate)), 1) if 0 < won < bets else 1
    scale = (stats.norm.ppf(0.975) / stats.t.ppf(0.975, dates - 1)) ** 2 / effect
    return wilson(won * scale, bets * scale)


def wilson(won: float, of: float) -> tuple[float | None, float | None]:
    """The interval by its definition (Wilson 1927): the roots of (p - phat)^2 = z^2 p (1 - p) / n."""
    if not of:
        return None, None
    z, rate = 1.959963984540054, won / of
    middle, half = (rate + z * z / (2 * of)), z * (rate * (1 - rate) / of + z * z / (4 * of * of)) ** 0.5
    return (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)


def scored(rows: pd.DataFrame) -> Row:
    """The columns of calibration_scores for some graded rows, computed with numpy."""
    decided = rows[rows["outcome"].isin(BETS)]
    known = decided[decided["confidence_score"].map(lambda c: c is not None and 0 <= c <= 1).astype(bool)]
    confidence = known["confidence_score"].astype(float).to_numpy()
    won = (known["outcome"] == "correct").to_numpy().astype(float)
    unknown: Row = {
        "bets": 0,
        "without_confidence": len(decided),
        "ece": None,
        "brier": None,
        "log_loss": None,
        "log_loss_constant": None,
    }
    if not len(known):
        return unknown
    bins = known["confidence_score"].map(lambda c: min(int(c * 10), 9)).to_numpy()
    gaps = [abs(confidence[bins == b].mean() - won[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    likelihood = np.clip(np.where(won == 1, confidence, 1 - confidence), 0.0005, 0.9995)
    rate = np.clip(won.mean(), 0.0005, 0.9995)
    return {
        "bets": len(known),
        "without_confidence": len(decided) - len(known),
        "ece": sum(gaps),
        "brier": float(((confidence - won) ** 2).mean()),
        "log_loss": float(-np.log(likelihood).mean()),
        "log_loss_constant": float(-np.log(np.where(won == 1, rate, 1 - rate)).mean()),
    }


def noise_of(rows: pd.DataFrame) -> Row:
    """The noise floor of the calibration error, bin by bin and date by date. To thousandths: sums are rounded so."""
    decided = rows[rows["outcome"].isin(BETS)]
    known = decided[decided["confidence_score"].map(lambda c: c is not None and 0 <= c <= 1).astype(bool)]
    if not len(known):
        return {"ece_noise": None, "ece_noise_high": None}
    confidence = known["confidence_score"].astype(float).to_numpy()
    won = (known["outcome"] == "correct").to_numpy().astype(float)
    bins = known["confidence_score"].map(lambda c: min(int(c * 10), 9)).to_numpy()
    variances = []
    for number in np.unique(bins):
        inside = bins == number
        mean = confidence[inside].mean()
        gap = mean - won[inside].mean()
        residuals = (confidence - won - gap)[inside]
        by_date = pd.Series(residuals).groupby(known["game_date"].to_numpy()[inside]).sum()
        clustered = (by_date**2).sum() * len(by_date) / (len(by_date) - 1) if len(by_date) > 1 else 0
        variances.append(max(clustered, inside.sum() * mean * (1 - mean)))
    mean = sum((2 * one / np.pi) ** 0.5 for one in variances) / len(known)
    variance = (1 - 2 / np.pi) * sum(variances) / len(known) ** 2
    high = stats.gamma.ppf(0.95, mean**2 / variance, scale=variance / mean) if mean else 0.0
    return {"ece_noise": mean, "ece_noise_high": float(high)}


def close(row: Mapping[str, Any], expected: Mapping[str, Any], within: float = 6e-7) -> bool:
    """Whether the row has all expected values, whole numbers exactly and others to six decimals."""
    return all(_equal(row[name], value, within) for name, value in expected.items())


def _equal(actual: Any, expected: Any, within: float) -> bool:
    if expected is None or actual is None:
        return actual is expected
    return bool(abs(actual - expected) <= (0 if isinstance(expected, int) else within))


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows as a frame, with exact decimals."""
    return pd.DataFrame(list(rows), columns=SCHEMA.names).astype(object).replace({np.nan: None})
