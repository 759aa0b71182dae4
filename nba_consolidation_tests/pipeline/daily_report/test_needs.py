"""What needs a person: everything that is wrong or waits is said, the most urgent first, with what to do."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from nba_consolidation.leases import Holder, LeaseRecord
from nba_consolidation.operations.daily_quality.results import CheckResult, Status
from nba_consolidation.operations.status import DateStatus
from nba_consolidation.operations.status import Status as Standing
from nba_consolidation.pipeline.consolidation.staging_manifest import RefusedTable
from nba_consolidation.pipeline.daily_report.action_required import Urgency, needs
from nba_consolidation.pipeline.daily_report.contents import Report
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE

FINE = Standing()


def check(status: Status, message: str = "60 wait; grade them", name: str = "ungraded") -> CheckResult:
    return CheckResult(name, "prediction_accuracy", status, 60, "at most 50", message)


def test_where_all_is_fine_nobody_is_asked() -> None:
    assert needs([check(Status.PASSED)], {"duplicate_business_keys": 0}, FINE, [], []) == []


def test_a_check_tells_what_is_so_and_what_to_do_and_one_that_could_not_run_is_as_urgent_as_one_that_failed() -> None:
    found = needs([check(Status.WARNED), check(Status.ERRORED), check(Status.FAILED)], {}, FINE, [], [])
    assert [need.urgency for need in found] == [Urgency.NOW, Urgency.NOW, Urgency.TODAY]
    assert {(need.what, need.to_do, need.runbook) for need in found} == {
        ("ungraded: 60 wait", "grade them", "ungraded")
    }


def test_where_a_check_says_nothing_of_it_the_runbook_says_what_to_do() -> None:
    (need,) = needs([check(Status.WARNED, "only 3 systems", "systems")], {}, FINE, [], [])
    assert need.to_do.startswith("see whether the system was switched off")


def test_what_checks_found_of_a_date_long_past_is_not_urgent_but_duplicates_that_stand_are() -> None:
    found = needs([check(Status.FAILED)], {"duplicate_business_keys": 2}, FINE, [], [], past=True)
    assert [(need.urgency, need.what.split(":")[0]) for need in found] == [
        (Urgency.NOW, "duplicate_business_keys"),
        (Urgency.WHEN_THERE_IS_TIME, "ungraded"),
    ]
    assert "2 found" in found[0].what


def test_what_waits_and_what_is_refused_and_leases_of_the_dead_are_named() -> None:
    refused = tuple(RefusedTable(f"_staging_20260115_120000_w{n}", "no keys; mend it") for n in range(5))
    moment = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
    lease = LeaseRecord.granted("consolidation_2026-01-15", Holder.here("run-9"), 60, "nonce", version=1, now=moment)
    lease = replace(lease, read_at=moment + dt.timedelta(minutes=2))
    standing = Standing(
        dates=(DateStatus(DATE, waiting_tables=2, waiting_rows=1200), DateStatus(DATE, total_rows=3)),
        refused=refused,
        leases=(lease, replace(lease, key="alive", expires_at=moment + dt.timedelta(days=1))),
    )
    told = [need.what for need in needs([], {}, standing, [], [])]
    assert told == [
        f"5 staging tables are refused: {', '.join(table.name for table in refused[:3])} and 2 more",
        "1,200 staged rows wait for 1 game dates",
        "the lease consolidation_2026-01-15 of run run-9 ran out and was not given back: its process died",
    ]


def test_a_policy_is_only_questioned_where_it_acts_and_keeps_good_bets_away() -> None:
    policies = (("a", True, "noise"), ("b", False, "better"), ("c", True, "better"))
    rows = [{"policy": policy, "acting": acting, "verdict": verdict} for policy, acting, verdict in policies]
    (need,) = needs([], {}, FINE, [], rows)
    assert "policy c" in need.what
    assert need.runbook == "policy_holds"


def test_a_calibration_that_waits_comes_with_the_command_and_no_name_from_outside_can_be_run(report: Report) -> None:
    waiting = replace(report.waiting_calibrations[0], system_id="catboost_v9")
    (need,) = needs([], {}, FINE, [waiting], [])
    assert need.to_do == f"`nba-consolidation calibration approve {waiting.version_id}`, or reject"
    (need,) = needs([], {}, FINE, [replace(waiting, system_id="$(reboot)")], [])
    assert "approve '$(reboot)-2026" in need.to_do
