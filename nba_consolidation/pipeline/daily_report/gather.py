"""What a report says, gathered from the warehouse, the staging area and the leases. Reads only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

import numpy as np

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.audits import DUPLICATE_ACCURACY_KEYS, DUPLICATE_BUSINESS_KEYS, DUPLICATE_VALIDATED
from nba_consolidation.fencing.fenced_writer import utc_now
from nba_consolidation.leases import LeaseStore
from nba_consolidation.operations.daily_quality.examine import Quality
from nba_consolidation.operations.lease_history import lease_history
from nba_consolidation.operations.quarantine import quarantine
from nba_consolidation.operations.status import standing_dates, status
from nba_consolidation.pipeline.analysis.betting import figures as betting
from nba_consolidation.pipeline.analysis.performance.figures import analysed_dates, hit_rates_until, performance
from nba_consolidation.pipeline.analysis.performance.windows import season_of
from nba_consolidation.pipeline.analysis.recalibration.bets import Bets
from nba_consolidation.pipeline.analysis.recalibration.drift import drift
from nba_consolidation.pipeline.analysis.recalibration.recalibrate import read_bets
from nba_consolidation.pipeline.analysis.recalibration.selection import scores
from nba_consolidation.pipeline.analysis.recalibration.versions import History, read_history
from nba_consolidation.pipeline.analysis.reliability import figures as standing
from nba_consolidation.pipeline.daily_report.action_required import needs
from nba_consolidation.pipeline.daily_report.contents import Players, Reliability, Report, Strategies, Work
from nba_consolidation.schema import PICKED
from nba_consolidation.settings import GAME_TIME_ZONE
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Warehouse
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingArea

_DAYS = 30
"""What charts look back at, and what reliability is over, unless the report is over more."""
_BEST_TOLD = 5
_AUDITS = (DUPLICATE_BUSINESS_KEYS, DUPLICATE_VALIDATED, DUPLICATE_ACCURACY_KEYS)


class NothingToReport(ConsolidationError):
    """Nothing stands of the game dates that were asked for."""


@dataclass(frozen=True)
class Reporter:
    """Everything that a report is gathered from. evolve: as in `status`."""

    warehouse: Warehouse
    staging: StagingArea
    leases: LeaseStore
    known: Callable[[], KnownDates]
    quality: Quality
    place: str
    evolve: bool = False
    clock: Callable[[], dt.datetime] = utc_now

    def standing(self, first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
        """The first and the last of the dates of which anything stands. Raises NothingToReport."""
        found = standing_dates(self.warehouse, first, last)
        if not found:
            raise NothingToReport(f"nothing stands from {first} to {last}: see nba-consolidation status")
        return found[0], found[-1]

    def latest(self) -> dt.date:
        """The last game date before today, in New York, of which anything stands. Raises NothingToReport."""
        found = standing_dates(self.warehouse, last=self._yesterday())
        if not found:
            raise NothingToReport("no game date before today has anything; stage and consolidate first")
        return found[-1]

    def report(self, first: dt.date, last: dt.date, on_step: Callable[[str], None] = lambda _: None) -> Report:
        """What is to be said of these dates. Raises NothingToReport, WarehouseError, LeaseError."""
        self.standing(first, last)
        on_step("what was consolidated and graded")
        work = self._work(first, last)
        on_step("checks")
        checks = self.quality.examine(last).results
        on_step("hit rates")
        analysed = next(reversed(analysed_dates(self.warehouse, season_of(last).first, last)), None)
        rows = [] if analysed is None else performance(self.warehouse, analysed, analysed, by="all")
        over_time = [] if analysed is None else hit_rates_until(analysed, self.warehouse)
        on_step("calibration")
        history = read_history(self.warehouse)
        since = max(season_of(last).first, min(first, last - dt.timedelta(_DAYS - 1)))
        reliability = self._reliability(since, last, history)
        on_step("players and strategies")
        players, strategies = self._players(last), self._strategies(last)
        waiting = history.waiting()
        return Report(
            first=first,
            last=last,
            place=self.place,
            version=metadata.version("nba-consolidation"),
            made_at=self.clock(),
            work=work,
            checks=checks,
            performance=rows,
            over_time=over_time,
            reliability=reliability,
            waiting_calibrations=waiting,
            players=players,
            strategies=strategies,
            happenings=lease_history(self.warehouse, self.leases, first, last),
            needs=needs(checks, work.duplicates, work.status, waiting, players.policies, past=last < self._yesterday()),
        )

    def _yesterday(self) -> dt.date:
        return self.clock().astimezone(GAME_TIME_ZONE).date() - dt.timedelta(1)

    def _work(self, first: dt.date, last: dt.date) -> Work:
        bounds = {"first_date": first, "last_date": last}
        looked_back = {"first_date": min(first, last - dt.timedelta(_DAYS - 1)), "last_date": last}
        rows = self.warehouse.run([
            Statement("merged_by_date", bounds),
            Statement("graded_by_date", bounds),
            Statement("standing_dates", looked_back),
        ]).rows  # fmt: skip
        dates = [first + dt.timedelta(days) for days in range((last - first).days + 1)]
        return Work(
            standing=rows["standing_dates"],
            merged=rows["merged_by_date"],
            graded=rows["graded_by_date"],
            duplicates={audit.name: len(audit.findings(self.warehouse, dates)) for audit in _AUDITS},
            broken_rules=quarantine(self.warehouse, first, last, limit=0).rules,
            status=status(self.warehouse, self.staging, self.leases, self.known(), self.evolve),
        )

    def _reliability(self, since: dt.date, last: dt.date, history: History) -> list[Reliability]:
        before = last + dt.timedelta(1)
        by_system = read_bets(self.warehouse, since, before)
        return [_reliability(system, by_system[system], history, last) for system in sorted(by_system)]

    def _players(self, last: dt.date) -> Players:
        """Of the morning after the last date, or of the last one before that was reviewed."""
        overrides = standing.overrides(self.warehouse)
        tomorrow = last + dt.timedelta(1)
        reviewed = next(reversed(standing.reviewed_dates(self.warehouse, season_of(last).first, tomorrow)), None)
        if reviewed is None:
            return Players(None, (), (), overrides)
        rows = standing.players(self.warehouse, reviewed, reviewed)
        return Players(reviewed, rows, standing.policies(self.warehouse, reviewed, reviewed), overrides)

    def _strategies(self, last: dt.date) -> Strategies:
        evaluated = next(reversed(betting.evaluated_dates(self.warehouse, season_of(last).first, last)), None)
        if evaluated is None:
            return Strategies(None, (), ())
        rows = betting.strategies(self.warehouse, evaluated, evaluated)
        plain = [row for row in rows if row["system_id"] == PICKED or row["verdict"] == "baseline"]
        others = [row for row in betting.plainest(rows) if row not in plain]
        return Strategies(evaluated, rows, [*plain, *others[:_BEST_TOLD]])


def _reliability(system: str, bets: Bets, history: History, last: dt.date) -> Reliability:
    """Each day's bets with the calibration that held on that day: what consumers were told."""
    calibrated = bets.confidence.copy()
    for day in np.unique(bets.day):
        version = history.in_force(system, dt.date.fromordinal(int(day)))
        if version is not None:
            chosen = bets.day == day
            calibrated[chosen] = version.calibration(bets.confidence[chosen])
    before, after = drift(bets.confidence, bets), drift(calibrated, bets)
    return Reliability(
        system, bets.total, before, () if before == after else after,
        scores(bets.confidence, bets).ece, scores(calibrated, bets).ece, history.in_force(system, last),
    )  # fmt: skip
