"""Runs every mutant against its tests, on copies of the project. Exit code 0: all are dead.

A mutant is dead if one of its tests fails (exit code 1 of pytest). A test that cannot be collected is an error of the
table, not a death, and so is a test that fails without the mutant.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from nba_consolidation_tests.mutants.table import AREAS, ROOT, Mutant, mutants

_PASSED, _FAILED = 0, 1
_EMULATOR = ".venv-bqemulator"
_COPIED = ("nba_consolidation", "nba_consolidation_tests", "docs", "pyproject.toml", "setup.cfg")


def main(arguments: Sequence[str]) -> int:
    options, began = _parsed(arguments), time.monotonic()
    chosen = [mutant for area in options.areas or AREAS for mutant in mutants(area) if options.only in mutant.fault]
    for mutant in chosen:
        mutant.changed(ROOT)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(options.processes):
            copies.put(_copy(Path(folder, str(number))))
        tests = sorted({test for mutant in chosen for test in mutant.tests})
        with ThreadPoolExecutor(options.processes) as pool:
            broken = [
                problem
                for problem in pool.map(lambda part: _unmutated(copies, part), _parts(tests, options.processes))
                if problem
            ]
            if broken:
                print("\n".join(broken))
                print("The tests fail without a mutant: nothing was tried.")
                return 1
            survivors = [mutant for mutant, dead in pool.map(lambda each: _try(copies, each), chosen) if not dead]
    print(f"{len(tests)} tests, {(time.monotonic() - began) / 60:.1f} min")
    if survivors:
        print("alive: " + "; ".join(f"{mutant.file}: {mutant.fault}" for mutant in survivors))
        return 1
    print(f"{len(chosen)} mutants, all dead")
    return 0


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument(
        "areas", nargs="*", metavar="AREA", choices=[*AREAS, []], help=f"of {', '.join(AREAS)}; default: all"
    )
    parser.add_argument("--only", default="", help="only mutants whose fault has this text")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args(arguments)


def _parts(tests: Sequence[str], count: int) -> list[Sequence[str]]:
    return [part for number in range(count) if (part := tests[number::count])]


def _copy(folder: Path) -> Path:
    folder.mkdir()
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy2(source, folder / name)
    (folder / _EMULATOR).symlink_to(ROOT / _EMULATOR)
    return folder


def _unmutated(copies: SimpleQueue[Path], tests: Sequence[str]) -> str:
    """The output of tests that fail without a mutant; empty if they pass."""
    copy = copies.get()
    try:
        run = _pytest(copy, tests)
        return "" if run.returncode == _PASSED else run.stdout
    finally:
        copies.put(copy)


def _try(copies: SimpleQueue[Path], mutant: Mutant) -> tuple[Mutant, bool]:
    """Whether one of its tests fails. The copy is restored afterwards."""
    copy, began = copies.get(), time.monotonic()
    path = copy / mutant.file
    text, modified = path.read_text(encoding="utf-8"), path.stat().st_mtime_ns
    try:
        path.write_text(mutant.changed(copy), encoding="utf-8")
        run = _pytest(copy, mutant.tests)
    finally:
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(modified, modified))  # what is compiled for it is valid again
        copies.put(copy)
    dead = run.returncode == _FAILED
    fate = "dead " if dead else "ALIVE" if run.returncode == _PASSED else f"ERROR {run.returncode}"
    print(f"{fate} {time.monotonic() - began:5.1f} s  {mutant.area:<14} {mutant.fault}", flush=True)
    if run.returncode not in (_PASSED, _FAILED):
        print(run.stdout[-2000:])
    return mutant, dead


def _pytest(copy: Path, tests: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Also processes that a test starts import the copy, and write no compiled file that a later run would take."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    options = ("-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist")
    command = [sys.executable, "-m", "pytest", *options, *tests]
    return subprocess.run(
        command, cwd=copy, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
