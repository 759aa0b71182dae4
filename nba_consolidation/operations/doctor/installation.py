"""What `doctor` looks at on this machine: the settings, the versions of what is installed, and room on the disk."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from nba_consolidation.leases import LeaseTiming
from nba_consolidation.operations.doctor.health_checks import Look, Verdict
from nba_consolidation.settings import LOCAL, PRODUCTION, Settings, unknown_variables, variable

_DISTRIBUTION = "nba-consolidation"
_NAMED = ("dagster", "duckdb", "sqlglot", "pyarrow")
_GIB = 2**30
LITTLE_ROOM, NO_ROOM = 2 * _GIB, _GIB // 4
"""Bytes that must be free: DuckDB spills what a large merge does not have memory for."""


def looks(
    settings: Settings,
    check_thresholds: Callable[[], object],
    free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
) -> Sequence[Look]:
    """check_thresholds: raises SettingsError for a threshold of the daily quality that cannot be meant.

    free: the bytes that are free where a path lies.
    """
    return (
        ("settings", lambda: _settings(settings, check_thresholds)),
        ("versions", lambda: versions(_extras(settings))),
        ("disk", lambda: _disk(settings, free)),
    )


def _settings(settings: Settings, check_thresholds: Callable[[], object]) -> tuple[Verdict, str]:
    """Names only: a value can be a secret."""
    check_thresholds()
    LeaseTiming(settings.lease_ttl)
    changed = [variable(name) for name in sorted(settings.model_fields_set)]
    told = f"{settings.deployment}, in {settings.place}; set are {', '.join(changed) or 'none, all are defaults'}"
    if unknown := unknown_variables():
        return Verdict.WARNING, f"{told}. {', '.join(unknown)} set nothing: look at the spelling, or unset them"
    return Verdict.FINE, told


def _extras(settings: Settings) -> Sequence[str]:
    """The optional parts that these settings need."""
    needed = {
        "production": settings.deployment == PRODUCTION,
        "alerts": settings.slack_token is not None,
        "telemetry": settings.otlp_endpoint is not None,
    }
    return [extra for extra, wanted in needed.items() if wanted]


def versions(
    extras: Sequence[str], requirements: Sequence[str] | None = None, installed: Mapping[str, str] | None = None
) -> tuple[Verdict, str]:
    """Whether every library that is needed is installed, in a version that was declared.

    requirements, installed: instead of what this package declares, and of what is there, by name.
    """
    try:
        declared = metadata.requires(_DISTRIBUTION) or [] if requirements is None else requirements
    except metadata.PackageNotFoundError:
        return Verdict.UNKNOWN, f"{_DISTRIBUTION} is not installed but run from its folder: pip install --editable ."
    wrong, of = [], ""
    for requirement in map(Requirement, declared):
        markers = [{"extra": extra} for extra in ("", *extras)]
        if requirement.marker is not None and not any(map(requirement.marker.evaluate, markers)):
            continue
        found = _version(requirement.name, installed)
        if found is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} is {found}, not {requirement.specifier}")
    if wrong:
        of = f"[{','.join(extras)}]" if extras else ""
        return Verdict.FAILED, f"{'; '.join(wrong)}. pip install --constraint constraints.txt '{_DISTRIBUTION}{of}'"
    told = [f"{name} {_version(name, installed)}" for name in (_DISTRIBUTION, *_NAMED)]
    return Verdict.FINE, f"Python {platform.python_version()}, {', '.join(told)}"


def _version(name: str, installed: Mapping[str, str] | None) -> str | None:
    if installed is not None:
        return installed.get(name)
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _disk(settings: Settings, free: Callable[[Path], int]) -> tuple[Verdict, str]:
    """Where the warehouse and the staging area lie; in production, where a run keeps what is temporary."""
    places = [settings.home, settings.staging or settings.home] if settings.deployment == LOCAL else []
    room = {path: free(path) for path in places or [Path(tempfile.gettempdir())] if path.exists()}
    told = "; ".join(f"{left / _GIB:,.1f} GiB are free in {path}" for path, left in room.items())
    least = min(room.values(), default=LITTLE_ROOM)
    if least < LITTLE_ROOM:
        to_do = "make room: `nba-consolidation cleanup` shows staging tables that were left lying"
        return (Verdict.FAILED if least < NO_ROOM else Verdict.WARNING), f"{told}: {to_do}"
    return Verdict.FINE, told
