"""The daily quality checks: pure functions from readings and thresholds to an outcome."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nba_consolidation.operations.daily_quality.readings import LEASES, STAGED, Readings
from nba_consolidation.operations.daily_quality.results import CheckOutcome, CheckResult, CheckStatus
from nba_consolidation.schema import ACCURACY, PREDICTIONS
from nba_consolidation.settings import QualityThresholds
from nba_consolidation.warehouse.interface import Row

_NO_GAMES = "no games and no predictions on this date, so nothing is expected"
_CONSISTENT = 1.4826  # makes the median absolute deviation of normal data its standard deviation
_LEAST_SPREAD = 0.05  # of the median: a history without spread must not turn every change into a warning


@dataclass(frozen=True)
class Check:
    """One check: its table, what it looks for, the readings that it needs, and the function that evaluates them."""

    name: str
    table: str
    looks_for: str
    needs: tuple[str, ...]
    evaluate: Callable[[Readings, QualityThresholds], CheckOutcome]

    def result(self, readings: Readings, thresholds: QualityThresholds) -> CheckResult:
        """Returns the outcome; ERRORED if a reading that it needs is missing."""
        missing = [f"{name}: {readings.errors[name]}" for name in self.needs if name in readings.errors]
        if missing:
            reason = f"could not run, so it did not pass ({'; '.join(missing)})"
            outcome = CheckOutcome(CheckStatus.ERRORED, None, "", reason)
        else:
            outcome = self.evaluate(readings, thresholds)
        return CheckResult(**vars(outcome), name=self.name, table=self.table)


def _above(value: float, warned: float, failed: float) -> CheckStatus:
    return CheckStatus.FAILED if value > failed else CheckStatus.WARNED if value > warned else CheckStatus.PASSED


def _none_of(rows: Sequence[Row], what: str, to_do: str) -> CheckOutcome:
    message = f"{len(rows)} {what}; {to_do}" if rows else f"no {what}"
    return CheckOutcome(CheckStatus.FAILED if rows else CheckStatus.PASSED, len(rows), "0", message, rows)


def volume(readings: Readings, thresholds: QualityThresholds) -> CheckOutcome:
    """Active predictions of the date, all systems together: within bounds, and as many as on earlier game days."""
    count = sum(readings.active.get(readings.date, {}).values())
    bounds = (
        f"{thresholds.fewest_predictions} to {thresholds.most_predictions}, robust z within {thresholds.robust_z:g}"
    )
    games = readings.games.get(readings.date, 0)
    if not count and not games:
        return CheckOutcome(CheckStatus.PASSED, 0, bounds, _NO_GAMES)
    if not count:
        message = f"{games} games were played, none was predicted; check workers and `nba-consolidation status`"
        return CheckOutcome(CheckStatus.FAILED, 0, bounds, message)
    to_do = [_out_of_bounds(count, thresholds), _unlike_history(count, readings, thresholds)]
    message = "; ".join([f"{count} active predictions", *filter(None, to_do)])
    if not any(to_do):
        return CheckOutcome(CheckStatus.PASSED, count, bounds, message)
    return CheckOutcome(CheckStatus.WARNED, count, bounds, message, _by_system(readings))


def _out_of_bounds(count: int, thresholds: QualityThresholds) -> str:
    """What to do about a count that is too small or too large; empty otherwise."""
    if count < thresholds.fewest_predictions:
        return "too few: check which systems or players are missing"
    if count > thresholds.most_predictions:
        return "too many: check whether a game has two ids, or a system two names"
    return ""


def _unlike_history(count: int, readings: Readings, thresholds: QualityThresholds) -> str:
    """What to do about a count far from the median of earlier game days, if there are enough; empty otherwise."""
    active = {date: sum(systems.values()) for date, systems in readings.active.items()}
    before = [active[date] for date in readings.before(active, thresholds.history_game_days)]
    if len(before) < thresholds.fewest_history_days:
        return ""
    z, median = robust_z(count, before), statistics.median(before)
    if abs(z) <= thresholds.robust_z:
        return ""
    return (
        f"the median of {len(before)} earlier game days is {median:g} (robust z {z:.1f}): "
        "check which systems changed, and whether the number of games was unusual"
    )


def robust_z(value: float, history: Sequence[float]) -> float:
    """Returns the distance of a value from the median of its history, in robust standard deviations."""
    median = statistics.median(history)
    spread = _CONSISTENT * statistics.median([abs(entry - median) for entry in history])
    return (value - median) / max(spread, _LEAST_SPREAD * abs(median), 1.0)


def ungraded(readings: Readings, thresholds: QualityThresholds) -> CheckOutcome:
    """Validated predictions without a graded row: of played games, and all of the examined date.

    Grades of the examined date may still arrive (it is yesterday; box scores come until noon), so they only warn.
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
        return CheckOutcome(CheckStatus.PASSED, total, bounds, f"{total} predictions are not graded yet", rows)
    status = CheckStatus.FAILED if older > thresholds.most_ungraded else CheckStatus.WARNED
    to_do = "check whether the box scores arrived and the grading ran; then run `nba-consolidation grade`"
    return CheckOutcome(status, total, bounds, f"{total} validated predictions are not graded; {to_do}", rows)


def confidence_scale(readings: Readings, _: QualityThresholds) -> CheckOutcome:
    """Confidences outside their scale: calibration and bet sizes would be wrong (incident 37)."""
    rows = readings.rows["confidence_out_of_scale"]
    to_do = (
        "declare the system's scale in NBA_CONSOLIDATION_CONFIDENCE_SCALES, then run validate and grade for the dates"
    )
    return _none_of(rows, "systems and dates have confidences outside their scale", to_do)


def freshness(readings: Readings, thresholds: QualityThresholds) -> CheckOutcome:
    """Age of the newest consolidation while games are played. A break has no games and is quiet."""
    bounds = f"{thresholds.stale_hours_warned:g} h, {thresholds.stale_hours_failed:g} h"
    recent = readings.date - dt.timedelta(days=thresholds.recent_days)
    consolidated = {date: row for date, row in readings.consolidated.items() if date >= recent}
    newest = max(consolidated, default=dt.date.min)
    missed = sorted(date for date in readings.games if date >= recent and date > newest)
    if not missed:
        return CheckOutcome(CheckStatus.PASSED, None, bounds, "no games since the newest consolidated date")
    rows: list[Row] = [{"game_date": date, "games": readings.games[date]} for date in missed]
    to_do = "check the sensors and workers, and who holds the leases: `nba-consolidation locks list`"
    if not consolidated:
        message = f"no date of the last {thresholds.recent_days} days was consolidated, although games were played"
        return CheckOutcome(CheckStatus.FAILED, None, bounds, f"{message}; {to_do}", rows)
    newest_at = max(row["consolidated_at"] for row in consolidated.values())
    hours = round((readings.read_at - newest_at).total_seconds() / 3600, 1)
    status = _above(hours, thresholds.stale_hours_warned, thresholds.stale_hours_failed)
    message = f"the newest consolidation is {hours:g} h old, and games were played since"
    return CheckOutcome(status, hours, bounds, message if status is CheckStatus.PASSED else f"{message}; {to_do}", rows)


def systems(readings: Readings, thresholds: QualityThresholds) -> CheckOutcome:
    """Systems that predicted on at least half of the earlier game days, but not on this one."""
    present = readings.active.get(readings.date, {})
    days = readings.before(readings.active, thresholds.system_game_days)
    seen = [system for day in days for system in readings.active[day]]
    expected = {system for system in seen if 2 * seen.count(system) >= len(days)}
    bounds = f"{len(expected)} expected"
    if not present:
        return CheckOutcome(CheckStatus.PASSED, 0, bounds, "no predictions; see the check `volume`")
    missing = sorted(expected - present.keys())
    if not missing:
        return CheckOutcome(CheckStatus.PASSED, len(present), bounds, f"{len(present)} systems predicted")
    message = f"{', '.join(missing)} did not predict; check whether they were switched off or their workers failed"
    rows: list[Row] = [{"system_id": system, "game_days_before": seen.count(system)} for system in missing]
    return CheckOutcome(CheckStatus.WARNED, len(present), bounds, message, rows)


def stuck_leases(readings: Readings, thresholds: QualityThresholds) -> CheckOutcome:
    """Leases that expired and were not removed, and leases that are held for too long."""
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
        return CheckOutcome(CheckStatus.PASSED, 0, bounds, f"{len(readings.leases)} leases, none of them is stuck")
    to_do = (
        "check their runs. The next run takes over an expired lease; `nba-consolidation locks release` ends a held one"
    )
    message = f"{len(rows)} stuck leases; {to_do}"
    return CheckOutcome(CheckStatus.FAILED if held_too_long else CheckStatus.WARNED, len(rows), bounds, message, rows)


def waiting_staging(readings: Readings, thresholds: QualityThresholds) -> CheckOutcome:
    """Staging tables that were not consolidated (incident 17), or that were refused."""
    ages = {table.name: (readings.read_at - table.modified_at).total_seconds() / 3600 for table in readings.waiting}
    old = sorted((t for t in readings.waiting if ages[t.name] > thresholds.staged_hours_warned), key=lambda t: t.name)
    bounds = f"{thresholds.staged_hours_warned:g} h, {thresholds.staged_hours_failed:g} h"
    oldest = round(max(ages.values(), default=0.0), 1)
    rows: list[Row] = [
        {"staging_table": table.name, "hours": round(ages[table.name], 1), "rows": table.rows, "refused": table.refusal}
        for table in old
    ]
    status = _above(oldest, thresholds.staged_hours_warned, thresholds.staged_hours_failed)
    refused = sum(table.refusal is not None for table in readings.waiting)
    if status is CheckStatus.PASSED:
        message = f"{len(readings.waiting)} staging tables wait ({refused} of them refused), none of them for too long"
        return CheckOutcome(status, oldest, bounds, message)
    to_do = "run `nba-consolidation consolidate`; correct or remove refused tables"
    message = f"{len(old)} staging tables wait, the oldest for {oldest:g} h; refused, of any age: {refused}"
    return CheckOutcome(status, oldest, bounds, f"{message}; {to_do}", rows)


def quarantine_rate(readings: Readings, thresholds: QualityThresholds) -> CheckOutcome:
    """Share of the staged rows of the date that broke a row rule."""
    row = readings.consolidated.get(readings.date, {"staged": 0, "quarantined": 0})
    staged, quarantined = int(row["staged"] or 0), int(row["quarantined"] or 0)
    bounds = f"{thresholds.quarantined_share_warned:.0%}, {thresholds.quarantined_share_failed:.0%}"
    share = quarantined / staged if staged else 0.0
    status = _above(share, thresholds.quarantined_share_warned, thresholds.quarantined_share_failed)
    message = f"{quarantined} of {staged} staged rows were quarantined"
    if status is not CheckStatus.PASSED:
        message += f" ({share:.1%}); for the rules run `nba-consolidation quarantine --date {readings.date}`"
    return CheckOutcome(status, round(share, 4), bounds, message)


def _by_system(readings: Readings) -> list[Row]:
    active = readings.active.get(readings.date, {})
    return [{"system_id": system, "active_rows": rows} for system, rows in sorted(active.items())]


_ACTIVE, _GAMES, _LEDGER = "active_by_system", "games_by_date", "consolidated_by_date"
CHECKS = (
    Check("volume", PREDICTIONS.name, "number of active predictions: within bounds, and as on earlier game days",
          (_ACTIVE, _GAMES), volume),
    Check("ungraded", ACCURACY.name, "validated predictions of played games without a graded row",
          ("ungraded_by_date",), ungraded),
    Check("confidence_scale", PREDICTIONS.name, "confidences outside their scale, in the last 7 days",
          ("confidence_out_of_scale",), confidence_scale),
    Check("freshness", PREDICTIONS.name, "age of the newest consolidation while games are played",
          (_GAMES, _LEDGER), freshness),
    Check("systems", PREDICTIONS.name, "systems that predicted earlier but not on this date", (_ACTIVE,), systems),
    Check("stuck_leases", PREDICTIONS.name, "leases held for too long or not removed", (LEASES,), stuck_leases),
    Check("waiting_staging", PREDICTIONS.name, "staging tables that were not consolidated", (STAGED,), waiting_staging),
    Check("quarantine_rate", PREDICTIONS.name, "share of staged rows that broke a row rule", (_LEDGER,),
          quarantine_rate),
)  # fmt: skip
