"""The wheel holds the whole package and nothing else, runs outside the checkout, and every dependency is pinned."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "nba_consolidation"

RENDER = """
import nba_consolidation
from nba_consolidation.sql import Statement

print(nba_consolidation.__file__)
print(Statement("audit").render("duckdb"))
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources: a build folder in the checkout would leak old files into it."""
    sources = tmp_path_factory.mktemp("sources")
    for path in ("pyproject.toml", "setup.cfg", "LICENSE", "README.md"):
        shutil.copy(ROOT / path, sources)
    for folder in ("nba_consolidation", "nba_consolidation_tests"):
        shutil.copytree(ROOT / folder, sources / folder, ignore=shutil.ignore_patterns("__pycache__"))
    pip = (sys.executable, "-m", "pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation")
    run(*pip, "--wheel-dir", "dist", ".", cwd=sources)
    (built,) = (sources / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed into it, and nothing else."""
    target = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "install", "--no-index", "--no-deps")
    run(*pip, "--target", target, wheel, cwd=target)
    return target


def test_the_wheel_holds_every_file_of_the_package_and_no_test(wheel: Path) -> None:
    files = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tree = {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts}  # fmt: skip
    assert files == tree
    assert "nba_consolidation/py.typed" in files
    assert any(name.endswith(".sql") for name in files)


def test_the_installed_wheel_renders_its_sql_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    file, _, statement = run(sys.executable, "-c", RENDER, cwd=tmp_path, PYTHONPATH=str(installed)).partition("\n")
    assert Path(file).is_relative_to(installed), "the checkout was imported instead of the wheel"
    assert statement.startswith("SELECT")


def test_the_installed_command_answers_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    command = installed / "bin" / "nba-consolidation"
    assert "consolidate" in run(command, "--help", cwd=tmp_path, PYTHONPATH=str(installed))


def _config() -> ConfigParser:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


BASE = "install_requires"
EXTRAS = tuple(_config()["options.extras_require"])


def _requirements(*extras: str) -> list[Requirement]:
    """What the extras require, BASE being what is always installed."""
    lists = {BASE: _config()["options"][BASE], **_config()["options.extras_require"]}
    lines = [line for extra in extras for line in lists[extra].splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def _pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_every_declared_dependency_is_pinned_within_its_range() -> None:
    pins = {canonicalize_name(name): version for name, version in _pins().items()}
    unpinned = [
        str(requirement) for requirement in _requirements(BASE, *EXTRAS)
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"))
    ]  # fmt: skip
    assert unpinned == []


@cache
def _imported_libraries() -> dict[str, set[str]]:
    """The libraries that the package imports, with the distributions that have each."""
    nodes = [node for path in PACKAGE.rglob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    names = {name for name in names if name.split(".")[0] not in {*sys.stdlib_module_names, PACKAGE.name}}
    homes = packages_distributions()
    return {name: {canonicalize_name(home) for home in homes.get(name.split(".")[0], [])} for name in names}


def test_every_imported_library_is_declared() -> None:
    declared = {canonicalize_name(requirement.name) for requirement in _requirements(BASE, *EXTRAS)}
    undeclared = {library for library, homes in _imported_libraries().items() if not declared & homes}
    assert undeclared == set()


def test_the_page_on_installation_names_each_required_package_and_each_extra() -> None:
    page = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")
    names = [re.findall(r"`(\w+)`", row) for row in re.findall(r"^\|([^|]+)\|", page, re.MULTILINE)]
    listed = [name for row in names for name in row]
    assert listed == [*sorted(requirement.name for requirement in _requirements(BASE)), *EXTRAS]


def test_each_required_package_is_imported_by_the_package() -> None:
    imported = set().union(*_imported_libraries().values())
    assert {canonicalize_name(requirement.name) for requirement in _requirements(BASE)} - imported == set()


def test_a_pin_is_a_name_and_a_version_and_nothing_else() -> None:
    assert [pin for pin in _pins().items() if not re.fullmatch(r"[\w.-]+==[\w.]+", "==".join(pin))] == []
