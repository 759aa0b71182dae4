"""What needs a person: what was found, turned into what to do, the worst first. Pure; reads nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from nba_consolidation.leases import LeaseRecord
from nba_consolidation.operations.alerts.runbook import RUNBOOK, section
from nba_consolidation.operations.daily_quality.results import CheckResult
from nba_consolidation.operations.daily_quality.results import Status as Verdict
from nba_consolidation.operations.status import Status
from nba_consolidation.pipeline.analysis.recalibration.versions import Version
from nba_consolidation.warehouse.interface import Row


class Urgency(IntEnum):
    """How soon somebody should look."""

    NOW = 1
    TODAY = 2
    WHEN_THERE_IS_TIME = 3


@dataclass(frozen=True)
class Need:
    """One thing that somebody should do: what is so, what to do, and where the runbook has more of it."""

    urgency: Urgency
    what: str
    to_do: str
    runbook: str | None = None


_BY_VERDICT = {Verdict.ERRORED: Urgency.NOW, Verdict.FAILED: Urgency.NOW, Verdict.WARNED: Urgency.TODAY}


def needs(
    checks: Sequence[CheckResult],
    duplicates: Mapping[str, int],
    status: Status,
    waiting: Sequence[Version],
    policies: Sequence[Row],
    *,
    past: bool = False,
) -> list[Need]:
    """Everything that somebody should look at, the most urgent first.

    past: whether the checks are of a date before yesterday; what they found then is not urgent any more.
    """
    found = [
        *(_of_check(check, past=past) for check in checks if check.status is not Verdict.PASSED),
        *(_of_duplicates(name, count) for name, count in duplicates.items() if count),
        *_of_status(status),
        *(_of_lease(lease) for lease in status.leases if lease.expired),
        *(_of_calibration(version) for version in waiting),
        *(_of_policy(row) for row in policies if row["acting"] and row["verdict"] == "better"),
    ]
    return sorted(found, key=lambda need: need.urgency)


def _need(urgency: Urgency, what: str, cause: str) -> Need:
    """As the runbook has it."""
    return Need(urgency, what, RUNBOOK[section(cause)], section(cause))


def _of_check(check: CheckResult, *, past: bool) -> Need:
    what, _, to_do = check.message.partition("; ")
    urgency = Urgency.WHEN_THERE_IS_TIME if past else _BY_VERDICT[check.status]
    found = _need(urgency, f"{check.name}: {what}", check.name)
    return replace(found, to_do=to_do) if to_do else found


def _of_duplicates(name: str, count: int) -> Need:
    return _need(Urgency.NOW, f"{name}: {count:,} found in these dates", name)


def _of_status(status: Status) -> list[Need]:
    found = []
    if status.refused:
        named = ", ".join(table.name for table in status.refused[:3])
        more = f" and {len(status.refused) - 3} more" if len(status.refused) > 3 else ""
        told = f"{len(status.refused):,} staging tables are refused: {named}{more}"
        found.append(_need(Urgency.TODAY, told, "refused_tables"))
    if status.waiting:
        rows, dates = status.total("waiting_rows"), len(status.waiting)
        told = f"{rows:,} staged rows wait for {dates:,} game dates"
        found.append(Need(Urgency.TODAY, told, "consolidate what waits: nba-consolidation consolidate"))
    return found


def _of_lease(lease: LeaseRecord) -> Need:
    told = f"the lease {lease.key} of run {lease.holder.run_id} ran out and was not given back: its process died"
    return _need(Urgency.WHEN_THERE_IS_TIME, told, "stuck_leases")


def _of_calibration(version: Version) -> Need:
    told = (
        f"calibration {version.version_id} ({version.method}) moves confidences by "
        f"{100 * version.mean_shift:.0f} points on average and waits for approval"
    )
    command = f"`nba-consolidation calibration approve {shlex.quote(version.version_id)}`, or reject"
    return Need(Urgency.TODAY, told, command, section("calibrations_waiting"))


def _of_policy(row: Row) -> Need:
    told = f"bets on players whom the policy {row['policy']} had flagged went better than all others, beyond noise"
    return _need(Urgency.TODAY, told, "policy_holds")
