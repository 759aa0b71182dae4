"""The next step for each cause of an alert, in one sentence. docs/operating.md has a section for each."""

from __future__ import annotations

_OTHER = "RunFailed"

RUNBOOK = {
    "volume": "check which systems staged and which tables wait: nba-consolidation status",
    "ungraded": "check whether the box scores arrived, then: nba-consolidation grade",
    "confidence_scale": "declare the system's scale, then validate and grade the dates again",
    "freshness": "check the sensors and workers, and who holds the leases: nba-consolidation locks list",
    "systems": "check whether the system was switched off or its workers failed",
    "stuck_leases": "check the run that holds the lease: nba-consolidation locks list",
    "waiting_staging": "consolidate the waiting tables: nba-consolidation consolidate",
    "quarantine_rate": "check the rule and the worker: nba-consolidation quarantine",
    "duplicate_business_keys": "stop the writer without the fence, then: nba-consolidation repair predictions",
    "duplicate_validated_predictions": "rebuild the dates: nba-consolidation validate",
    "withheld_by_group": "correct the worker, or declare the system's scale: nba-consolidation quality",
    "active_twins": "stop the writer without the fence, then: nba-consolidation repair predictions",
    "players_in_two_games": "check whether one game has two ids, and correct the worker that made the second",
    "players_under_two_names": "stop the writer without the row rules, then: nba-consolidation repair predictions",
    "conservation": "keep the staging tables; this is a bug: report it with the rows of the ledger",
    "quarantined_rows": "check the rule and the worker: nba-consolidation quarantine",
    "refused_tables": "correct the tables and stage them again, or remove them: nba-consolidation status",
    "duplicate_accuracy_keys": "stop the grader without the fence, then: nba-consolidation repair accuracy",
    "accuracy_out_of_scale": "stop the grader without the fence, then: nba-consolidation repair accuracy",
    "inconsistent_errors": "grade the dates again: nba-consolidation grade",
    "several_lines": "join by the whole key including the line; check why the system published several lines",
    "grading_conservation": "nothing wrong was written; this is a bug: report it with the dates of the check",
    "missing_box_scores": "check whether all box scores arrived, and under which names: nba-consolidation grade",
    "similar_names": "settle each pair: nba-consolidation players alias; then nba-consolidation grade",
    "losing_systems": "check the system's figures before betting on it: nba-consolidation performance",
    "calibration_error": "check its calibration: nba-consolidation calibration; then nba-consolidation recalibrate",
    "duplicate_calibrations": "find the writer without the fence, and delete the copies",
    "not_published_once": "publish the dates again: nba-consolidation validate",
    "outdated_calibrations": "publish the dates again: nba-consolidation publish",
    "calibrations_waiting": "review them, then: nba-consolidation calibration approve, or reject",
    "calibrations_rolled_back": "check what changed in the system: nba-consolidation calibration history",
    "few_blacklisted": "check whether box scores or names are wrong: nba-consolidation players list",
    "policy_holds": "compare the policies by later bets, and choose another: nba-consolidation players list",
    "losing_picks": "do not bet on the best strategy so far: nba-consolidation strategies",
    "misleading_thresholds": "check which bets with more confidence or edge went worse: nba-consolidation strategies",
    "lease_overhead": "measure the lease store: nba-consolidation doctor",
    "consolidation_duration": "consolidate fewer dates at once, or check what else uses the warehouse",
    "DatesPoisoned": "correct the cause in the message, then run these dates again; the others are done",
    "AuditFailed": "list the findings: nba-consolidation duplicates; then: nba-consolidation repair predictions",
    "FencedOut": "nothing was written; run the dates again, and check why the process was paused",
    "LeaseHeld": "see who holds it: nba-consolidation locks list; run again afterwards",
    "LeaseLost": "nothing was written afterwards; run the dates again",
    "LeaseDenied": "grant the permission in the message: nba-consolidation doctor",
    "LeaseUnavailable": "check whether the lease store is reachable: nba-consolidation doctor",
    "WarehouseBusy": "check who uses the warehouse, and run again",
    "WarehouseUnavailable": "check whether the warehouse is reachable: nba-consolidation doctor",
    "StatementFailed": "read the message: the data or the table is not as the statement expects",
    "TableMissing": "create it: nba-consolidation bootstrap --apply",
    "TableIncomplete": "add what is missing: nba-consolidation bootstrap --apply",
    "SettingsError": "set the variable that the message names",
    _OTHER: "open the run and read its first error; running it again is always safe",
}


def section(cause: str) -> str:
    """The section of docs/operating.md for a cause: an error's class, or a check's name."""
    return cause if cause in RUNBOOK else _OTHER


def to_do(cause: str) -> str:
    """Returns the next step for a cause."""
    return f"{RUNBOOK[section(cause)]} (docs/operating.md, {section(cause)})"
