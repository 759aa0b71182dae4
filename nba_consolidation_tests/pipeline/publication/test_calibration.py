"""The calibrated confidence that is published: that of the calibration in force on the date, by its curve."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.recalibration.recalibrate import Recalibrator
from nba_consolidation_tests.pipeline.analysis.performance.graded import SCHEMA
from nba_consolidation_tests.pipeline.analysis.recalibration.simulated import overconfident
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NO_WAIT, Workbench, prediction


def test_the_curve_is_applied_exactly_and_a_second_publication_changes_nothing(bench: Workbench) -> None:
    import duckdb
    import pyarrow as pa

    bench.execute("SELECT 1")
    with duckdb.connect(bench.warehouse.path, config=bench.warehouse._config) as connection:
        connection.register("data", pa.Table.from_pylist(overconfident(), SCHEMA))
        connection.execute("INSERT INTO prediction_accuracy BY NAME SELECT * FROM data")
    confidences = ["0", "0.5", "0.6239", "0.7777", "0.9999", "1"]
    bench.stage(
        *(prediction(confidence_score=Decimal(c), player_lookup=f"player{n}") for n, c in enumerate(confidences)),
        prediction(confidence_score=Decimal("0.7"), player_lookup="other", system_id="ensemble_v1"),
    )
    bench.consolidate()
    bench.validate()
    bench.publish()
    read = (
        "SELECT confidence, calibrated_confidence, calibration_version FROM published_predictions ORDER BY system_id, 1"
    )
    before = bench.execute(read)
    assert all(row["calibrated_confidence"] == row["confidence"] for row in before)
    assert {row["calibration_version"] for row in before} == {None}
    recalibrator = Recalibrator(FencedWriter(bench.warehouse, bench.leases, wait=NO_WAIT))
    version = recalibrator.recalibrate([DATE], Holder.here("run"), approve="ann").decisions[0].version
    assert version is not None
    bench.publish()
    after = bench.execute(read)
    assert [date.changed for date in bench.publish()] == [False]
    assert bench.execute(read) == after
    calibrated = [row for row in after if row["calibration_version"]]
    assert [row["confidence"] for row in calibrated] == [Decimal(c) for c in confidences]
    assert {row["calibration_version"] for row in calibrated} == {version.version_id}
    expected = version.calibration(np.array([float(c) for c in confidences]))
    assert [float(row["calibrated_confidence"]) for row in calibrated] == pytest.approx(expected.tolist(), abs=1.1e-6)
    (other,) = [row for row in after if not row["calibration_version"]]
    assert other["calibrated_confidence"] == other["confidence"]
