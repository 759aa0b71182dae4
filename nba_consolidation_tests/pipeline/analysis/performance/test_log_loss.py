"""The one log loss, after the clip, against its definition: the mean of minus the logarithms of what came true."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest

from nba_consolidation.pipeline.analysis.performance.log_loss import CLIP, HALF, constant_log_loss, log_losses


def log_loss(bets: Iterable[tuple[float, int]]) -> float:
    """The sum over the bets, one by one."""
    return math.fsum(-math.log(confidence if won else 1 - confidence) for confidence, won in bets)


def test_it_is_the_definition_after_the_clip() -> None:
    chance = np.random.default_rng(1)
    confidence, won = np.concatenate([chance.random(200), [0.0, 1.0]]), np.append(chance.integers(0, 2, 200), [1, 0])
    expected = log_loss((min(max(one, CLIP), 1 - CLIP), is_won) for one, is_won in zip(confidence, won, strict=True))
    assert log_losses(confidence, won, 1 - won).sum() == pytest.approx(expected)
    assert log_losses(1.0, 0, 1) == pytest.approx(7.6009, abs=1e-4)


def test_the_constant_is_the_hit_rate() -> None:
    bets = [(0.3, 1)] * 30 + [(0.3, 0)] * 70
    assert constant_log_loss(30, 100) == pytest.approx(log_loss(bets) / 100)
    assert constant_log_loss(50, 100) == pytest.approx(HALF)
    assert np.isnan(constant_log_loss(0, 0))
