"""Health checks of this machine: the settings, the installed libraries, and free disk space."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from nba_consolidation.operations.doctor.health_checks import Health, HealthCheck
from nba_consolidation.settings import BUCKET, LOCAL, PRODUCTION, Settings, unknown_variables, variable
from nba_consolidation.warehouse.hard_links import nearest_existing, write_fault

_DISTRIBUTION = "nba-consolidation"
_NAMED_LIBRARIES = ("dagster", "duckdb", "sqlglot", "pyarrow")
_GIB = 2**30
LOW_SPACE, NO_SPACE = 2 * _GIB, _GIB // 4
"""Bytes of free disk space: DuckDB spills what does not fit into memory."""


def installation_checks(
    settings: Settings, free_space: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> Sequence[HealthCheck]:
    """free_space: the free bytes of the disk of a path."""
    return (
        ("settings", lambda: _settings(settings)),
        ("libraries", lambda: libraries(settings)),
        ("disk", lambda: _disk(settings, free_space)),
        ("folders", lambda: _folders(settings)),
    )


def _settings(settings: Settings) -> tuple[Health, str]:
    """Names the settings only: a value can be a secret."""
    changed = ", ".join(variable(name) for name in sorted(settings.model_fields_set))
    detail = f"{settings.deployment}, in {settings.place}; set: {changed or 'none'}"
    if unknown := unknown_variables():
        return Health.WARNING, f"{detail}. {'; '.join(unknown)}. Correct the name, or unset the variable"
    return Health.OK, detail


@cache
def _pip_check() -> Sequence[str]:
    """The conflicts that pip finds among the installed libraries."""
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode else ()


def libraries(settings: Settings, pip_check: Callable[[], Sequence[str]] = _pip_check) -> tuple[Health, str]:
    """Whether the installed libraries are compatible, and the extras that the settings need are installed."""
    versions = {name: _version(name) for name in (_DISTRIBUTION, *_NAMED_LIBRARIES)}
    if versions[_DISTRIBUTION] is None:
        return Health.UNKNOWN, f"{_DISTRIBUTION} is not installed but run from its folder: pip install --editable ."
    needed = {
        "production": settings.deployment == PRODUCTION and "dagster-gcp",
        "alerts": settings.slack_token is not None and "dagster-slack",
        "telemetry": settings.otlp_endpoint is not None and "opentelemetry-sdk",
    }
    missing = {extra: library for extra, library in needed.items() if library and _version(library) is None}
    faults = [*(f"{library} is missing" for library in missing.values()), *pip_check()]
    if faults:
        extras = f"[{','.join(missing)}]" if missing else ""
        command = f"pip install --constraint constraints.txt '{_DISTRIBUTION}{extras}'"
        return Health.FAILED, f"{'; '.join(faults)}. Run: {command}"
    installed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Health.OK, f"Python {platform.python_version()}, {installed}"


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _folders(settings: Settings) -> tuple[Health, str]:
    """Whether the folders of the home, of staging and of reports can be written, or can be created."""
    local = settings.deployment == LOCAL
    folders = [settings.home, settings.staging or settings.home / "staging"] if local else []
    if not settings.reports_place.startswith(BUCKET):
        folders.append(Path(settings.reports_place))
    faults = dict.fromkeys(fault for folder in folders if (fault := write_fault(folder)))
    if faults:
        return Health.FAILED, f"{'; '.join(faults)}. Make them writable for this user, or choose others"
    return Health.OK, f"can be written: {', '.join(map(str, folders)) or 'none is needed'}"


def _disk(settings: Settings, free_space: Callable[[Path], int]) -> tuple[Health, str]:
    """The disks of the warehouse and the staging area; in production, that of temporary files."""
    folders = [settings.home, settings.staging or settings.home] if settings.deployment == LOCAL else []
    places = map(nearest_existing, folders or [Path(tempfile.gettempdir())])
    free = {place: free_space(place) for place in places}
    detail = "; ".join(f"{space / _GIB:,.1f} GiB free in {path}" for path, space in free.items())
    least = min(free.values())
    if least < LOW_SPACE:
        health = Health.FAILED if least < NO_SPACE else Health.WARNING
        return health, f"{detail}. Free some: `nba-consolidation cleanup` lists left-over staging tables"
    return Health.OK, detail
