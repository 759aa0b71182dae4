"""Bets of systems whose confidence is known to be worth what it is, for the tests of recalibration."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Row, graded


def overconfident(seed: int = 1, days: int = 30, per_day: int = 40, **changes: Any) -> list[Row]:
    """Bets of the days before DATE whose confidence, 0.55 to 0.95, is won far less often: 0.3 + a quarter of it."""
    chance = random.Random(seed)
    rows = []
    for day in range(1, days + 1):
        for _ in range(per_day):
            confidence = chance.randrange(550, 950) / 1000
            won = chance.random() < 0.3 + confidence / 4
            values = {"game_date": DATE - dt.timedelta(day), "confidence_score": Decimal(str(confidence))}
            rows.append(graded("correct" if won else "wrong", **(values | changes)))
    return rows


def shifted(rows: Sequence[Row], by: dt.timedelta) -> list[Row]:
    """The same bets on other dates."""
    return [row | {"game_date": row["game_date"] + by} for row in rows]
