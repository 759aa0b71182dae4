"""The interval of a hit rate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def hit_rate_interval(correct: npt.ArrayLike, bets: npt.ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """The lowest and highest hit rate, from 0 to 1, that fit so many correct bets; NaN without bets.

    It takes bets for independent. Those of one night are not: for bets of several dates see `game_date_clusters`.

    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22, 209-212. It is
    written here because scipy has it for one pair of whole numbers; these are arrays, and effective bets are no whole
    numbers.
    """
    from scipy.special import ndtri

    number = np.asarray(bets, np.float64)
    z2 = ndtri(0.5 + confidence / 2) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.asarray(correct, np.float64) / number
        centre = (rate + z2 / (2 * number)) / (1 + z2 / number)
        half = np.sqrt(z2 * (rate * (1 - rate) + z2 / (4 * number)) / number) / (1 + z2 / number)
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
