"""Journals: each process writes a file of JSON lines, which survives its SIGKILL and can be read by others."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Journal:
    """The journal of one process. An entry is on disk when `note` returns."""

    def __init__(self, folder: Path, name: str) -> None:
        journals = folder / "journals"
        journals.mkdir(parents=True, exist_ok=True)
        self._file = os.open(journals / f"{name}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(self, **entry: Any) -> None:
        os.write(self._file, json.dumps(entry).encode() + b"\n")
        os.fsync(self._file)


def entries(folder: Path, role: str = "") -> Iterator[Entry]:
    """The entries of all processes of a role (or of all), each in order, without partially written ones."""
    for path in sorted((folder / "journals").glob(f"{role}*.jsonl")):
        yield from map(json.loads, path.read_text().split("\n")[:-1])


class Tail:
    """Reads the entries that the processes of a role have written since the last call."""

    def __init__(self, folder: Path, role: str) -> None:
        self._folder = folder / "journals"
        self._role = role
        self._read: Counter[str] = Counter()

    def read(self) -> Iterator[tuple[str, Entry]]:
        """The name of the process and the entry."""
        for path in self._folder.glob(f"{self._role}*.jsonl"):
            with path.open("rb") as file:
                file.seek(self._read[path.stem])
                whole = file.read().rpartition(b"\n")[0]
            self._read[path.stem] += len(whole) + 1 if whole else 0
            yield from ((path.stem, json.loads(line)) for line in whole.split(b"\n") if line)
