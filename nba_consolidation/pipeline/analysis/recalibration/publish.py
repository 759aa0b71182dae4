"""What consumers read, brought up to date once another calibration holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from nba_consolidation.fencing.audits import OUTDATED_CALIBRATIONS
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.validation.validate import Validator


@dataclass(frozen=True)
class Publisher:
    """Validates anew what carries another calibration than the one in force."""

    validator: Validator

    def publish(self, dates: Collection[dt.date], holder: Holder) -> list[dt.date]:
        """Those of the dates that had to be validated anew; none the second time.

        Raises LeaseError, WarehouseError, FencedOut and AuditFailed as the validation does.
        """
        warehouse = self.validator.writer.warehouse
        outdated = sorted({row["game_date"] for row in OUTDATED_CALIBRATIONS.findings(warehouse, dates)})
        if outdated:
            self.validator.validate(outdated, holder)
        return outdated
