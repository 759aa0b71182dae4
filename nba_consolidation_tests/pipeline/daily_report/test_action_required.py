"""Required actions: one for everything that is wrong or waits, with the next step, the most urgent first."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from nba_consolidation.leases import Holder, LeaseRecord
from nba_consolidation.operations.daily_quality.results import CheckResult, CheckStatus
from nba_consolidation.operations.status import DateStatus, PipelineStatus
from nba_consolidation.pipeline.consolidation.staging_manifest import RefusedTable
from nba_consolidation.pipeline.daily_report.action_required import Urgency, required_actions
from nba_consolidation.pipeline.daily_report.contents import Report
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE

NOTHING_WAITS = PipelineStatus()


def check(status: CheckStatus, message: str = "60 wait; grade them", name: str = "ungraded") -> CheckResult:
    return CheckResult(status, 60, "at most 50", message, name=name, table="prediction_accuracy")


def test_when_all_is_fine_no_action_is_required() -> None:
    assert required_actions([check(CheckStatus.PASSED)], {"duplicate_business_keys": 0}, NOTHING_WAITS, [], []) == []


def test_a_check_that_could_not_run_is_as_urgent_as_one_that_failed() -> None:
    checks = [check(CheckStatus.WARNED), check(CheckStatus.ERRORED), check(CheckStatus.FAILED)]
    actions = required_actions(checks, {}, NOTHING_WAITS, [], [])
    assert [action.urgency for action in actions] == [Urgency.NOW, Urgency.NOW, Urgency.TODAY]
    assert {(action.what, action.to_do, action.runbook) for action in actions} == {
        ("ungraded: 60 wait", "grade them", "ungraded")
    }


def test_if_a_check_has_no_next_step_the_runbook_has_one() -> None:
    (action,) = required_actions([check(CheckStatus.WARNED, "only 3 systems", "systems")], {}, NOTHING_WAITS, [], [])
    assert action.to_do.startswith("check whether the system was switched off")


def test_check_results_of_a_past_date_are_not_urgent_but_current_duplicates_are() -> None:
    duplicates = {"duplicate_business_keys": 2}
    actions = required_actions([check(CheckStatus.FAILED)], duplicates, NOTHING_WAITS, [], [], past=True)
    assert [(action.urgency, action.what.split(":")[0]) for action in actions] == [
        (Urgency.NOW, "duplicate_business_keys"),
        (Urgency.WHEN_THERE_IS_TIME, "ungraded"),
    ]
    assert "2 in these dates" in actions[0].what


def test_waiting_rows_refused_tables_and_leases_of_dead_processes_are_named() -> None:
    refused = tuple(RefusedTable(f"_staging_20260115_120000_w{n}", "no keys; correct it") for n in range(5))
    moment = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
    lease = LeaseRecord.granted("consolidation_2026-01-15", Holder.here("run-9"), 60, "nonce", version=1, now=moment)
    lease = replace(lease, read_at=moment + dt.timedelta(minutes=2))
    status = PipelineStatus(
        dates=(DateStatus(DATE, waiting_tables=2, waiting_rows=1200), DateStatus(DATE, total_rows=3)),
        refused=refused,
        leases=(lease, replace(lease, key="alive", expires_at=moment + dt.timedelta(days=1))),
    )
    assert [action.what for action in required_actions([], {}, status, [], [])] == [
        f"5 staging tables are refused: {', '.join(table.name for table in refused[:3])} and 2 more",
        "1,200 staged rows of 1 game dates wait",
        "the lease consolidation_2026-01-15 of run run-9 expired without being released: its process died",
    ]


def test_a_policy_requires_action_only_if_it_is_in_use_and_filters_out_good_bets() -> None:
    policies = (("a", True, "noise"), ("b", False, "better"), ("c", True, "better"))
    rows = [{"policy": policy, "acting": acting, "verdict": verdict} for policy, acting, verdict in policies]
    (action,) = required_actions([], {}, NOTHING_WAITS, [], rows)
    assert "policy c" in action.what
    assert action.runbook == "policy_holds"


def test_a_waiting_calibration_comes_with_its_command_in_which_names_are_quoted(report: Report) -> None:
    waiting = replace(report.waiting_calibrations[0], system_id="catboost_v9")
    (action,) = required_actions([], {}, NOTHING_WAITS, [waiting], [])
    assert action.to_do == f"`nba-consolidation calibration approve {waiting.version_id}`, or reject"
    (action,) = required_actions([], {}, NOTHING_WAITS, [replace(waiting, system_id="$(reboot)")], [])
    assert "approve '$(reboot)-2026" in action.to_do
