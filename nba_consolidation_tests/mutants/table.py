"""The table of mutants: one TOML file per area, beside this module."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FOLDER = Path(__file__).parent
AREAS = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@dataclass(frozen=True)
class Mutant:
    """One replaced text in one file, and the tests of which one must fail. fault: what the mutant does wrong."""

    area: str
    fault: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def changed(self, root: Path) -> str:
        """The file with the fault. Raises ValueError unless the old text is in it exactly once."""
        text = (root / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1 or self.old == self.new:
            raise ValueError(f"{self.file} has {text.count(self.old)} times, not once: {self.old}")
        return text.replace(self.old, self.new)


def mutants(area: str) -> list[Mutant]:
    """The mutants of an area. Paths in the table are relative to the package, and to its tests."""
    rows = tomllib.loads((_FOLDER / f"{area}.toml").read_text(encoding="utf-8"))["mutant"]
    return [
        Mutant(
            area=area,
            fault=row["fault"],
            file=f"nba_consolidation/{row['file']}",
            old=row["old"],
            new=row["new"],
            tests=tuple(f"nba_consolidation_tests/{test}" for test in row["tests"]),
        )
        for row in rows
    ]
