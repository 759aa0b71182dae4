"""Hard links, on which the local warehouse and staging area depend: a second name for a file, made all at once.

They pin a file while it is read, and publish a finished one without replacing another.
"""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

from nba_consolidation.warehouse.errors import WarehouseUnavailable

_NOT_POSSIBLE = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
"""What a file system without hard links answers, or one that denies them for a file of somebody else."""


def hard_link(link: Path, target: Path) -> None:
    """Makes the link another name of the target.

    Raises WarehouseUnavailable where there are no hard links, and FileExistsError, FileNotFoundError or another OSError
    as for any file.
    """
    try:
        link.hardlink_to(target)
    except OSError as error:
        if error.errno not in _NOT_POSSIBLE:
            raise
        raise WarehouseUnavailable(
            f"no hard link can be made in {link.parent} ({error.strerror}). Choose a folder on a file system with hard "
            "links, and make its files writable for this user"
        ) from error


def nearest_existing(folder: Path) -> Path:
    """The folder as an absolute path, or the nearest one above it that exists."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


def write_fault(folder: Path) -> str | None:
    """Why no file with a hard link can be made in the folder, or in the one where it would be created; None if it can.

    Tries it, because permissions tell only half: nobody can create a folder in /proc. Leaves nothing behind.
    """
    folder, existing = folder.absolute(), nearest_existing(folder)
    if not existing.is_dir():
        return f"{existing} is not a folder"
    try:
        with tempfile.TemporaryDirectory(prefix=".probe-", dir=existing) as place:
            file = Path(place, "file")
            file.write_bytes(b"1")
            hard_link(Path(place, "link"), file)
    except OSError as error:
        fault = f"{folder} cannot be written" if existing == folder else f"{folder} cannot be created in {existing}"
        return f"{fault} ({error.strerror})"
    except WarehouseUnavailable as error:
        return f"{folder} has no hard links ({error})"
    return None
