"""The one log loss of this project, with one clip."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

CLIP = 0.0005
"""Confidences are moved inside 0.0005 to 0.9995, half a step of a thousandth, before a logarithm is taken.

So a failed bet at confidence 1 costs 7.6 instead of infinity, and does not decide everything.
"""
HALF = float(np.log(2))
"""The log loss of a constant 0.5."""


def clipped(confidence: npt.ArrayLike) -> Floats:
    """The confidences, none of them below CLIP or above 1 - CLIP."""
    inside: Floats = np.clip(np.asarray(confidence, np.float64), CLIP, 1 - CLIP)
    return inside


def log_losses(confidence: npt.ArrayLike, won: npt.ArrayLike, lost: npt.ArrayLike) -> Floats:
    """The log loss of each entry, summed over its won and lost bets."""
    inside = clipped(confidence)
    losses: Floats = np.negative(np.asarray(won) * np.log(inside) + np.asarray(lost) * np.log1p(-inside))
    return losses


def constant_log_loss(correct: npt.ArrayLike, bets: npt.ArrayLike) -> Floats:
    """The mean log loss of a constant, the hit rate of the same bets; NaN without bets."""
    won, number = (np.asarray(one, np.float64) for one in (correct, bets))
    with np.errstate(divide="ignore", invalid="ignore"):
        return log_losses(won / number, won, number - won) / number
