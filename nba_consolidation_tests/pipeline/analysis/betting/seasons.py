"""Invented seasons, as graded rows and as rows of season_bets, and their results counted by hand."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from nba_consolidation.pipeline.analysis.betting.bets import DailyResults
from nba_consolidation.pipeline.analysis.betting.strategy_rows import strategy_rows
from nba_consolidation.schema import MAJORITY, UNANIMOUS
from nba_consolidation_tests.pipeline.analysis.performance.graded import graded

Row = dict[str, Any]
SEASON = dt.date(2025, 7, 1)
OPENING = dt.date(2025, 10, 21)


def day(number: int) -> dt.date:
    return OPENING + dt.timedelta(number)


def packed(won: bool, confidence: float | None = 0.65, edge: float | None = 2.0, flagged: bool = False) -> int:
    """A bet packed into a whole number as in season_bets."""
    micros = -1 if confidence is None else round(confidence * 10**6)
    tenths = -1 if edge is None else round(edge * 10)
    return 4000 * (micros + 1) + 4 * (tenths + 1) + 2 * flagged + won


def on(number: int, bets: Sequence[int], bettor: str = "s1") -> Row:
    """A row of season_bets: the bets of one bettor on the number-th date."""
    return {"game_date": day(number), "bettor": bettor, "bets": list(bets)}


def coins(seed: int, dates: int = 60, systems: int = 3, players: int = 20, chance: float = 11 / 21) -> list[Row]:
    """Coin flips that just break even at -110. Most systems agree on a player, whose one score decides all bets."""
    random_ = np.random.default_rng(seed)
    rows = []
    for number in range(dates):
        won = random_.random(players) < chance
        for system in range(systems):
            agrees = random_.random(players) < 0.7
            result = np.where(agrees, won, random_.random(players) < chance)
            confidence, edge = random_.random(players) * 0.5 + 0.5, random_.random(players) * 8
            bets = [packed(bool(w), c, e) for w, c, e in zip(result, confidence, edge, strict=True)]
            rows.append(on(number, bets, f"s{system}"))
    return rows


def evaluated(rows: Sequence[Row], dates: Sequence[dt.date], odds: int = -110) -> pd.DataFrame:
    """The rows of strategy_performance."""
    return strategy_rows(DailyResults.of(rows), SEASON, dates, odds)


def on_dates(frame: pd.DataFrame, dates: Sequence[dt.date]) -> pd.DataFrame:
    """The rows of these dates, with a new index."""
    return frame[frame["game_date"].isin(dates)].reset_index(drop=True)


def by_strategy(frame: pd.DataFrame, date: dt.date | None = None) -> dict[str, Row]:
    """The rows of a date (by default the last one), by strategy."""
    of = frame[frame["game_date"] == (date or frame["game_date"].max())]
    return {row["strategy"]: {str(name): value for name, value in row.items()} for row in of.to_dict("records")}


def random_games(seed: int, dates: int = 24, players: int = 8) -> list[Row]:
    """Graded rows of three systems: some players with several lines, some bets without confidence, every outcome."""
    chance = random.Random(seed)
    rows = []
    for number in range(dates):
        for player in range(players):
            points, line = chance.randrange(0, 40), Decimal(chance.randrange(20, 60)) / 2
            for system in ("alpha", "beta", "gamma"):
                lines = [line, line + 1][: 1 + (chance.random() < 0.15)]
                rows += [_bet(chance, day(number), f"player{player}", system, points, of) for of in lines]
    return rows


def _bet(chance: random.Random, date: dt.date, player: str, system: str, points: int, line: Decimal) -> Row:
    over = chance.random() < 0.6
    result = "push" if points == line else "correct" if (points > line) is over else "wrong"
    outcome = chance.choices([result, "passed", "voided", "not_a_bet"], [12, 1, 1, 1])[0]
    edge = Decimal(chance.choice([0, 5, 9, 10, 19, 20, 30, 49, 50, 70, chance.randrange(100)])) / 10
    confidence = chance.choice([None, "0.549999", "0.55", "0.6", "0.7", "0.8", "1", "0.3", "72"])
    return graded(
        outcome,
        game_date=date,
        game_id=f"{date:%Y%m%d}_BOS_MIA",
        player_lookup=player,
        system_id=system,
        recommendation="OVER" if over else "UNDER",
        line_value=line,
        predicted_points=line + edge if over else line - edge,
        actual_points=points,
        confidence_score=None if confidence is None else Decimal(confidence),
    )


def bets_by_hand(rows: Iterable[Row], flagged: set[tuple[dt.date, str]]) -> list[Row]:
    """Every decided bet of every bettor, from graded rows, in the order in which the bets are made."""
    made = []
    votes: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["outcome"] not in ("correct", "wrong", "push"):
            continue
        key = (row["game_date"], row["player_lookup"], row["line_value"])
        votes.setdefault(key, []).append(row)
        confidence = row["confidence_score"]
        bet = {
            "date": key[0], "player": key[1], "line": key[2], "flagged": key[:2] in flagged, "outcome": row["outcome"],
            "confidence": confidence if confidence is not None and 0 <= confidence <= 1 else None,
            "edge": abs(row["predicted_points"] - row["line_value"]), "over": row["recommendation"] == "OVER",
            "system": row["system_id"],
        }  # fmt: skip
        row["bet"] = bet
        made.append({**bet, "bettor": row["system_id"]})
        made.append({**bet, "bettor": "ALL"})
    for on_line in votes.values():
        bets = [row["bet"] for row in on_line]
        sides = {over: [bet for bet in bets if bet["over"] is over] for over in (True, False)}
        systems = {over: len({bet["system"] for bet in side}) for over, side in sides.items()}
        for over, side in sides.items():
            more = systems[over] > systems[not over]
            if not more or systems[True] + systems[False] < 2:
                continue
            known = [bet["confidence"] for bet in side if bet["confidence"] is not None]
            together = {
                **side[0], "system": "", "confidence": sum(known) / len(known) if known else None,
                "edge": sum(bet["edge"] for bet in side) / len(side),
            }  # fmt: skip
            made.append({**together, "bettor": MAJORITY})
            if not systems[not over]:
                made.append({**together, "bettor": UNANIMOUS})
    decided = [bet for bet in made if bet["outcome"] != "push"]
    return sorted(decided, key=lambda bet: (bet["date"], bet["system"], bet["player"], bet["line"]))


def by_hand(bets: Sequence[Row], odds: int) -> Row:
    """The results of some bets, counted one by one."""
    win = odds / 100 if odds > 0 else 100 / -odds
    profit = run = longest = 0.0
    peak = drawdown = 0.0
    for number, bet in enumerate(bets):
        won = bet["outcome"] == "correct"
        profit += win if won else -1
        run = 0 if won else run + 1
        longest = max(longest, run)
        if number + 1 == len(bets) or bets[number + 1]["date"] != bet["date"]:
            peak = max(peak, profit)
            drawdown = max(drawdown, peak - profit)
    won = sum(bet["outcome"] == "correct" for bet in bets)
    return {
        "bets": len(bets), "correct": won, "wrong": len(bets) - won, "bet_days": len({bet["date"] for bet in bets}),
        "profit": profit, "roi": profit / len(bets), "longest_losing_run": longest, "max_drawdown": drawdown,
    }  # fmt: skip
