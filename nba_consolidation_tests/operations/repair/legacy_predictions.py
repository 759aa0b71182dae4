"""What the tests of the repair of predictions work with: rows as unfenced consolidations left them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nba_consolidation.leases import Holder
from nba_consolidation.operations.repair.predictions import PredictionsRepairer
from nba_consolidation.schema import PREDICTIONS
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.arrow_types import arrow_type
from nba_consolidation.warehouse.interface import TransactionResult
from nba_consolidation_tests.operations.repair.legacy import Interrupted, LegacyBench, Row
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, prediction

_TYPES = {column.name: arrow_type(column.type) for column in PREDICTIONS.columns}


def merged(minute: float = 0, **changes: Any) -> Row:
    """An active row of DATE as a predecessor merged it, without lineage, made so many minutes after noon."""
    unlike_staged = {"is_active": True, "team_abbr": None, "model_version": None}
    return dict.fromkeys(PREDICTIONS.column_names) | prediction(minute=minute) | unlike_staged | changes


class LegacyPredictions(LegacyBench):
    """A warehouse file with a player_prop_predictions that another program filled, and the use cases on it."""

    table = PREDICTIONS.name
    types = _TYPES

    def repairer(self, **_scales: str) -> PredictionsRepairer:
        return PredictionsRepairer(self.writer())


class KilledAt(Interrupted):
    """A warehouse whose process dies by SIGKILL right before a statement of a transaction."""

    statement: str

    def run(self, statements: Sequence[Statement], *_: object, **options: Any) -> TransactionResult:
        def kill(name: str) -> None:
            if name == self.statement:
                os.kill(os.getpid(), signal.SIGKILL)

        return super().run(statements, on_statement=kill, **options)


def main(folder: str, statement: str) -> None:
    """Repairs the predictions of DATE and dies before the statement."""
    bench = LegacyPredictions(Path(folder))
    bench.warehouse = KilledAt(bench.warehouse.path, bench.staging)
    bench.warehouse.statement = statement
    bench.repairer().repair([DATE], Holder.here("killed"))


if __name__ == "__main__":
    main(*sys.argv[1:])
