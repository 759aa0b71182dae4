"""The daily quality checks: pure functions from figures and thresholds to a verdict. Nothing is read here."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nba_consolidation.operations.daily_quality.readings import LEASES, STAGED, Readings
from nba_consolidation.operations.daily_quality.results import CheckResult, Status, Verdict
from nba_consolidation.operations.daily_quality.thresholds import Thresholds
from nba_consolidation.schema import ACCURACY, PREDICTIONS
from nba_consolidation.warehouse.interface import Row

_NO_GAMES = "no games and no predictions on this date, so nothing is expected"
_CONSISTENT = 1.4826  # makes the median absolute deviation of normal data its standard deviation
_LEAST_SPREAD = 0.05  # of the median: a history without spread must not make every change an alarm


@dataclass(frozen=True)
class Check:
    """One check: what it is about, what it looks for, the readings that it needs, and how it judges them."""

    name: str
    table: str
    looks_for: str
    needs: tuple[str, ...]
    judge: Callable[[Readings, Thresholds], Verdict]

    def result(self, readings: Readings, thresholds: Thresholds) -> CheckResult:
        """Its verdict; errored where a reading that it needs is missing."""
        missing = [f"{name}: {readings.errors[name]}" for name in self.needs if name in readings.errors]
        if missing:
            verdict = Verdict(Status.ERRORED, None, "", f"could not run, which is no pass ({'; '.join(missing)})")
        else:
            verdict = self.judge(readings, thresholds)
        return CheckResult(self.name, self.table, **vars(verdict))


def _above(value: float, warned: float, failed: float) -> Status:
    return Status.FAILED if value > failed else Status.WARNED if value > warned else Status.PASSED


def _none_of(rows: Sequence[Row], what: str, to_do: str) -> Verdict:
    message = f"{len(rows)} {what}; {to_do}" if rows else f"no {what}"
    return Verdict(Status.FAILED if rows else Status.PASSED, len(rows), "0", message, rows)


def duplicate_predictions(readings: Readings, _: Thresholds) -> Verdict:
    """A business key that stands more than once: somebody writes without the lease."""
    to_do = "see `nba-consolidation duplicates`, find who writes without the fence, then repair the dates"
    return _none_of(readings.rows["duplicate_business_keys"], "business keys stand more than once", to_do)


def duplicate_accuracy(readings: Readings, _: Thresholds) -> Verdict:
    """A graded prediction that stands more than once: hit rates count it twice (incident 2)."""
    to_do = "find who grades without the fence, then repair the dates"
    return _none_of(readings.rows["duplicate_accuracy_keys"], "graded predictions stand more than once", to_do)


def volume(readings: Readings, thresholds: Thresholds) -> Verdict:
    """Active predictions of the date, of all systems together."""
    found = sum(readings.active.get(readings.date, {}).values())
    bounds = f"{thresholds.fewest_predictions} to {thresholds.most_predictions}"
    games = readings.games.get(readings.date, 0)
    if not found and not games:
        return Verdict(Status.PASSED, 0, bounds, _NO_GAMES)
    if not found:
        told = f"{games} games were played and there is no active prediction; see whether workers stage and whether"
        return Verdict(Status.FAILED, 0, bounds, f"{told} `nba-consolidation status` shows tables that wait")
    if thresholds.fewest_predictions <= found <= thresholds.most_predictions:
        return Verdict(Status.PASSED, found, bounds, f"{found} active predictions")
    way = "few: see which systems or players are missing" if found < thresholds.fewest_predictions else (
        "many: see whether a game has two ids, or a system two names"
    )  # fmt: skip
    return Verdict(Status.WARNED, found, bounds, f"{found} active predictions, which is {way}", _by_system(readings))


def volume_history(readings: Readings, thresholds: Thresholds) -> Verdict:
    """The volume against the median of the game days before, in robust standard deviations."""
    bounds = f"robust z within {thresholds.robust_z:g}"
    active = {date: sum(systems.values()) for date, systems in readings.active.items()}
    before = [active[date] for date in readings.before(active, thresholds.history_game_days)]
    if readings.date not in active:
        return Verdict(Status.PASSED, None, bounds, "no predictions; `volume` judges whether there should be some")
    if len(before) < thresholds.fewest_history_days:
        told = f"only {len(before)} game days to compare with, {thresholds.fewest_history_days} are needed"
        return Verdict(Status.PASSED, None, bounds, told)
    z, median = robust_z(active[readings.date], before), statistics.median(before)
    told = f"{active[readings.date]} active predictions, the median of {len(before)} game days before is {median:g}"
    if abs(z) <= thresholds.robust_z:
        return Verdict(Status.PASSED, round(z, 2), bounds, told)
    to_do = "see which systems gained or lost, and whether the slate was an unusual one"
    return Verdict(Status.WARNED, round(z, 2), bounds, f"{told}; {to_do}", _by_system(readings))


def robust_z(value: float, history: Sequence[float]) -> float:
    """How many robust standard deviations a value is off the median of its history."""
    median = statistics.median(history)
    spread = _CONSISTENT * statistics.median([abs(entry - median) for entry in history])
    return (value - median) / max(spread, _LEAST_SPREAD * abs(median), 1.0)


def ungraded(readings: Readings, thresholds: Thresholds) -> Verdict:
    """Validated predictions without a graded row: of played games, and all of the date that is examined.

    That one's may still be on their way (it is yesterday, and grading runs at noon), so they only warn.
    """
    counts = {
        row["game_date"]: row["ungraded"] if row["game_date"] == readings.date else row["playable"]
        for row in readings.rows["ungraded_by_date"]
    }
    rows: list[Row] = [{"game_date": date, "ungraded": count} for date, count in counts.items() if count]
    total = sum(counts.values())
    older = total - counts.get(readings.date, 0)
    bounds = f"at most {thresholds.most_ungraded}"
    if total <= thresholds.most_ungraded:
        return Verdict(Status.PASSED, total, bounds, f"{total} validated predictions are not graded yet", rows)
    status = Status.FAILED if older > thresholds.most_ungraded else Status.WARNED
    to_do = "see whether the box scores came and the grading ran; then grade those dates"
    return Verdict(status, total, bounds, f"{total} validated predictions are not graded; {to_do}", rows)


def confidence_scale(readings: Readings, _: Thresholds) -> Verdict:
    """Confidences outside their scale: calibration and sizing of bets are wrong with them (incident 37)."""
    rows = readings.rows["confidence_out_of_scale"]
    to_do = "declare the system's scale in NBA_CONSOLIDATION_CONFIDENCE_SCALES, validate and grade the dates anew"
    return _none_of(rows, "systems and dates have confidences out of scale", to_do)


def freshness(readings: Readings, thresholds: Thresholds) -> Verdict:
    """The newest consolidation, while games go on. A break has no games and makes no noise."""
    bounds = f"{thresholds.stale_hours_warned:g} h, {thresholds.stale_hours_failed:g} h"
    recent = readings.date - dt.timedelta(days=thresholds.recent_days)
    consolidated = {date: row for date, row in readings.consolidated.items() if date >= recent}
    newest = max(consolidated, default=dt.date.min)
    missed = sorted(date for date in readings.games if date >= recent and date > newest)
    if not missed:
        return Verdict(Status.PASSED, None, bounds, "no games since the newest date that was consolidated")
    rows: list[Row] = [{"game_date": date, "games": readings.games[date]} for date in missed]
    to_do = "see whether the sensors and workers run and who holds the leases: `nba-consolidation locks list`"
    if not consolidated:
        told = f"nothing was consolidated for the last {thresholds.recent_days} days, and games went on"
        return Verdict(Status.FAILED, None, bounds, f"{told}; {to_do}", rows)
    newest_at = max(row["consolidated_at"] for row in consolidated.values())
    hours = round((readings.now - newest_at).total_seconds() / 3600, 1)
    status = _above(hours, thresholds.stale_hours_warned, thresholds.stale_hours_failed)
    told = f"the newest consolidation is {hours:g} h old and games went on"
    return Verdict(status, hours, bounds, told if status is Status.PASSED else f"{told}; {to_do}", rows)


def systems(readings: Readings, thresholds: Thresholds) -> Verdict:
    """Systems that predicted on at least half of the game days before, and do not now."""
    found = readings.active.get(readings.date, {})
    days = readings.before(readings.active, thresholds.system_game_days)
    seen = [system for day in days for system in readings.active[day]]
    expected = {system for system in seen if 2 * seen.count(system) >= len(days)}
    bounds = f"{len(expected)} expected"
    if not found:
        return Verdict(Status.PASSED, 0, bounds, "no predictions; `volume` judges whether there should be some")
    missing = sorted(expected - found.keys())
    if not missing:
        return Verdict(Status.PASSED, len(found), bounds, f"{len(found)} systems predicted")
    told = f"{', '.join(missing)} did not predict; see whether they were switched off or their workers failed"
    rows: list[Row] = [{"system_id": system, "game_days_before": seen.count(system)} for system in missing]
    return Verdict(Status.WARNED, len(found), bounds, told, rows)


def stuck_leases(readings: Readings, thresholds: Thresholds) -> Verdict:
    """Leases that ran out and are still there, and leases that are held for too long."""
    rows: list[Row] = []
    held_too_long = False
    for lease in readings.leases:
        held = (lease.read_at - lease.acquired_at).total_seconds() / 60
        too_long = not lease.expired and held > thresholds.lease_held_minutes
        if too_long or (lease.expired and -lease.remaining / 60 > thresholds.lease_expired_minutes):
            held_too_long = held_too_long or too_long
            rows.append(
                {"lease": lease.key, "holder_id": lease.holder.holder_id, "run_id": lease.holder.run_id,
                 "minutes": round(held), "expired": lease.expired}
            )  # fmt: skip
    bounds = f"held {thresholds.lease_held_minutes:g} min, expired {thresholds.lease_expired_minutes:g} min"
    if not rows:
        return Verdict(Status.PASSED, 0, bounds, f"{len(readings.leases)} leases, none of them stuck")
    to_do = "see whether the run lives; one that has run out is taken by the next run, one that is held can be ended "
    told = f"{len(rows)} stuck leases; {to_do}with `nba-consolidation locks release`"
    return Verdict(Status.FAILED if held_too_long else Status.WARNED, len(rows), bounds, told, rows)


def waiting_staging(readings: Readings, thresholds: Thresholds) -> Verdict:
    """Staging tables that nobody consolidated (incident 17), or that nobody can take."""
    ages = {table.name: (readings.read_at - table.modified_at).total_seconds() / 3600 for table in readings.waiting}
    old = sorted((t for t in readings.waiting if ages[t.name] > thresholds.staged_hours_warned), key=lambda t: t.name)
    bounds = f"{thresholds.staged_hours_warned:g} h, {thresholds.staged_hours_failed:g} h"
    oldest = round(max(ages.values(), default=0.0), 1)
    rows: list[Row] = [
        {"staging_table": table.name, "hours": round(ages[table.name], 1), "rows": table.rows, "refused": table.refusal}
        for table in old
    ]
    status = _above(oldest, thresholds.staged_hours_warned, thresholds.staged_hours_failed)
    if status is Status.PASSED:
        return Verdict(status, oldest, bounds, f"{len(readings.waiting)} staging tables wait, none of them for long")
    to_do = "consolidate them (`nba-consolidation consolidate`); mend or remove those that are refused"
    told = f"{len(old)} staging tables wait, the oldest for {oldest:g} h"
    return Verdict(status, oldest, bounds, f"{told}; {to_do}", rows)


def quarantine_rate(readings: Readings, thresholds: Thresholds) -> Verdict:
    """Of the staged rows of the date, the share that broke a row rule."""
    row = readings.consolidated.get(readings.date, {"staged": 0, "quarantined": 0})
    staged, quarantined = int(row["staged"] or 0), int(row["quarantined"] or 0)
    bounds = f"{thresholds.quarantined_share_warned:.0%}, {thresholds.quarantined_share_failed:.0%}"
    share = quarantined / staged if staged else 0.0
    status = _above(share, thresholds.quarantined_share_warned, thresholds.quarantined_share_failed)
    told = f"{quarantined} of {staged} staged rows were quarantined"
    if status is not Status.PASSED:
        told += f" ({share:.1%}); see which rule: `nba-consolidation quarantine --date {readings.date}`"
    return Verdict(status, round(share, 4), bounds, told)


def _by_system(readings: Readings) -> list[Row]:
    found = readings.active.get(readings.date, {})
    return [{"system_id": system, "active_rows": rows} for system, rows in sorted(found.items())]


_ACTIVE, _GAMES, _LEDGER = "active_by_system", "games_by_date", "consolidated_by_date"
CHECKS = (
    Check("duplicate_predictions", PREDICTIONS.name, "business keys that stand more than once, in 7 days",
          ("duplicate_business_keys",), duplicate_predictions),
    Check("duplicate_accuracy", ACCURACY.name, "graded predictions that stand more than once, in 7 days",
          ("duplicate_accuracy_keys",), duplicate_accuracy),
    Check("volume", PREDICTIONS.name, "active predictions of the date outside their bounds", (_ACTIVE, _GAMES), volume),
    Check("volume_history", PREDICTIONS.name, "active predictions far off the game days before",
          (_ACTIVE,), volume_history),
    Check("ungraded", ACCURACY.name, "validated predictions of played games without a graded row",
          ("ungraded_by_date",), ungraded),
    Check("confidence_scale", PREDICTIONS.name, "confidences out of their scale, in 7 days",
          ("confidence_out_of_scale",), confidence_scale),
    Check("freshness", PREDICTIONS.name, "no consolidation while games go on", (_GAMES, _LEDGER), freshness),
    Check("systems", PREDICTIONS.name, "systems that predicted before and do not now", (_ACTIVE,), systems),
    Check("stuck_leases", PREDICTIONS.name, "leases that nobody gives back", (LEASES,), stuck_leases),
    Check("waiting_staging", PREDICTIONS.name, "staging tables that nobody consolidates", (STAGED,), waiting_staging),
    Check("quarantine_rate", PREDICTIONS.name, "the share of staged rows that broke a rule", (_LEDGER,),
          quarantine_rate),
)  # fmt: skip
