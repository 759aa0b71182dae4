"""What is to happen in one storm, all of it drawn from its seed; and what each process is told when it is started."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Self

HOUR = 3600
_SKEWS = (HOUR, -HOUR, -HOUR)  # of three consolidators; the clocks of the others are right
_DEAF = 4


@dataclass(frozen=True)
class Order:
    """What one process is told. `skew` (seconds) is how far its clock is ahead.

    A `deaf` consolidator is not told that its lease is lost once its transaction is under way: only the fence is left.
    `fenced=False` takes the fence out of its transactions: the switch that only these tests can reach.
    """

    role: str
    slot: int
    seed: int
    folder: str
    leases: str
    ttl: float
    skew: int = 0
    deaf: bool = False
    fenced: bool = True
    generation: int = 0

    @property
    def name(self) -> str:
        return f"{self.role}_{self.slot}_{self.generation}"

    @property
    def rng(self) -> Random:
        """The luck of this process; a restarted one has another."""
        return Random(f"{self.seed} {self.name}")

    def again(self) -> Self:
        """For the process that takes its place."""
        return replace(self, generation=self.generation + 1)

    def to_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Plan:
    """One storm: how many processes, for how many seconds, how often what befalls them (per second).

    It lasts longer, up to `longest` seconds, until so many (`meetings`) woke without their lease and met the fence, and
    until `enough` were killed and as many stopped: on a busy machine everything takes its time.
    """

    seed: int
    seconds: float = 5.0
    longest: float = 20.0
    meetings: int = 1
    enough: int = 3
    ttl: float = 1.0
    consolidators: int = 8
    stagers: int = 6
    kills: float = 1.5
    stops: float = 1.0
    weather: float = 0.4

    @property
    def rng(self) -> Random:
        return Random(self.seed)

    def orders(self, folder: Path, leases: str) -> list[Order]:
        """One for each process that is to be kept up."""
        rng = self.rng
        skews = [*_SKEWS, *[0] * (self.consolidators - len(_SKEWS))]
        rng.shuffle(skews)
        # Nobody but another such takes the lease of one whose clock is ahead: it would sleep for nothing.
        deaf = rng.sample([slot for slot, skew in enumerate(skews) if skew <= 0], _DEAF)
        consolidator = Order("consolidator", 0, self.seed, str(folder), leases, self.ttl)
        return [
            *(
                replace(consolidator, slot=slot, skew=skew, deaf=slot in deaf)
                for slot, skew in zip(range(self.consolidators), skews, strict=True)
            ),
            *(replace(consolidator, role="stager", slot=slot) for slot in range(self.stagers)),
        ]

    def stop(self, rng: Random) -> float:
        """Seconds that a process stays stopped: always beyond its lease."""
        return self.ttl * rng.uniform(1.2, 1.8)
