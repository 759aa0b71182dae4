"""What a confidence is worth: the reliability table and its error, and the scores, which are scikit-learn's.

Only bets that were decided count, and of these only those whose confidence is between 0 and 1.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from nba_consolidation.pipeline.analysis.performance.counts import SCORED
from nba_consolidation.pipeline.analysis.performance.rates import mean, with_hit_rate
from nba_consolidation.warehouse.interface import Row

_MICRO = 10**6
_UNIT = 1e-11
"""Of a sum of scores: small beside the last digit kept of a mean, and the sum of millions of bets fits 64 bits."""
_KEY = ["game_date", "system_id", "time_window", "first_date"]


def scores_by_stretch(confidences: Sequence[Row], bounds: Sequence[dt.date]) -> pd.DataFrame:
    """By system and stretch of days between two bounds, both scores summed over its bets, noted at one of its days.

    Windows begin and end at bounds, so that they are whole stretches: few where few dates are asked for. The sums are
    whole numbers (see `_UNIT`), which add up to the same whatever the stretches were.
    """
    stretches: dict[tuple[int, str], tuple[dt.date, dict[bool, list[int]]]] = {}
    for row in confidences:
        date, system = row["game_date"], row["system_id"]
        _, found = stretches.setdefault((bisect_right(bounds, date), system), (date, {}))
        found.setdefault(row["won"], []).extend(row["confidence_micros"])
    scored = [(date, system, *_scores(found)) for (_, system), (date, found) in stretches.items()]
    return pd.DataFrame(scored, columns=["game_date", "system_id", *SCORED])


def _scores(confidences: Mapping[bool, Sequence[int]]) -> tuple[int, int]:
    """Brier and log loss, each summed over the bets."""
    from sklearn import config_context
    from sklearn.metrics import brier_score_loss, log_loss

    lost, won = (np.asarray(confidences.get(result, ()), np.float64) / _MICRO for result in (False, True))
    promised, came = np.concatenate([lost, won]), np.repeat([0, 1], [len(lost), len(won)])
    with config_context(assume_finite=True, skip_parameter_validation=True):  # ours are sound, and there are many calls
        brier = brier_score_loss(came, promised, labels=[0, 1]) * len(came)
        return round(brier / _UNIT), round(log_loss(came, promised, normalize=False, labels=[0, 1]) / _UNIT)


def reliability(counts: pd.DataFrame) -> pd.DataFrame:
    """The bins of confidence that hold bets, with what was promised and what came."""
    bins = counts[(counts["sliced_by"] == "confidence") & (counts["bucket"] > 0) & (counts["bets"] > 0)]
    return with_hit_rate(bins).assign(
        bin=bins["bucket"], mean_confidence=mean(bins["confidence_micros"], bins["bets"], _MICRO)
    )


def scores(counts: pd.DataFrame) -> pd.DataFrame:
    """One row per system and window. The calibration error is the bins' |promised - came|, weighted by their bets."""
    whole = counts[counts["sliced_by"] == "all"].set_index(_KEY)
    bins = counts[(counts["sliced_by"] == "confidence") & (counts["bucket"] > 0)]
    gaps = (bins["confidence_micros"] - bins["correct"] * _MICRO).abs()
    added = bins.assign(gap=gaps).groupby(_KEY)[["bets", "correct", "confidence_micros", "gap"]].sum()
    added = added.reindex(whole.index, fill_value=0)
    scored = with_hit_rate(added).assign(
        without_confidence=whole["bets"] - added["bets"],
        mean_confidence=mean(added["confidence_micros"], added["bets"], _MICRO),
        ece=mean(added["gap"], added["bets"], _MICRO),
        brier=mean(whole["brier_units"] * _UNIT, added["bets"]),
        log_loss=mean(whole["log_loss_units"] * _UNIT, added["bets"]),
    )
    return scored.reset_index()
