"""`python -m benchmarks.player_rules`: rules that flag players on whom bets are bad, on simulated seasons.

200 players, 10 of them planted, with normal margins; two bets on a date are correlated by 0.9. A season is reviewed at
its end. Each rule's flags are then compared with the truth, and with the bets of the same players on as many later
dates. Beside the product's rule stand that of earlier releases, which tested wins, and the predecessor's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import click
import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.reliability.evidence import Evidence
from nba_consolidation.pipeline.analysis.reliability.player_season import Flags, Floats, PlayerSeason
from nba_consolidation.pipeline.analysis.reliability.policies import EDGE_RULE, FALSE_DISCOVERY, POLICIES, STATUS_CODES
from nba_consolidation.pipeline.analysis.reliability.significance import false_discovery_rates

PLAYERS, PLANTED, BETS, CORRELATION, PLAYS, SD = 200, 10, 2, 0.9, 0.5, 6.0
POWER_AIM, FALSE_AIM = 0.75, 0.05
OPENING = dt.date(2025, 10, 21)


@dataclass(frozen=True)
class Setting:
    """dates: of the season, of which a player plays half. differ: the SD of the logarithm of the players' own SDs."""

    hit_rate: float
    dates: int
    differ: float = 0.0

    @property
    def title(self) -> str:
        bets = round(self.dates * PLAYS * BETS)
        varied = ", unequal SDs" if self.differ else ""
        return f"{self.hit_rate:.0%} hit rate, {bets} bets{varied}".replace("%", " %")


SETTINGS = (Setting(0.35, 62), Setting(0.25, 62), Setting(0.35, 165), Setting(0.25, 62, 0.35), Setting(0.5, 62, 0.35))
AIMED_AT = SETTINGS[1]


def simulated(chance: np.random.Generator, setting: Setting) -> tuple[PlayerSeason, PlayerSeason]:
    """A season, and the bets of the same players afterwards. The first players are the planted ones."""
    from scipy.special import ndtri

    shift = np.zeros(PLAYERS)
    shift[:PLANTED] = ndtri(setting.hit_rate)
    sd = SD * np.exp(setting.differ * chance.normal(size=PLAYERS))

    def season() -> PlayerSeason:
        shape = (setting.dates, PLAYERS)
        common, own = chance.normal(size=shape), chance.normal(size=(BETS, *shape))
        margins = (shift + CORRELATION**0.5 * common + (1 - CORRELATION) ** 0.5 * own) * sd
        plays = chance.permuted(
            np.broadcast_to(np.arange(setting.dates)[:, None] < setting.dates * PLAYS, shape), axis=0
        )
        return _season(np.where(plays, np.floor(margins) + 0.5, np.nan), chance.random((BETS, *shape)) < 0.5)

    return season(), season()


def _season(margins: Floats, edged: Flags) -> PlayerSeason:
    """margins: by bet, date and player; NaN without a bet. edged: whether the edge was 3 points or more."""
    bet, won = ~np.isnan(margins), np.nan_to_num(margins) > 0
    daily: Mapping[str, npt.NDArray[np.int64]] = {
        name: chosen.sum(axis=0)
        for name, chosen in {"bets": bet, "correct": won, "edge_bets": bet & edged, "edge_correct": won & edged}.items()
    }
    dates = tuple(OPENING + dt.timedelta(number) for number in range(margins.shape[1]))
    return replace(PlayerSeason.of(OPENING, []), game_dates=dates, daily=daily, margins=margins.mean(axis=0))


def wins(of: Evidence) -> Flags:
    """The rule of earlier releases: the binomial tail of effective bets against the hit rate of all players."""
    from scipy.special import betainc

    n, rate = of.effective_bets[-1], of.correct[-1].sum() / of.bets[-1].sum()
    won = np.nan_to_num(of.hit_rate[-1]) * n
    tail = betainc(np.maximum(n - won, 1e-9), won + 1, 1 - rate)
    return false_discovery_rates(np.where(n >= 8, tail, np.nan)) <= 0.05


def policy(name: str) -> Callable[[Evidence], Flags]:
    """The players whom a policy of the product blacklists."""
    return lambda of: POLICIES[name](of).enters[-1] == STATUS_CODES["blacklisted"]


RULES: Mapping[str, Callable[[Evidence], Flags]] = {
    "this product: margins": policy(FALSE_DISCOVERY),
    "earlier releases: wins": wins,
    "predecessor: 8 bets, under 40 %": policy(EDGE_RULE),
}


@dataclass(frozen=True)
class Results:
    """Of a rule over some seasons. later: the hit rate of bets on flagged players after the season; NaN without."""

    power: float
    false_discoveries: float
    flagged: float
    later: float
    later_of_others: float


def evaluate(setting: Setting, seasons: int, seed: int = 1) -> Mapping[str, Results]:
    """By rule. false_discoveries: the mean share of players among the flagged who are not planted."""
    chance = np.random.default_rng(seed)
    flags: dict[str, list[Flags]] = {name: [] for name in RULES}
    later: list[tuple[Floats, Floats]] = []
    for _ in range(seasons):
        season, after = simulated(chance, setting)
        evidence = Evidence.of(season)
        for name, rule in RULES.items():
            flags[name].append(rule(evidence))
        later.append((after.daily["correct"].sum(axis=0), after.daily["bets"].sum(axis=0)))
    return {name: _results(np.array(of), later, setting) for name, of in flags.items()}


def _results(flagged: Flags, later: Sequence[tuple[Floats, Floats]], setting: Setting) -> Results:
    planted = np.arange(PLAYERS) < (PLANTED if setting.hit_rate < 0.5 else 0)
    number = flagged.sum(axis=1)
    false = (flagged & ~planted).sum(axis=1) / np.maximum(number, 1)
    correct, bets = (np.array(values) for values in zip(*later, strict=True))
    hit, of_others = (
        float(correct[chosen].sum() / bets[chosen].sum()) if chosen.any() else float("nan")
        for chosen in (flagged, ~flagged)
    )
    power = float(flagged[:, planted].mean()) if planted.any() else float("nan")
    return Results(power, float(false.mean()), float(number.mean()), hit, of_others)


@click.command()
@click.option("--seasons", default=150, show_default=True, help="Simulated seasons of each setting.")
def main(seasons: int) -> None:
    """Prints the table, and whether the aims are reached."""
    names = ("power", "false", "flagged", "their later bets", "all others")
    click.echo(f"\n{seasons} simulated seasons each, {PLAYERS} players, {PLANTED} planted:\n")
    click.echo(f"{'':36}{'':32}" + "".join(f"{name:>18}" for name in names))
    evaluated = {setting: evaluate(setting, seasons) for setting in SETTINGS}
    for setting, rules in evaluated.items():
        for name, of in rules.items():
            shares = (of.power, of.false_discoveries, of.later, of.later_of_others)
            power, wrong, later, others = ("-" if np.isnan(share) else f"{share:.1%}" for share in shares)
            cells = (power, wrong, f"{of.flagged:.2f}", later, others)
            click.echo(f"{setting.title:36}{name:32}" + "".join(f"{cell:>18}" for cell in cells))
    own = {setting: rules["this product: margins"] for setting, rules in evaluated.items()}
    false = float(np.mean([of.false_discoveries for of in own.values()]))
    for aim, reached, value in (
        (f"power at {AIMED_AT.title}: at least {POWER_AIM:.0%}", own[AIMED_AT].power >= POWER_AIM, own[AIMED_AT].power),
        (f"false discoveries, all settings: at most {FALSE_AIM:.0%}", false <= FALSE_AIM, false),
    ):
        click.echo(f"{aim}: {'reached' if reached else 'missed'} ({value:.1%})")


if __name__ == "__main__":
    main()
