"""Runs the contenders: each phase in a child process, in turns, and repeated. Prints no results."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import data
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.data import Size
from benchmarks.job import Job
from benchmarks.verdict import Verdict, verdict_of

ROOT = Path(__file__).resolve().parent.parent
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
_TIMEOUT = 900
# The phases after the first. For the peers every second run is a redelivery.
_RERUNS = {"product": ("idle", "again", "redelivered")}

Outcome = dict[str, Any]


@dataclass
class Measured:
    """The results of one contender: outcomes by phase in order of rounds, and verdicts by phase."""

    contender: Contender
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    error: str | None = None

    def seconds(self, phase: str = "first") -> list[float]:
        """By round."""
        return [outcome["seconds"] for outcome in self.outcomes.get(phase, [])]

    @property
    def peak_bytes(self) -> int:
        """The largest of all rounds and phases."""
        return max((o["peak_bytes"] for outcomes in self.outcomes.values() for o in outcomes), default=0)


@dataclass
class Runner:
    """Makes data below `work` at the first use, and runs contenders on it."""

    work: Path
    say: Callable[[str], None]
    steps: bool = False

    def versions(self, contender: Contender) -> Outcome:
        """The versions of the contender's libraries, or why it cannot run."""
        return self._child(contender, Job(contender.name, "import", "", "", "", "", 0))

    def compare(self, size: Size, names: Sequence[str], repeat: int, phases: bool = True) -> dict[str, Measured]:
        """The contenders in turns, `repeat` times, each round beginning with another one."""
        measured = {c.name: Measured(c) for c in CONTENDERS if c.name in names}
        for entry in measured.values():
            entry.error = self.versions(entry.contender).get("error")
        for number in range(repeat):
            entries = list(measured.values())
            first = number % len(entries)
            for entry in entries[first:] + entries[:first]:
                if entry.error is None:
                    self._round(entry, size, number, phases)
        return measured

    def _round(self, entry: Measured, size: Size, number: int, phases: bool) -> None:
        """One fresh run; then the reruns. A redelivery runs in the first round only."""
        reruns = _RERUNS.get(entry.contender.name, ("redelivered",)) if phases else ()
        for phase in ("first", *reruns):
            if phase == "redelivered" and number > 0:
                continue
            outcome = self._child(entry.contender, self._job(entry.contender, phase, size))
            if "error" in outcome:
                entry.error = f"{phase}: {outcome['error']}"
                return
            entry.outcomes.setdefault(phase, []).append(outcome)
            self.say(f"round {number + 1}  {entry.contender.name:16} {phase:12} {outcome['seconds']:8.3f} s")
            if phases and phase in ("first", "redelivered"):
                verdict = verdict_of(outcome["result"], data.expected_file(self._staged(size)), size.history)
                if phase not in entry.verdicts or not verdict.right:
                    entry.verdicts[phase] = verdict

    def _job(self, contender: Contender, phase: str, size: Size) -> Job:
        base = self.work / size.base_name
        staged = self._staged(size)
        data.make_staged(size, staged)
        data.make_base(size, base)
        return Job(
            contender.name, phase, str(staged), str(base), str(self.work / "run" / contender.name),
            data.FIRST_DATE.isoformat(), data.DATES, self.steps,
        )  # fmt: skip

    def _staged(self, size: Size) -> Path:
        return self.work / size.staged_name

    def _child(self, contender: Contender, job: Job) -> Outcome:
        python = Path(sys.executable) if contender.in_project_environment else PEERS_PYTHON
        if not python.exists():
            return {"error": f"missing: {python} does not exist; `make bench` makes it"}
        self.work.mkdir(parents=True, exist_ok=True)
        outcome = self.work / "outcome.json"
        outcome.unlink(missing_ok=True)
        log = self.work / f"{contender.name}.log"
        command = [str(python), "-m", "benchmarks.child", job.to_json(), str(outcome)]
        try:
            with log.open("a") as output:
                subprocess.run(command, cwd=ROOT, stdout=output, stderr=output, timeout=_TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            return {"error": f"took more than {_TIMEOUT} s"}
        if not outcome.exists():
            return {"error": f"its process died; see {log}"}
        return dict(json.loads(outcome.read_text()))
