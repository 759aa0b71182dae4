"""What a process did, told by itself: a file of JSON lines that survives its SIGKILL, and can be read by all."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Journal:
    """Of one process. An entry is on the disk when `note` returns."""

    def __init__(self, folder: Path, name: str) -> None:
        journals = folder / "journals"
        journals.mkdir(parents=True, exist_ok=True)
        self._file = os.open(journals / f"{name}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(self, **entry: Any) -> None:
        os.write(self._file, json.dumps(entry).encode() + b"\n")
        os.fsync(self._file)


def entries(folder: Path, role: str = "") -> Iterator[Entry]:
    """Of all processes of a role, or of all, each one's in its order; without the one at which it was killed."""
    for path in sorted((folder / "journals").glob(f"{role}*.jsonl")):
        yield from map(json.loads, path.read_text().split("\n")[:-1])


class Tail:
    """Reads what the processes of a role noted since the last time."""

    def __init__(self, folder: Path, role: str) -> None:
        self._folder = folder / "journals"
        self._role = role
        self._read: Counter[str] = Counter()

    def read(self) -> Iterator[tuple[str, Entry]]:
        """Whose entry, and the entry."""
        for path in self._folder.glob(f"{self._role}*.jsonl"):
            with path.open("rb") as file:
                file.seek(self._read[path.stem])
                whole = file.read().rpartition(b"\n")[0]
            self._read[path.stem] += len(whole) + 1 if whole else 0
            yield from ((path.stem, json.loads(line)) for line in whole.split(b"\n") if line)
