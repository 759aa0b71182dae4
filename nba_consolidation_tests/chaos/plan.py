"""The parameters of a storm, drawn from its seed, and of each of its processes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Self

HOUR = 3600
_SKEWS = (HOUR, -HOUR, -HOUR)  # seconds; of three consolidators, the clocks of the others are right
_IGNORE_LOSS = 4


@dataclass(frozen=True)
class Order:
    """The parameters of one process. `skew`: seconds that its clock is ahead.

    ignores_loss: the consolidator does not check its lease during the transaction, so that only the fence protects the
    data.
    fenced: False removes the check of the fence from its transactions, which only these tests can do.
    """

    role: str
    slot: int
    seed: int
    folder: str
    leases: str
    ttl: float
    skew: int = 0
    ignores_loss: bool = False
    fenced: bool = True
    generation: int = 0

    @property
    def name(self) -> str:
        return f"{self.role}_{self.slot}_{self.generation}"

    @property
    def rng(self) -> Random:
        """The random numbers of this process; a restarted one has others."""
        return Random(f"{self.seed} {self.name}")

    def again(self) -> Self:
        """The parameters of the process that replaces this one."""
        return replace(self, generation=self.generation + 1)

    def to_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Plan:
    """One storm: the number of processes, its length in seconds, and the rates of faults per second.

    It goes on, up to `longest` seconds, until `late_wakers` processes have woken without their lease and reached the
    fence, and until at least `enough` were killed and as many stopped, because a busy machine is slow.
    """

    seed: int
    seconds: float = 5.0
    longest: float = 20.0
    late_wakers: int = 1
    enough: int = 3
    ttl: float = 1.0
    consolidators: int = 8
    stagers: int = 6
    followers: int = 2
    kills: float = 1.5
    stops: float = 1.0
    store_faults: float = 0.4

    @property
    def rng(self) -> Random:
        return Random(self.seed)

    def orders(self, folder: Path, leases: str) -> list[Order]:
        """The parameters of each process that the storm keeps running."""
        rng = self.rng
        skews = [*_SKEWS, *[0] * (self.consolidators - len(_SKEWS))]
        rng.shuffle(skews)
        # The lease of a process whose clock is ahead is not taken over, so that sleeping would have no effect.
        ignores_loss = rng.sample([slot for slot, skew in enumerate(skews) if skew <= 0], _IGNORE_LOSS)
        consolidator = Order("consolidator", 0, self.seed, str(folder), leases, self.ttl)
        return [
            *(
                replace(consolidator, slot=slot, skew=skew, ignores_loss=slot in ignores_loss)
                for slot, skew in zip(range(self.consolidators), skews, strict=True)
            ),
            *(replace(consolidator, role="stager", slot=slot) for slot in range(self.stagers)),
            *(replace(consolidator, role="follower", slot=slot) for slot in range(self.followers)),
        ]

    def stop(self, rng: Random) -> float:
        """Seconds that a process stays stopped, always longer than its lease."""
        return self.ttl * rng.uniform(1.2, 1.8)
