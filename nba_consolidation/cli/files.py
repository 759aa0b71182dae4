"""Files of rows that are named at the terminal: one by one, or by their directory. None is opened here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

SUFFIXES = (".parquet", ".csv", ".jsonl", ".ndjson")

files_argument = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))


def expanded(files: Iterable[Path]) -> list[Path]:
    """The files, once each; of a directory those in it that can be read. Raises click.UsageError for an empty one."""
    paths: list[Path] = []
    for path in files:
        if not path.is_dir():
            paths.append(path)
            continue
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
        if not inside:
            raise click.UsageError(f"{path} holds no file that could be read ({', '.join(SUFFIXES)}).")
        paths += inside
    return list(dict.fromkeys(paths))
