"""What consumers read: the calibration in force on the date, as its curve has it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.recalibration.recalibrate import Recalibrator
from nba_consolidation_tests.pipeline.analysis.performance.graded import SCHEMA
from nba_consolidation_tests.pipeline.analysis.recalibration.simulated import overconfident
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NO_WAIT, Workbench, prediction


def test_the_curve_is_applied_exactly_and_again_the_same(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    import duckdb
    import pyarrow as pa

    bench.execute("SELECT 1")
    with duckdb.connect(bench.warehouse.path, config=bench.warehouse._config) as connection:
        connection.register("data", pa.Table.from_pylist(overconfident(), SCHEMA))
        connection.execute("INSERT INTO prediction_accuracy BY NAME SELECT * FROM data")
    told = ["0", "0.5", "0.6239", "0.7777", "0.9999", "1"]
    bench.stage(
        *(prediction(confidence_score=Decimal(c), player_lookup=f"player{n}") for n, c in enumerate(told)),
        prediction(confidence_score=Decimal("0.7"), player_lookup="other", system_id="ensemble_v1"),
    )
    bench.consolidate()
    bench.validate()
    read = (
        "SELECT confidence, calibrated_confidence, calibration_version FROM validated_predictions ORDER BY system_id, 1"
    )
    before = bench.execute(read)
    assert all(row["calibrated_confidence"] == row["confidence"] for row in before)
    assert {row["calibration_version"] for row in before} == {None}
    recalibrator = Recalibrator(FencedWriter(bench.warehouse, bench.leases, wait=NO_WAIT))
    version = recalibrator.recalibrate([DATE], Holder.here("run"), approve="ann").decisions[0].version
    assert version is not None
    bench.validate()
    after = bench.execute(read)
    bench.validate()
    assert bench.execute(read) == after
    ours = [row for row in after if row["calibration_version"]]
    assert [row["confidence"] for row in ours] == [Decimal(c) for c in told]
    assert {row["calibration_version"] for row in ours} == {version.version_id}
    wanted = version.calibration(np.array([float(c) for c in told]))
    assert [float(row["calibrated_confidence"]) for row in ours] == pytest.approx(wanted.tolist(), abs=1.1e-6)
    (other,) = [row for row in after if not row["calibration_version"]]
    assert other["calibrated_confidence"] == other["confidence"]
