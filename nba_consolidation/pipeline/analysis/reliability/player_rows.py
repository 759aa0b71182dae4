"""The rows of player_reliability and policy_reviews for a date, from the games before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nba_consolidation.pipeline.analysis.performance.hit_rate_interval import hit_rate_interval
from nba_consolidation.pipeline.analysis.performance.metrics import DECIMALS
from nba_consolidation.pipeline.analysis.reliability.bias import PredictionBias, bias_flags
from nba_consolidation.pipeline.analysis.reliability.estimates import design_effect
from nba_consolidation.pipeline.analysis.reliability.evidence import Evidence
from nba_consolidation.pipeline.analysis.reliability.margins import MIN_DATES
from nba_consolidation.pipeline.analysis.reliability.overrides import Override
from nba_consolidation.pipeline.analysis.reliability.player_season import Flags, Floats, Integers, PlayerSeason, ratio
from nba_consolidation.pipeline.analysis.reliability.policies import (
    EDGE_BETS,
    FALSE_DISCOVERY,
    MIN_HOLD,
    POLICIES,
    STATUS_CODES,
    HeldStatus,
    PolicySignals,
    hold_statuses,
)
from nba_consolidation.pipeline.analysis.reliability.significance import (
    DailySums,
    RateDifference,
    false_discovery_rates,
    rate_difference,
)
from nba_consolidation.pipeline.analysis.reliability.variance import GAMES, PointsVariance
from nba_consolidation.schema import PLAYER_STATUSES

if TYPE_CHECKING:
    import pandas as pd

_BLACKLISTED = STATUS_CODES["blacklisted"]
_HELD = ("blacklisted", "watch", "reliable")


@dataclass(frozen=True)
class PolicyResults:
    """A policy over a season: its signals, the statuses, and the later bets on the players that it flagged."""

    signals: PolicySignals
    held: HeldStatus
    flagged: DailySums
    squares: Floats
    others: DailySums
    difference: RateDifference

    @classmethod
    def of(cls, signals: PolicySignals, season: PlayerSeason) -> PolicyResults:
        """The statuses after t game dates are compared with the bets of the next one."""
        held = hold_statuses(signals, season)
        is_flagged = held.status[:-1] == _BLACKLISTED
        bets, correct = season.daily["bets"], season.daily["correct"]

        def sums(values: Integers, chosen: Flags) -> Floats:
            total: Floats = np.where(chosen, values, 0).sum(axis=1).astype(np.float64)
            return total

        flagged, others = (DailySums(sums(correct, chosen), sums(bets, chosen)) for chosen in (is_flagged, ~is_flagged))
        squares = sums(bets**2, is_flagged)
        return cls(signals, held, flagged, squares, others, rate_difference(flagged, others))


@dataclass(frozen=True)
class SeasonReview:
    """A season, evaluated once for all of its dates. acting: the policy in use."""

    season: PlayerSeason
    evidence: Evidence
    bias: PredictionBias
    variance: PointsVariance
    policies: Mapping[str, PolicyResults]
    acting: str

    @classmethod
    def of(cls, season: PlayerSeason, acting: str = FALSE_DISCOVERY) -> SeasonReview:
        """acting: the policy that gives the status; raises KeyError if it does not exist."""
        evidence = Evidence.of(season)
        policies = {name: PolicyResults.of(rule(evidence), season) for name, rule in POLICIES.items()}
        if acting not in policies:
            raise KeyError(acting)
        return cls(season, evidence, PredictionBias.of(season), PointsVariance.of(season), policies, acting)

    def players_on(self, date: dt.date, overrides: Mapping[str, Override]) -> pd.DataFrame:
        """The rows of player_reliability: the players with a graded row before the date, or an override for it."""
        import pandas as pd

        season, row = self.season, self.season.dates_before(date)
        seen = season.running(season.daily["seen"])[row] > 0
        chosen = seen | np.isin(np.array(season.players, dtype=object), list(overrides))
        rows: pd.DataFrame = pd.DataFrame({
            "game_date": date,
            "player_lookup": season.players,
            "season_first": season.first,
            "last_game": self._last_game(row),
            **self._bets(row),
            **self._bias(row),
            **self._variance(row),
            **self._status(date, row, overrides),
        })  # fmt: skip
        reviewed: pd.DataFrame = rows.loc[chosen].reset_index(drop=True)
        return reviewed

    def policies_on(self, date: dt.date) -> pd.DataFrame:
        """The rows of policy_reviews."""
        import pandas as pd

        return pd.DataFrame([self._policy_row(date, name, results) for name, results in self.policies.items()])

    def _last_game(self, row: int) -> list[dt.date | None]:
        last = self.season.last_date_with(self.season.daily["seen"] > 0)[row]
        return [self.season.game_dates[number] if number >= 0 else None for number in last]

    def _bets(self, row: int) -> dict[str, Any]:
        of, season = self.evidence, self.season
        n, rate, margins = of.effective_bets[row], of.hit_rate[row], of.margins
        low, high = hit_rate_interval(rate * n, n)
        counts = {name: season.running(season.daily[name])[row].astype(np.int64) for name in ("push", "passed")}
        return {
            "bets": of.bets[row].astype(np.int64),
            "correct": of.correct[row].astype(np.int64),
            **counts,
            "effective_bets": rounded(n),
            "hit_rate": rounded(rate),
            "hit_rate_low": rounded(low),
            "hit_rate_high": rounded(high),
            "margin_days": margins.dates[row].astype(np.int64),
            "margin": rounded(margins.mean[row]),
            "margin_low": rounded(margins.low[row]),
            "margin_high": rounded(margins.high[row]),
            "worse_p": rounded(margins.worse_p[row]),
            "worse_q": rounded(margins.worse_q[row]),
            "better_q": rounded(margins.better_q[row]),
            "edge_3_bets": of.edge_bets[row].astype(np.int64),
            "edge_3_correct": of.edge_correct[row].astype(np.int64),
            "edge_3_rate": rounded(of.edge_rate[row]),
        }  # fmt: skip

    def _bias(self, row: int) -> dict[str, Any]:
        of = self.bias
        q = false_discovery_rates(of.p[row])
        return {
            "compared_days": of.dates[row].astype(np.int64),
            "bias": rounded(of.mean[row]),
            "bias_low": rounded(of.low[row]),
            "bias_high": rounded(of.high[row]),
            "bias_q": rounded(q),
            "bias_flag": bias_flags(of.mean[row], q, self.variance.at(row, self.variance.volume)),
        }

    def _variance(self, row: int) -> dict[str, Any]:
        of = self.variance
        spreads = {
            f"{name}_{kind}_{games}": rounded(of.at(row, getattr(of.spreads[name, games], kind)))
            for name in ("points", "error") for kind in ("sd", "mad") for games in GAMES
        }  # fmt: skip
        return {
            "mean_points_20": rounded(of.at(row, of.volume)),
            **spreads,
            "peer_sd_20": rounded(of.peers[row]),
            "variance_ratio": rounded(ratio(of.at(row, of.spreads["points", 20].sd), of.peers[row])),
            "variance_q": rounded(of.q[row]),
            "variance_flag": of.flag_names(row),
            "confidence_reduction": rounded(of.reduction(row)),
        }

    def _status(self, date: dt.date, row: int, overrides: Mapping[str, Override]) -> dict[str, Any]:
        held = self.policies[self.acting].held
        computed = [PLAYER_STATUSES[code] for code in held.status[row]]
        meets = {name: results.signals.enters[row] == _BLACKLISTED for name, results in self.policies.items()}
        flagged_by = [", ".join(name for name, met in meets.items() if met[p]) or None for p in range(len(computed))]
        over = [overrides.get(player) for player in self.season.players]
        since = [dt.date.fromordinal(int(day)) for day in held.since[row]]
        held_until = [
            day + MIN_HOLD if status in _HELD and day + MIN_HOLD > date else None
            for day, status in zip(since, computed, strict=True)
        ]
        return {
            "flagged_by": flagged_by,
            "policy": self.acting,
            "computed_status": computed,
            "status": [o.status if o else status for o, status in zip(over, computed, strict=True)],
            "reason": [o.description if o else self._reason(row, p, computed[p]) for p, o in enumerate(over)],
            "since": [o.first if o else day for o, day in zip(over, since, strict=True)],
            "until": [o.until if o else day for o, day in zip(over, held_until, strict=True)],
            "override_id": [o.override_id if o else None for o in over],
        }

    def _reason(self, row: int, player: int, status: str) -> str:
        """Why the policy in use gives this status, in figures."""
        of, edge_rule = self.evidence, self.acting != FALSE_DISCOVERY
        if status == "not_enough":
            if edge_rule:
                return f"{of.edge_bets[row, player]:.0f} bets with an edge of 3, at least {EDGE_BETS} are needed"
            return f"bets on {of.margins.dates[row, player]:.0f} dates, at least {MIN_DATES} are needed"
        if edge_rule:
            reason = f"won {of.edge_correct[row, player]:.0f} of {of.edge_bets[row, player]:.0f} bets with an edge of 3"
        elif status == "normal":
            return f"{of.margins.summary(row, player)}: no more than chance explains"
        else:
            q = (of.margins.better_q if status == "reliable" else of.margins.worse_q)[row, player]
            reason = (
                f"{of.margins.summary(row, player)}, false discovery rate {q:.3f}; "
                f"won {of.correct[row, player]:.0f} of {of.bets[row, player]:.0f} bets"
            )
        meets = self.policies[self.acting].signals.enters[row, player] == STATUS_CODES[status]
        return reason if meets else f"{reason}; held until it is clearly over"

    def _policy_row(self, date: dt.date, name: str, results: PolicyResults) -> dict[str, Any]:
        row = self.season.dates_before(date)
        bets, correct, squares = (
            float(daily[:row].sum()) for daily in (results.flagged.bets, results.flagged.total, results.squares)
        )
        effect = design_effect(bets, squares, self.evidence.correlation[row])
        low, high = hit_rate_interval(correct / effect, bets / effect)
        difference = [float(rounded(np.array(values[row]))) for values in results.difference]
        is_flagged = results.held.status[: row + 1] == _BLACKLISTED
        return {
            "game_date": date,
            "policy": name,
            "acting": name == self.acting,
            "players": int((results.held.status[row] != STATUS_CODES["not_enough"]).sum()),
            "flagged_players": int(is_flagged[row].sum()),
            "ever_flagged": int(is_flagged.any(axis=0).sum()),
            "bets": int(bets),
            "correct": int(correct),
            "hit_rate": float(rounded(ratio(correct, bets))),
            "hit_rate_low": float(rounded(low)),
            "hit_rate_high": float(rounded(high)),
            "other_bets": int(results.others.bets[:row].sum()),
            "other_correct": int(results.others.total[:row].sum()),
            **dict(zip(("difference", "difference_low", "difference_high"), difference, strict=True)),
            "verdict": verdict(*difference[1:]),
        }


def verdict(low: float, high: float) -> str:
    """The verdict that follows from the interval of a difference."""
    if np.isnan(low):
        return "not_enough"
    return "worse" if high < 0 else "better" if low > 0 else "noise"


def rounded(values: Floats) -> Floats:
    """Rounded as all results, so that a new version of a library does not rewrite rows because of a last bit."""
    return np.asarray(values, np.float64).round(DECIMALS) + 0.0


def review_rows(
    season: PlayerSeason, dates: Sequence[dt.date], overrides: Mapping[dt.date, Mapping[str, Override]],
    acting: str = FALSE_DISCOVERY,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """The rows of player_reliability and of policy_reviews for dates of the season. overrides: by date and player."""
    import pandas as pd

    review = SeasonReview.of(season, acting)
    players = [review.players_on(date, overrides[date]) for date in dates]
    policies = [review.policies_on(date) for date in dates]
    return pd.concat(players, ignore_index=True), pd.concat(policies, ignore_index=True)
