"""The rows of a date: everything that is judged of each player and of each policy, from the games before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from nba_consolidation.pipeline.analysis.performance.metrics import DECIMALS
from nba_consolidation.pipeline.analysis.reliability.bias import Bias
from nba_consolidation.pipeline.analysis.reliability.bias import flags as bias_flags
from nba_consolidation.pipeline.analysis.reliability.discovery import false_discovery_rates
from nba_consolidation.pipeline.analysis.reliability.effective_bets import design_effect
from nba_consolidation.pipeline.analysis.reliability.evidence import ENOUGH, Evidence
from nba_consolidation.pipeline.analysis.reliability.later_bets import Difference, Sums, difference
from nba_consolidation.pipeline.analysis.reliability.overrides import Override
from nba_consolidation.pipeline.analysis.reliability.player_season import Floats, Season, Whole, ratio
from nba_consolidation.pipeline.analysis.reliability.policies import EDGE_BETS, FALSE_DISCOVERY, POLICIES
from nba_consolidation.pipeline.analysis.reliability.shrinkage import Prior, credible
from nba_consolidation.pipeline.analysis.reliability.status import CODE, HELD, Held, Signals, held
from nba_consolidation.pipeline.analysis.reliability.variance import GAMES, Scatter
from nba_consolidation.schema import PLAYER_STATUSES

_FLAG = CODE["blacklisted"]
_HOLDING = ("blacklisted", "watch", "reliable")


@dataclass(frozen=True)
class Judged:
    """A policy's word over a season: its signals, what holds, and how the bets on those it flagged went."""

    signals: Signals
    held: Held
    flagged: Sums
    squares: Floats
    others: Sums
    beside_others: Difference

    @classmethod
    def of(cls, signals: Signals, season: Season) -> Judged:
        """What holds after t game dates is held against the bets of the next one."""
        holds = held(signals, season)
        flagged = holds.status[:-1] == _FLAG
        bets, correct = season.daily["bets"], season.daily["correct"]

        def sums(of: Whole, chosen: Any) -> Floats:
            total: Floats = np.where(chosen, of, 0).sum(axis=1).astype(np.float64)
            return total

        on, off = (Sums(sums(correct, chosen), sums(bets, chosen)) for chosen in (flagged, ~flagged))
        return cls(signals, holds, on, sums(bets**2, flagged), off, difference(on, off))


@dataclass(frozen=True)
class Judge:
    """A season, judged once; each of its dates then is a look at one row."""

    season: Season
    evidence: Evidence
    bias: Bias
    scatter: Scatter
    policies: Mapping[str, Judged]
    acting: str

    @classmethod
    def of(cls, season: Season, acting: str = FALSE_DISCOVERY) -> Judge:
        """acting: the policy that the status follows; raises KeyError for one that there is not."""
        evidence = Evidence.of(season)
        judged = {name: Judged.of(policy.judge(evidence), season) for name, policy in POLICIES.items()}
        if acting not in judged:
            raise KeyError(acting)
        return cls(season, evidence, Bias.of(season), Scatter.of(season), judged, acting)

    def players_on(self, date: dt.date, overrides: Mapping[str, Override]) -> pd.DataFrame:
        """A row of player_reliability for each player with a graded row before the date, or an override for it."""
        season, row = self.season, self.season.known(date)
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
        kept: pd.DataFrame = rows.loc[chosen].reset_index(drop=True)
        return kept

    def policies_on(self, date: dt.date) -> pd.DataFrame:
        """The rows of policy_reviews."""
        return pd.DataFrame([self._review(date, name, judged) for name, judged in self.policies.items()])

    def _last_game(self, row: int) -> list[dt.date | None]:
        last = self.season.last_before(self.season.daily["seen"] > 0)[row]
        return [self.season.game_dates[number] if number >= 0 else None for number in last]

    def _bets(self, row: int) -> dict[str, Any]:
        of, season = self.evidence, self.season
        n, k = of.effective_bets[row], of.effective_correct[row]
        common = Prior(of.prior.mean[row], of.prior.strength[row])
        hit_low, hit_high = wilson(n, k)
        low, high = credible(n, k, common)
        counts = {name: season.running(season.daily[name])[row].astype(np.int64) for name in ("push", "passed")}
        return {
            "bets": of.bets[row].astype(np.int64),
            "correct": of.correct[row].astype(np.int64),
            **counts,
            "bet_days": season.running(season.daily["bets"] > 0)[row].astype(np.int64),
            "effective_bets": rounded(n),
            "hit_rate": rounded(ratio(of.correct[row], of.bets[row])),
            "hit_rate_low": hit_low,
            "hit_rate_high": hit_high,
            **{name: rounded(np.where(n > 0, values, np.nan)) for name, values in (
                ("shrunken_rate", of.shrunken[row]), ("shrunken_low", low), ("shrunken_high", high))},
            "worse_p": rounded(of.worse_p[row]),
            "worse_q": rounded(of.worse_q[row]),
            "better_q": rounded(of.better_q[row]),
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
            "bias_flag": bias_flags(of.mean[row], q, self.scatter.at(row, self.scatter.volume)),
        }

    def _variance(self, row: int) -> dict[str, Any]:
        of = self.scatter
        spreads = {
            f"{name}_{kind}_{games}": rounded(of.at(row, getattr(of.spreads[name, games], kind)))
            for name in ("points", "error") for kind in ("sd", "mad") for games in GAMES
        }  # fmt: skip
        return {
            "mean_points_20": rounded(of.at(row, of.volume)),
            **spreads,
            "peer_sd_20": rounded(of.peers[row]),
            "variance_q": rounded(of.q[row]),
            "variance_flag": of.flag_names(row),
            "confidence_reduction": rounded(of.reduction(row)),
        }

    def _status(self, date: dt.date, row: int, overrides: Mapping[str, Override]) -> dict[str, Any]:
        judged = self.policies[self.acting]
        computed = [PLAYER_STATUSES[code] for code in judged.held.status[row]]
        meets = {name: other.signals.enters[row] == _FLAG for name, other in self.policies.items()}
        flagged_by = [", ".join(name for name, met in meets.items() if met[p]) or None for p in range(len(computed))]
        over = [overrides.get(player) for player in self.season.players]
        since = [dt.date.fromordinal(int(day)) for day in judged.held.since[row]]
        held_until = [
            day + HELD if status in _HOLDING and day + HELD > date else None
            for day, status in zip(since, computed, strict=True)
        ]
        return {
            "flagged_by": flagged_by,
            "policy": self.acting,
            "computed_status": computed,
            "status": [o.status if o else status for o, status in zip(over, computed, strict=True)],
            "reason": [o.told if o else self._reason(row, p, computed[p]) for p, o in enumerate(over)],
            "since": [o.first if o else day for o, day in zip(over, since, strict=True)],
            "until": [o.until if o else day for o, day in zip(over, held_until, strict=True)],
            "override_id": [o.override_id if o else None for o in over],
        }

    def _reason(self, row: int, player: int, status: str) -> str:
        """Why the policy that acts says so, in figures."""
        of, edge_rule = self.evidence, self.acting != FALSE_DISCOVERY
        if status == "not_enough":
            if edge_rule:
                return f"{of.edge_bets[row, player]:.0f} bets with an edge of 3, of {EDGE_BETS} needed"
            return f"{of.effective_bets[row, player]:.1f} effective bets, of {ENOUGH:g} needed"
        if edge_rule:
            told = f"won {of.edge_correct[row, player]:.0f} of {of.edge_bets[row, player]:.0f} bets with an edge of 3"
        elif status == "normal":
            return "no worse and no better than all players, as far as can be told from chance"
        else:
            q = of.better_q[row, player] if status == "reliable" else of.worse_q[row, player]
            told = (
                f"won {of.correct[row, player]:.0f} of {of.bets[row, player]:.0f} bets, worth "
                f"{of.effective_bets[row, player]:.1f}; false discovery rate {q:.3f}"
            )
        meets = self.policies[self.acting].signals.enters[row, player] == CODE[status]
        return told if meets else f"{told}; held: not clearly over yet"

    def _review(self, date: dt.date, name: str, judged: Judged) -> dict[str, Any]:
        row = self.season.known(date)
        bets, correct, squares = (
            float(daily[:row].sum()) for daily in (judged.flagged.bets, judged.flagged.came, judged.squares)
        )
        effect = design_effect(bets, squares, self.evidence.correlation[row])
        low, high = wilson(np.array([bets]) / effect, np.array([correct]) / effect)
        beside = [float(rounded(np.array(values[row]))) for values in judged.beside_others]
        flagged = judged.held.status[: row + 1] == _FLAG
        return {
            "game_date": date,
            "policy": name,
            "acting": name == self.acting,
            "players": int((judged.held.status[row] != CODE["not_enough"]).sum()),
            "flagged_players": int(flagged[row].sum()),
            "ever_flagged": int(flagged.any(axis=0).sum()),
            "bets": int(bets),
            "correct": int(correct),
            "hit_rate": float(rounded(ratio(correct, bets))),
            "hit_rate_low": float(low[0]),
            "hit_rate_high": float(high[0]),
            "other_bets": int(judged.others.bets[:row].sum()),
            "other_correct": int(judged.others.came[:row].sum()),
            **dict(zip(("difference", "difference_low", "difference_high"), beside, strict=True)),
            "verdict": verdict(*beside[1:]),
        }


def verdict(low: float, high: float) -> str:
    """What an interval of a difference says."""
    if np.isnan(low):
        return "not_enough"
    return "worse" if high < 0 else "better" if low > 0 else "noise"


def wilson(bets: Floats, correct: Floats) -> tuple[Floats, Floats]:
    """The 95 % interval (Wilson 1927), for any real counts; NaN without bets."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(correct, np.where(bets > 0, bets, 1), alpha=0.05, method="wilson")
    ends = (np.where(bets > 0, np.clip(end, 0, 1), np.nan) for end in (low, high))
    return rounded(next(ends)), rounded(next(ends))


def rounded(values: Floats) -> Floats:
    """As everything computed is: a new version of a library does not rewrite the tables for the sake of a last bit."""
    return np.asarray(values, np.float64).round(DECIMALS) + 0.0


def judged(season: Season, dates: Sequence[dt.date], overrides: Mapping[dt.date, Mapping[str, Override]],
           acting: str = FALSE_DISCOVERY) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """The rows of both tables for some dates of the season."""
    judge = Judge.of(season, acting)
    players = [judge.players_on(date, overrides[date]) for date in dates]
    return pd.concat(players, ignore_index=True), pd.concat([judge.policies_on(d) for d in dates], ignore_index=True)
