"""The one log loss: scikit-learn's, after the clip."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from nba_consolidation.pipeline.analysis.performance.log_loss import CLIP, HALF, constant_log_loss, log_losses


def test_it_is_that_of_scikit_learn_after_the_clip() -> None:
    chance = np.random.default_rng(1)
    confidence, won = np.concatenate([chance.random(200), [0.0, 1.0]]), np.append(chance.integers(0, 2, 200), [1, 0])
    expected = log_loss(won, np.clip(confidence, CLIP, 1 - CLIP), normalize=False)
    assert log_losses(confidence, won, 1 - won).sum() == pytest.approx(expected)
    assert log_losses(1.0, 0, 1) == pytest.approx(7.6009, abs=1e-4)


def test_the_constant_is_the_hit_rate() -> None:
    won = np.array([1] * 30 + [0] * 70)
    assert constant_log_loss(30, 100) == pytest.approx(log_loss(won, np.full(100, 0.3)))
    assert constant_log_loss(50, 100) == pytest.approx(HALF)
    assert np.isnan(constant_log_loss(0, 0))
