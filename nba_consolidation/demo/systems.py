"""The prediction systems: their names, and how good and how sure of itself each one is.

Data alone, one position per system in every tuple and array; their predictions are made in `simulated_date` and
`batch_predictions`.
"""

from __future__ import annotations

import numpy as np

SYSTEMS = (
    "moving_average",
    "zone_matchup_v1",
    "similarity_balanced_v1",
    "xgboost_v1",
    "ensemble_v1",
    "catboost_v9",
)
PERCENT_SYSTEM = "similarity_balanced_v1"
"""The one system that stores its confidence as 0..100; the others store 0..1."""

MODEL_VERSIONS = ("v1.4", "v1.2", "v1.7", "v1.9", "v1.3", "v9.0")
INSIGHT = np.array([0.0, 0.2, 0.3, 0.5, 0.55, 0.8])
"""By system: the share of the market's error that its prediction corrects."""
NOISE = np.array([2.2, 2.0, 1.9, 1.8, 1.6, 1.5])
"""By system: the standard deviation of its own error, in points."""
SELF_ASSURANCE = np.array([0.02, 0.015, 0.012, 0.018, 0.014, 0.025])
"""By system: the confidence gained per point between prediction and line."""
