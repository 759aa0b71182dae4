"""The actions that people have to take, derived from the contents of a report. Reads nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from types import MappingProxyType

from nba_consolidation.leases import LeaseRecord
from nba_consolidation.operations.alerts.runbook import RUNBOOK, section
from nba_consolidation.operations.daily_quality.results import CheckResult, CheckStatus
from nba_consolidation.operations.status import PipelineStatus
from nba_consolidation.operations.unfinished_dates import some_dates
from nba_consolidation.pipeline.analysis.recalibration.versions import CalibrationVersion
from nba_consolidation.warehouse.interface import Row


class Urgency(IntEnum):
    """How soon to act."""

    NOW = 1
    TODAY = 2
    WHEN_THERE_IS_TIME = 3


@dataclass(frozen=True)
class RequiredAction:
    """One action. what: the reason for it. to_do: the next step. runbook: the section with more about it."""

    urgency: Urgency
    what: str
    to_do: str
    runbook: str | None = None


_URGENCY = {CheckStatus.ERRORED: Urgency.NOW, CheckStatus.FAILED: Urgency.NOW, CheckStatus.WARNED: Urgency.TODAY}


def required_actions(
    checks: Sequence[CheckResult],
    duplicates: Mapping[str, int],
    status: PipelineStatus,
    waiting: Sequence[CalibrationVersion],
    policies: Sequence[Row],
    *,
    unread: Mapping[str, str] = MappingProxyType({}),
    past: bool = False,
) -> list[RequiredAction]:
    """All actions, the most urgent first.

    unread: by section of the report, why it could not be read. past: whether the checks are about a date before
    yesterday; then their results are no longer urgent.
    """
    actions = [
        *(_of_unread_section(name, reason) for name, reason in unread.items()),
        *(_of_check(check, past=past) for check in checks if check.status is not CheckStatus.PASSED),
        *(_of_duplicates(name, count) for name, count in duplicates.items() if count),
        *_of_status(status),
        *(_of_lease(lease) for lease in status.leases if lease.expired),
        *(_of_calibration(version) for version in waiting),
        *(_of_policy(row) for row in policies if row["acting"] and row["verdict"] == "better"),
    ]
    return sorted(actions, key=lambda action: action.urgency)


def _from_runbook(urgency: Urgency, what: str, cause: str) -> RequiredAction:
    return RequiredAction(urgency, what, RUNBOOK[section(cause)], section(cause))


def _of_unread_section(name: str, reason: str) -> RequiredAction:
    what = f"the section {name} of this report could not be read: {reason}"
    return RequiredAction(Urgency.NOW, what, "remove the cause and make the report again: `nba-consolidation report`")


def _of_check(check: CheckResult, *, past: bool) -> RequiredAction:
    what, _, to_do = check.message.partition("; ")
    urgency = Urgency.WHEN_THERE_IS_TIME if past else _URGENCY[check.status]
    action = _from_runbook(urgency, f"{check.name}: {what}", check.name)
    return replace(action, to_do=to_do) if to_do else action


def _of_duplicates(name: str, count: int) -> RequiredAction:
    return _from_runbook(Urgency.NOW, f"{name}: {count:,} in these dates", name)


def _of_status(status: PipelineStatus) -> list[RequiredAction]:
    actions = []
    if status.refused:
        names = ", ".join(table.name for table in status.refused[:3])
        more = f" and {len(status.refused) - 3} more" if len(status.refused) > 3 else ""
        what = f"{len(status.refused):,} staging tables are refused: {names}{more}"
        actions.append(_from_runbook(Urgency.TODAY, what, "refused_tables"))
    if behind := status.unfinished.all:
        what = f"{len(behind):,} game dates were consolidated, but not validated and published: {some_dates(behind)}"
        actions.append(RequiredAction(Urgency.TODAY, what, "complete them: `nba-consolidation consolidate`"))
    if status.unsettled_names:
        pairs = [f"{row['player_lookup']} or {row['box_score_player']}" for row in status.unsettled_names]
        more = f" and {len(pairs) - 3} more" if len(pairs) > 3 else ""
        named = f"{', '.join(pairs[:3])}{more}"
        what = f"{len(pairs):,} predicted players wait, because a box score has a similar name: {named}"
        actions.append(_from_runbook(Urgency.TODAY, what, "similar_names"))
    if status.waiting:
        what = f"{status.total('waiting_rows'):,} staged rows of {len(status.waiting):,} game dates wait"
        actions.append(RequiredAction(Urgency.TODAY, what, "consolidate them: `nba-consolidation consolidate`"))
    return actions


def _of_lease(lease: LeaseRecord) -> RequiredAction:
    what = f"the lease {lease.key} of run {lease.holder.run_id} expired without being released: its process died"
    return _from_runbook(Urgency.WHEN_THERE_IS_TIME, what, "stuck_leases")


def _of_calibration(version: CalibrationVersion) -> RequiredAction:
    what = (
        f"calibration {version.version_id} ({version.method}) changes confidences by "
        f"{100 * version.mean_shift:.0f} percentage points on average and waits for approval"
    )
    command = f"`nba-consolidation calibration approve {shlex.quote(version.version_id)}`, or reject"
    return RequiredAction(Urgency.TODAY, what, command, section("calibrations_waiting"))


def _of_policy(row: Row) -> RequiredAction:
    what = f"bets on players whom the policy {row['policy']} flagged won more often than all others, beyond chance"
    return _from_runbook(Urgency.TODAY, what, "policy_holds")
