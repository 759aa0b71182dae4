"""`python -m benchmarks.calibration_choice`: rules that choose a calibration, each week for the bets of the next one.

Simulated systems with a known truth, or with --home the graded bets of a deployment. The rules differ in the tiers
among which the one-standard-error rule acts; within a tier the lowest log loss wins. Beside them stand two constants.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from unittest import mock

import click
import numpy as np

from nba_consolidation.pipeline.analysis.recalibration import candidates
from nba_consolidation.pipeline.analysis.recalibration.candidates import IDENTITY, Calibration, fit
from nba_consolidation.pipeline.analysis.recalibration.evaluation import scores
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import (
    STEPS,
    BetWindow,
    Floats,
    GradedBets,
    read_graded_bets,
)
from nba_consolidation.pipeline.analysis.recalibration.selection import Trial, walk_forward
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import deploy

WINDOW_DAYS, WEEK, LEAD = 30, dt.timedelta(7), dt.timedelta(14)
Tiers = Sequence[Sequence[str]]
Rule = Callable[[GradedBets, dt.date], Calibration]


def multiplier(bets: GradedBets) -> Calibration | None:
    """The confidence times hit rate / mean confidence: a candidate of earlier releases."""
    factor = bets.correct / float((bets.confidence * bets.number).sum())
    return Calibration("multiplier", {}, tuple(np.clip(factor * np.linspace(0, 1, 101), 0.001, 0.999).tolist()))


FITS = {**candidates.FITS, "multiplier": multiplier}
OWN: Tiers = (("identity",), *((method,) for method in candidates.FITS))
TIERS: Mapping[str, Tiers] = {
    "earlier releases: none / multiplier, platt, beta / isotonic": (
        ("identity",), ("multiplier", "platt", "beta"), ("isotonic",)),
    "none / platt / multiplier, beta / isotonic": (
        ("identity",), ("platt",), ("multiplier", "beta"), ("isotonic",)),
    "always platt": (("platt",),),
    "this product: none / temperature / platt / beta / isotonic": OWN,
}  # fmt: skip


def rule(tiers: Tiers) -> Rule:
    """The candidate that the one-standard-error rule chooses among the tiers."""
    methods = [method for tier in tiers for method in tier if method != "identity"]

    def choose(bets: GradedBets, date: dt.date) -> Calibration:
        with mock.patch.dict(candidates.FITS, {method: FITS[method] for method in methods}, clear=True):
            trial = walk_forward(bets, bets, date)
            return IDENTITY if trial is None else fit(best(trial, tiers), bets)

    return choose


def best(trial: Trial, tiers: Tiers) -> str:
    """The method with the lowest log loss of the first tier that comes within a standard error of the lowest."""
    for tier in tiers:
        of_tier = [one for one in trial.candidates if one.method in tier]
        lowest = min(of_tier, key=lambda one: one.behind.mean, default=None)
        if lowest and (lowest.behind.mean <= lowest.behind.standard_error or tier is tiers[-1]):
            return lowest.method
    raise AssertionError("some tier has a candidate")


def constant(value: float | None = None) -> Rule:
    """The hit rate of the window, or the value, whatever the confidence."""
    return lambda bets, _: Calibration("constant", {}, (value or bets.correct / bets.total,) * 101)


RULES: Mapping[str, Rule] = {
    **{name: rule(tiers) for name, tiers in TIERS.items()},
    "the window's hit rate, a constant": constant(),
    "0.5": constant(0.5),
}


def simulated(seed: int, slope: float) -> GradedBets:
    """100 dates of a system whose log-odds of winning are slope * those of the confidence + the luck of the night."""
    chance = np.random.default_rng(seed)
    dates, a_date = 100, 100
    confidence: Floats = chance.integers(500, 950, dates * a_date) / STEPS
    night = np.repeat(chance.normal(0, 0.25, dates), a_date)
    won = chance.random(len(confidence)) < 1 / (1 + np.exp(-slope * np.log(confidence / (1 - confidence)) - night))
    day = np.repeat(dt.date(2026, 1, 1).toordinal() + np.arange(dates), a_date)
    return GradedBets(day, confidence, won.astype(np.int64), 1 - won.astype(np.int64))


def evaluated(systems: Mapping[str, GradedBets]) -> Mapping[str, tuple[GradedBets, Floats]]:
    """By rule: all later bets, and their confidence as calibrated by the rule on the weeks before."""
    parts: dict[str, list[tuple[GradedBets, Floats]]] = {name: [] for name in RULES}
    for system, bets in systems.items():
        date, last = (dt.date.fromordinal(int(day)) for day in (bets.day.min(), bets.day.max()))
        date += LEAD
        while date <= last:
            window, later = BetWindow.of(date, WINDOW_DAYS, {system: bets}).pooled, bets.between(date, date + WEEK)
            for name, choose in RULES.items():
                parts[name].append((later, choose(window, date)(later.confidence)))
            date += WEEK
    return {
        name: (GradedBets.concatenated([bets for bets, _ in of]), np.concatenate([one for _, one in of]))
        for name, of in parts.items()
    }


def table(systems: Mapping[str, GradedBets]) -> str:
    """One line per rule."""
    lines = [f"{'rule':62} {'log loss':>9} {'ECE':>7}  by chance"]
    for name, (bets, calibrated) in evaluated(systems).items():
        one = scores(calibrated, bets)
        noise = f"{one.ece_noise:.4f}, 95 % below {one.ece_noise_high:.4f}"
        lines.append(f"{name:62} {one.log_loss:9.5f} {one.ece:7.4f}  {noise}")
    return "\n".join(lines)


@click.command()
@click.option("--home", type=click.Path(exists=True, path_type=Path), help="A deployment with graded bets.")
def main(home: Path | None) -> None:
    """Prints the table for a home, or for simulated systems whose confidence is worth something and nothing."""
    if home:
        warehouse = deploy(Settings(home=home)).warehouse
        click.echo(table(read_graded_bets(warehouse, dt.date(1946, 11, 1), dt.date.max)))
        return
    for slope, meaning in ((0.4, "overconfident"), (0.0, "without information")):
        click.echo(f"\nTen simulated systems, {meaning}:\n")
        click.echo(table({f"system_{seed}": simulated(seed, slope) for seed in range(10)}))


if __name__ == "__main__":
    main()
