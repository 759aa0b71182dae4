"""What to do about each cause of an alert, in one sentence; docs/operating.md has all of it, section by section."""

from __future__ import annotations

_PREFIXES = ("daily_", "audit_")
_OTHER = "RunFailed"

RUNBOOK = {
    "duplicate_predictions": "find who writes without the fence, then repair the dates",
    "duplicate_accuracy": "find who grades without the fence, then: nba-consolidation repair",
    "volume": "see which systems stage and what waits: nba-consolidation status",
    "volume_history": "see which systems gained or lost, and whether the slate was unusual",
    "ungraded": "see whether the box scores came, then grade the dates",
    "confidence_scale": "declare the system's scale, validate and grade anew",
    "freshness": "see whether sensors and workers run, and who holds the leases: nba-consolidation locks list",
    "systems": "see whether the system was switched off, or its workers fail",
    "stuck_leases": "see whether the run lives: nba-consolidation locks list",
    "waiting_staging": "consolidate what waits: nba-consolidation consolidate",
    "quarantine_rate": "see which rule and which worker: nba-consolidation quarantine",
    "duplicate_business_keys": "find who writes without the fence, then repair the dates",
    "duplicate_validated_predictions": "validate the dates anew: nba-consolidation validate",
    "active_twins": "find who writes without the fence, then repair the dates",
    "players_in_two_games": "see whether one game goes by two ids, and mend the worker that made the second",
    "conservation": "keep the staging tables and see the dates in the ledger: this is a bug, report it",
    "quarantined_rows": "see which rule and which worker: nba-consolidation quarantine",
    "refused_tables": "mend the tables and stage them again, or remove them: nba-consolidation status",
    "duplicate_accuracy_keys": "find who grades without the fence, then: nba-consolidation repair",
    "accuracy_out_of_scale": "find who grades without the fence, then: nba-consolidation repair",
    "inconsistent_errors": "grade the dates anew: nba-consolidation grade",
    "several_lines": "join by the whole key, with the line in it; see why the system published several lines",
    "grading_conservation": "nothing wrong was published; see the dates in the check: this is a bug, report it",
    "missing_box_scores": "see whether all box scores came, and under which names: nba-consolidation grade",
    "losing_systems": "see the system's figures, and whether it should be bet on: nba-consolidation performance",
    "calibration_error": "see what its confidences mean: nba-consolidation calibration; then recalibrate",
    "duplicate_calibrations": "find who writes calibrations without the fence, and delete the copies",
    "not_published_once": "publish the dates again: nba-consolidation validate",
    "outdated_calibrations": "publish the dates again: nba-consolidation publish",
    "calibrations_waiting": "look at them, then: nba-consolidation calibration approve, or reject",
    "calibrations_rolled_back": "see what changed in the system: nba-consolidation calibration history",
    "few_blacklisted": "see whom and why, and whether box scores or names went wrong: nba-consolidation players list",
    "policy_holds": "see the policies judged out of time, and choose another: nba-consolidation players list",
    "losing_picks": "do not bet by what was best so far: nba-consolidation strategies",
    "misleading_thresholds": "see which bets of more confidence or edge went worse: nba-consolidation strategies",
    "lease_overhead": "measure the lease store: nba-consolidation doctor",
    "consolidation_duration": "consolidate fewer dates at once, or see what else uses the warehouse",
    "DatesPoisoned": "mend the cause that is named, then run these dates again; the others are done",
    "AuditFailed": "look at the duplicates that stand, and repair the date: nba-consolidation duplicates",
    "FencedOut": "nothing was written; run the dates again, and see why the process was asleep so long",
    "LeaseHeld": "see who holds it: nba-consolidation locks list; run again once he is done",
    "LeaseLost": "nothing was written under it any more; run the dates again",
    "LeaseDenied": "grant the permission that is named: nba-consolidation doctor",
    "LeaseUnavailable": "see whether the lease store is reachable: nba-consolidation doctor",
    "WarehouseBusy": "see who uses the warehouse, and run again",
    "WarehouseUnavailable": "see whether the warehouse is reachable: nba-consolidation doctor",
    "StatementFailed": "read the statement's message: the data or the table is not what it expects",
    "TableMissing": "make it: nba-consolidation bootstrap --apply",
    "TableIncomplete": "add what is missing: nba-consolidation bootstrap --apply",
    "SettingsError": "set the variable that is named",
    _OTHER: "open the run and read its first error; running it again is always safe",
}


def section(cause: str) -> str:
    """The section of docs/operating.md for a cause: an error's class, or a check's name with or without its prefix."""
    for prefix in _PREFIXES:
        cause = cause.removeprefix(prefix)
    return cause if cause in RUNBOOK else _OTHER


def to_do(cause: str) -> str:
    """What to do about it."""
    return f"{RUNBOOK[section(cause)]} (docs/operating.md, {section(cause)})"
