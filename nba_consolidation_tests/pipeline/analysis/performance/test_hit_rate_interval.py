"""The interval of a hit rate, compared with scipy's for one pair of whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from nba_consolidation.pipeline.analysis.performance.hit_rate_interval import hit_rate_interval


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_it_is_scipys_for_whole_numbers(counts: tuple[int, int], confidence: float) -> None:
    expected = binomtest(*counts).proportion_ci(confidence, method="wilson")
    assert [float(end) for end in hit_rate_interval(*counts, confidence)] == pytest.approx(
        [expected.low, expected.high], abs=1e-12
    )


def test_each_entry_of_an_array_has_its_own_and_without_bets_it_is_unknown() -> None:
    low, high = hit_rate_interval(np.array([0, 2.5, 5]), np.array([0, 5.0, 5]))
    assert np.isnan([low[0], high[0]]).all()
    assert low[1] + high[1] == pytest.approx(1)
    assert (0 < low[2] < 1, high[2]) == (True, 1)
