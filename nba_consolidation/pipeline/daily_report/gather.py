"""Reads the contents of a report from the warehouse, the staging area and the lease store. Changes nothing."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import TypeVar

import numpy as np

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.audits import DUPLICATE_ACCURACY_KEYS, DUPLICATE_BUSINESS_KEYS, DUPLICATE_VALIDATED
from nba_consolidation.fencing.fenced_writer import utc_now
from nba_consolidation.leases import LeaseStore
from nba_consolidation.observability import log_event
from nba_consolidation.operations.daily_quality.examine import Quality
from nba_consolidation.operations.lease_history import lease_history
from nba_consolidation.operations.quarantine import quarantine
from nba_consolidation.operations.status import dates_with_rows, status
from nba_consolidation.pipeline.analysis.betting import queries as betting
from nba_consolidation.pipeline.analysis.performance.queries import hit_rates_until, performance
from nba_consolidation.pipeline.analysis.performance.windows import season_of
from nba_consolidation.pipeline.analysis.recalibration.evaluation import LossDifference, drift, log_losses, scores
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import GradedBets, read_graded_bets
from nba_consolidation.pipeline.analysis.recalibration.versions import (
    CalibrationHistory,
    CalibrationVersion,
    read_history,
)
from nba_consolidation.pipeline.analysis.reliability import queries as reliability
from nba_consolidation.pipeline.analysis.reliability.overrides import overrides_with_results
from nba_consolidation.pipeline.daily_report.action_required import required_actions
from nba_consolidation.pipeline.daily_report.contents import (
    NO_PLAYERS,
    NO_STRATEGIES,
    NO_WORK,
    Players,
    Report,
    Strategies,
    SystemReliability,
    Work,
)
from nba_consolidation.schema import POLICY_REVIEWS, STRATEGY_PERFORMANCE, SYSTEM_PERFORMANCE
from nba_consolidation.settings import GAME_TIME_ZONE
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Row, Warehouse
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingArea
from nba_consolidation.warehouse.table_reads import last_game_date

_CHART_DAYS = 30
"""How many days the charts and the reliability diagrams cover, unless the report itself covers more."""
_BEST_STRATEGIES = 5
_AUDITS = (DUPLICATE_BUSINESS_KEYS, DUPLICATE_VALIDATED, DUPLICATE_ACCURACY_KEYS)


_Contents = TypeVar("_Contents")
_Empty = TypeVar("_Empty")
_log = logging.getLogger(__name__)


class NothingToReport(ConsolidationError):
    """The game dates have no rows."""


@dataclass(frozen=True)
class _Sections:
    """Reads sections one by one. unread: by section, why it could not be read."""

    on_step: Callable[[str], None]
    unread: dict[str, str] = field(default_factory=dict)

    def read(self, name: str, read: Callable[[], _Contents], empty: _Empty) -> _Contents | _Empty:
        """Returns the contents of a section, or empty if they cannot be read: the others must not be lost with it."""
        self.on_step(name)
        try:
            return read()
        except Exception as error:  # noqa: BLE001  a store that does not answer, or any odd value in any table
            reason = str(error) if isinstance(error, ConsolidationError) else f"{type(error).__name__}: {error}"
            log_event(_log, "report_section_not_read", logging.ERROR, section=name, error=reason)
            self.unread[name] = reason
            return empty


@dataclass(frozen=True)
class Reporter:
    """Gathers the contents of a report. evolve: as in `status`."""

    warehouse: Warehouse
    staging: StagingArea
    leases: LeaseStore
    known: Callable[[], KnownDates]
    quality: Quality
    place: str
    evolve: bool = False
    clock: Callable[[], dt.datetime] = utc_now

    def dates_with_rows(self, first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
        """Returns the first and the last of the dates that have rows. Raises NothingToReport."""
        dates = dates_with_rows(self.warehouse, first, last)
        if not dates:
            raise NothingToReport(f"no rows from {first} to {last}. See: nba-consolidation status")
        return dates[0], dates[-1]

    def latest_date(self) -> dt.date:
        """Returns the last game date before today, in New York, that has rows. Raises NothingToReport."""
        dates = dates_with_rows(self.warehouse, last=self._yesterday())
        if not dates:
            raise NothingToReport("no game date before today has rows; stage and consolidate first")
        return dates[-1]

    def report(self, first: dt.date, last: dt.date, on_step: Callable[[str], None] = lambda _: None) -> Report:
        """Returns the contents of the report of these dates; `unread` names the sections that could not be read.

        Raises NothingToReport, and WarehouseError if the warehouse cannot be read at all.
        """
        self.dates_with_rows(first, last)
        sections = _Sections(on_step)
        work = sections.read("work", lambda: self._work(first, last), NO_WORK)
        checks = sections.read("checks", lambda: self.quality.examine(last).results, ())
        performance, over_time = sections.read("hit-rates", lambda: self._hit_rates(last), ((), ()))
        reliability, waiting = sections.read("calibration", lambda: self._calibration(first, last), ((), ()))
        players = sections.read("players", lambda: self._players(last), NO_PLAYERS)
        strategies = sections.read("betting", lambda: self._strategies(last), NO_STRATEGIES)
        leases = sections.read("leases", lambda: lease_history(self.warehouse, self.leases, first, last), ())
        return Report(
            first=first,
            last=last,
            place=self.place,
            version=metadata.version("nba-consolidation"),
            made_at=self.clock(),
            work=work,
            checks=checks,
            performance=performance,
            over_time=over_time,
            reliability=reliability,
            waiting_calibrations=waiting,
            players=players,
            strategies=strategies,
            lease_events=leases,
            actions=required_actions(
                checks, work.duplicates, work.status, waiting, players.policies,
                unread=sections.unread, past=last < self._yesterday(),
            ),
            unread=sections.unread,
        )  # fmt: skip

    def _yesterday(self) -> dt.date:
        return self.clock().astimezone(GAME_TIME_ZONE).date() - dt.timedelta(1)

    def _work(self, first: dt.date, last: dt.date) -> Work:
        of_report = {"first_date": first, "last_date": last}
        of_chart = {"first_date": min(first, last - dt.timedelta(_CHART_DAYS - 1)), "last_date": last}
        rows = self.warehouse.run([
            Statement("consolidation_totals", of_report),
            Statement("outcome_totals", of_report),
            Statement("row_counts_by_date", of_chart),
        ]).rows  # fmt: skip
        dates = [first + dt.timedelta(days) for days in range((last - first).days + 1)]
        return Work(
            predictions=rows["row_counts_by_date"],
            consolidated=rows["consolidation_totals"],
            graded=rows["outcome_totals"],
            duplicates={audit.name: len(audit.findings(self.warehouse, dates)) for audit in _AUDITS},
            broken_rules=quarantine(self.warehouse, first, last, limit=0).rules,
            status=status(self.warehouse, self.staging, self.leases, self.known(), self.evolve),
        )

    def _hit_rates(self, last: dt.date) -> tuple[list[Row], list[Row]]:
        """The hit rates of the last analysed date in every window, and those of 30 days until then, date by date."""
        analysed = last_game_date(self.warehouse, SYSTEM_PERFORMANCE, season_of(last).first, last)
        if analysed is None:
            return [], []
        return performance(self.warehouse, analysed, analysed, by="all"), hit_rates_until(analysed, self.warehouse)

    def _calibration(
        self, first: dt.date, last: dt.date
    ) -> tuple[list[SystemReliability], Sequence[CalibrationVersion]]:
        """The reliability of each system, and the calibrations that wait for approval."""
        history = read_history(self.warehouse)
        since = max(season_of(last).first, min(first, last - dt.timedelta(_CHART_DAYS - 1)))
        by_system = read_graded_bets(self.warehouse, since, last + dt.timedelta(1))
        reliability = [_reliability(system, by_system[system], history, last) for system in sorted(by_system)]
        return reliability, history.waiting()

    def _players(self, last: dt.date) -> Players:
        """The review for the day after the report, or the newest one before that in the season."""
        overrides = overrides_with_results(self.warehouse)
        tomorrow = last + dt.timedelta(1)
        reviewed = last_game_date(self.warehouse, POLICY_REVIEWS, season_of(last).first, tomorrow)
        if reviewed is None:
            return replace(NO_PLAYERS, overrides=overrides)
        rows = reliability.players(self.warehouse, reviewed, reviewed)
        return Players(reviewed, rows, reliability.policies(self.warehouse, reviewed, reviewed), overrides)

    def _strategies(self, last: dt.date) -> Strategies:
        evaluated = last_game_date(self.warehouse, STRATEGY_PERFORMANCE, season_of(last).first, last)
        if evaluated is None:
            return NO_STRATEGIES
        rows = betting.strategies(self.warehouse, evaluated, evaluated)
        baselines, others = betting.baselines_and_others(rows)
        return Strategies(evaluated, rows, [*baselines, *others[:_BEST_STRATEGIES]])


def _reliability(system: str, bets: GradedBets, history: CalibrationHistory, last: dt.date) -> SystemReliability:
    calibrated = history.calibrated(system, bets)
    before, after = drift(bets.confidence, bets), drift(calibrated, bets)
    constant = log_losses(np.full(len(bets.day), bets.correct / bets.total), bets)
    differences = [LossDifference.of(log_losses(one, bets), constant, bets) for one in (bets.confidence, calibrated)]
    return SystemReliability(
        system,
        bets.total,
        before,
        () if before == after else after,
        scores(bets.confidence, bets),
        scores(calibrated, bets),
        float(constant.sum() / bets.total),
        any(one.is_better for one in differences),
        history.in_force(system, last),
    )
