"""Imports point downwards only, libraries load where they belong, and importing anything does nothing else."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "nba_consolidation"

# From the bottom up. A part imports itself and parts of earlier lines; two on one line do not import each
# other. A part is a module or a package; the longest name that fits counts. A new part needs a line here.
LAYERS = (
    ("errors", "schema"),  # the root of all errors, every table
    ("setting_kinds",),  # the values that a setting can have
    ("settings", "sql", "observability"),  # the environment, how statements are rendered, log events and metrics
    ("warehouse", "leases"),  # transactions and staging tables; leases
    ("fencing",),  # how every table is written: under leases, fenced, audited
    ("operations.repair",),
    ("pipeline.consolidation", "pipeline.grading"),
    ("pipeline.validation",),
    ("pipeline.analysis.performance",),
    ("pipeline.analysis.recalibration", "pipeline.analysis.reliability", "pipeline.analysis.betting"),
    ("pipeline.publication",),
    ("operations.alerts", "operations.daily_quality"),
    ("operations",),  # beside the data flow
    ("operations.doctor",),  # looks at all of it, and at Dagster if there is an instance
    ("pipeline.daily_report",),  # the end of the data flow, which shows what operations know too
    ("pipeline.analysis",),  # nothing in itself
    ("pipeline",),
    ("wiring",),  # from settings to stores and use cases
    (
        "orchestration.automation_conditions",
        "orchestration.partitions",
        "orchestration.metadata",
        "orchestration.resources",
    ),  # Dagster from here on
    ("orchestration.checks",),
    ("orchestration.assets",),
    ("orchestration.repair_jobs",),
    ("orchestration.jobs",),
    ("orchestration.sensors",),
    ("orchestration",),
    ("definitions",),  # builds all of it
    ("demo",),  # runs the product as people would; only the terminal imports it
    ("cli",),
    ("reference_pages",),  # generates docs/ from tables, settings and commands
)
LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}


@dataclass(frozen=True)
class Library:
    """Who may import a library: `at_once` with the module, or only `when_used`, in a function or as a type."""

    at_once: frozenset[str] = frozenset()
    when_used: frozenset[str] = frozenset()


DAGSTER_PARTS = frozenset(part for part in LEVEL if part == "definitions" or part.startswith("orchestration"))
ANALYSIS = frozenset(part for part in LEVEL if part.startswith("pipeline.analysis"))
LIBRARIES = {
    "dagster": Library(at_once=DAGSTER_PARTS, when_used=frozenset({"operations.doctor", "demo", "cli"})),
    "dagster_gcp": Library(when_used=frozenset({"orchestration.resources"})),
    "duckdb": Library(when_used=frozenset({"warehouse"})),
    "google": Library(when_used=frozenset({"warehouse", "leases", "orchestration.resources", "pipeline.daily_report"})),
    "matplotlib": Library(when_used=frozenset({"pipeline.daily_report"})),
    "PIL": Library(when_used=frozenset({"pipeline.daily_report"})),
    "scipy": Library(when_used=ANALYSIS),
    "jinja2": Library(when_used=frozenset({"pipeline.daily_report"})),
    "markupsafe": Library(when_used=frozenset({"pipeline.daily_report"})),
    "grpc": Library(when_used=frozenset({"leases"})),
    "opentelemetry": Library(when_used=frozenset({"observability"})),
    "xlsxwriter": Library(when_used=frozenset({"operations"})),
    "structlog": Library(when_used=frozenset({"observability"})),
    "dagster_slack": Library(when_used=frozenset({"orchestration.sensors"})),
}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "expandvars", "EnvVar", "envvar", "auto_envvar_prefix"}
"""What reads the environment: `os` by attribute or by import, Dagster's EnvVar, click's arguments."""


@dataclass(frozen=True)
class Import:
    """One imported name, absolute; deferred if it is not run with the module."""

    name: str
    line: int
    deferred: bool


def imports(source: str, package: str) -> Iterator[Import]:
    """All imports of a module that lies in `package`."""
    tree = ast.parse(source)
    deferred = {inner for outer in ast.walk(tree) for body in _not_run_at_once(outer) for inner in ast.walk(body)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (Import(name, node.lineno, node in deferred) for name in names)


def _not_run_at_once(node: ast.AST) -> list[ast.stmt]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.body
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        return node.body
    return []


def part_of(name: str) -> str:
    """`pipeline.grading` for nba_consolidation.pipeline.grading.grade; the first word where no part fits."""
    words = name.split(".")[1:]
    prefixes = (".".join(words[:end]) for end in range(len(words), 0, -1))
    return next((prefix for prefix in prefixes if prefix in LEVEL), words[0] if words else "")


def violations(module: str, source: str, package: str = "") -> list[str]:
    """What the module must not import, in words."""
    importer = part_of(module)
    if module != PACKAGE and importer not in LEVEL:
        return [f"{module}: {importer} has no place in LAYERS"]
    return [
        f"{module}:{one_import.line} imports {one_import.name}: {wrong}"
        for one_import in imports(source, package or module.rpartition(".")[0])
        if (wrong := _wrong(importer, one_import))
    ]


def _wrong(importer: str, one_import: Import) -> str | None:
    top = one_import.name.split(".")[0]
    if top == PACKAGE:
        imported = part_of(one_import.name)
        if imported not in LEVEL:
            return f"{imported or PACKAGE} has no place in LAYERS"
        if imported != importer and LEVEL[imported] >= LEVEL.get(importer, 0):
            return f"{imported} is not below {importer or PACKAGE}"
    if top in LIBRARIES and importer not in LIBRARIES[top].at_once:
        if importer not in LIBRARIES[top].when_used:
            return f"{importer or PACKAGE} does not know {top}"
        if not one_import.deferred:
            return f"{top} loads when it is first used: import it in the function"
    return None


def environment_reads(source: str) -> list[int]:
    """The lines that read the environment."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Name) and node.id in ENVIRONMENT)
        or (isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT)
        or (isinstance(node, ast.alias) and node.name in ENVIRONMENT)
        or (isinstance(node, ast.keyword) and node.arg in ENVIRONMENT)
    ]


@dataclass(frozen=True)
class Module:
    """A module of the package, by its path."""

    path: Path

    @property
    def name(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def package(self) -> str:
        return ".".join(self.path.relative_to(ROOT).parent.parts)

    @property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")


MODULES = [Module(path) for path in sorted((ROOT / PACKAGE).rglob("*.py"))]


PARTS = sorted({part_of(module.name) for module in MODULES})


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part or PACKAGE)
def test_a_package_imports_only_what_lies_below_it(part: str) -> None:
    modules = [module for module in MODULES if part_of(module.name) == part]
    wrong = [line for module in modules for line in violations(module.name, module.source, module.package)]
    assert not wrong, "\n".join(wrong)


def test_only_settings_reads_the_environment() -> None:
    readers = {module.name: lines for module in MODULES if (lines := environment_reads(module.source))}
    assert set(readers) == {f"{PACKAGE}.settings"}, readers


def _modules_of(*parts: str) -> list[str]:
    return [module.name for module in MODULES if part_of(module.name) in parts]


BELOW_DAGSTER = [part for part in LEVEL if LEVEL[part] <= LEVEL["wiring"]]

PROBE = """
import importlib, os, sys, threading
environment = dict(os.environ)
for name in sys.argv[2:]:
    importlib.import_module(name)
assert os.environ == environment, "the environment changed"
assert threading.active_count() == 1, threading.enumerate()
loaded = sorted(set(sys.argv[1].split(",")) & set(sys.modules))
assert not loaded, f"loaded: {loaded}"
"""


@pytest.mark.parametrize(
    ("modules", "unloaded"),
    [
        pytest.param(
            _modules_of("", *BELOW_DAGSTER),
            "dagster,duckdb,google.cloud,matplotlib,scipy",
            id="below Dagster",
        ),
        pytest.param(
            _modules_of(*DAGSTER_PARTS),
            "duckdb,google.cloud,matplotlib,numpy,pandas,pyarrow,scipy,sqlglot",
            id="Dagster",
        ),
        pytest.param(
            _modules_of("demo", "cli"),
            "dagster,duckdb,google.cloud,matplotlib,scipy",
            id="terminal",
        ),
    ],
)
def test_importing_has_no_side_effect_and_loads_no_client_library(
    modules: list[str], unloaded: str, tmp_path: Path
) -> None:
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE, unloaded, *modules],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


# Sizes and names. A longer function or module, or a class name twice, needs an entry with its reason.

MOST_LINES_OF_A_FUNCTION, MOST_LINES_OF_A_MODULE = 60, 350
LONGER: dict[str, str] = {}
"""By module, or module and function: why it is longer."""
NAMES_TWICE: dict[str, str] = {}
"""By class: why two modules have one of this name."""


def too_long(name: str, source: str) -> list[str]:
    """The module, if it is too long, and its functions that are."""
    functions = [
        (f"{name}.{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1, MOST_LINES_OF_A_FUNCTION)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    measured = [(name, len(source.splitlines()), MOST_LINES_OF_A_MODULE), *functions]
    return [f"{long}: {lines} lines" for long, lines, most in measured if lines > most and long not in LONGER]


def names_twice(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """The classes that several modules have, with these modules. A leading underscore makes no other name."""
    modules: dict[str, list[str]] = {}
    for module, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                modules.setdefault(node.name.lstrip("_"), []).append(module)
    return {name: where for name, where in modules.items() if len(where) > 1 and name not in NAMES_TWICE}


def test_no_function_and_no_module_is_too_long() -> None:
    lines = [line for module in MODULES for line in too_long(module.name, module.source)]
    assert not lines, "\n".join(lines)


def test_no_class_name_exists_twice() -> None:
    twice = names_twice({module.name: module.source for module in MODULES})
    assert not twice, twice


VAGUE = {"found", "told", "tell", "said", "shown", "given", "wanted", "standing", "ours", "brought", "judged", "became",
         "alike", "way"}  # fmt: skip
"""Names that say something about the sentence, not about the thing."""


def vague_names(source: str) -> list[str]:
    """The functions, classes, parameters and variables of a module whose whole name is vague."""
    defined = [
        node.id if isinstance(node, ast.Name) else node.arg if isinstance(node, ast.arg) else node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.arg)
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    ]
    return sorted(name for name in defined if name.strip("_").lower() in VAGUE)


def test_every_name_says_what_it_names() -> None:
    assert {module.name: names for module in MODULES if (names := vague_names(module.source))} == {}


# The checker can fail.


def test_vague_names_are_found() -> None:
    source = "class Found: ...\ndef told(shown, rows_shown): ours = shown.found; _given = 1"
    assert vague_names(source) == ["Found", "_given", "ours", "shown", "told"]


def test_a_long_function_a_long_module_and_a_name_twice_are_reported() -> None:
    line = "    x = 1\n"
    assert too_long("m", "def f():\n" + line * 59) == []
    assert too_long("m", "def f():\n" + line * 60) == ["m.f: 61 lines"]
    assert too_long("m", "x = 1\n" * 350) == []
    assert too_long("m", "x = 1\n" * 351) == ["m: 351 lines"]
    assert names_twice({"a": "class X: ...", "b": "class _X: ...\nclass Y: ..."}) == {"X": ["a", "b"]}


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("sql.statement", "from nba_consolidation.cli import main", "cli is not below sql"),
        ("sql.statement", "from nba_consolidation import cli", "cli is not below sql"),
        ("sql.statement", "from ..cli import main", "cli is not below sql"),
        ("sql.statement", "import nba_consolidation.cli.main as m", "cli is not below sql"),
        ("sql.statement", "def late():\n    from nba_consolidation import cli", "cli is not below sql"),
        ("sql.statement", "if TYPE_CHECKING:\n    from nba_consolidation import cli", "cli is not below sql"),
        ("warehouse.interface", "from nba_consolidation.leases import LeaseStore", "leases is not below warehouse"),
        ("cli.main", "from nba_consolidation.misc import thing", "misc has no place in LAYERS"),
        ("cli.main", "import nba_consolidation", "nba_consolidation has no place in LAYERS"),
        ("misc.thing", "", "misc has no place in LAYERS"),
        (
            "pipeline.consolidation.result",
            "def late():\n    import dagster",
            "pipeline.consolidation does not know dagster",
        ),
        (
            "pipeline.consolidation.result",
            "if TYPE_CHECKING:\n    import duckdb",
            "pipeline.consolidation does not know duckdb",
        ),
        ("warehouse.duckdb.warehouse", "import duckdb", "duckdb loads when it is first used"),
        ("leases.firestore.store", "from google.cloud import firestore", "google loads when it is first used"),
        ("cli.main", "class Command:\n    import dagster", "dagster loads when it is first used"),
    ],
)
def test_a_wrong_import_is_found(module: str, source: str, wrong: str) -> None:
    (violation,) = violations(f"{PACKAGE}.{module}", source)
    assert wrong in violation


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("cli.main", "from nba_consolidation.errors import ConsolidationError"),
        ("sql.statement", "from . import other\nfrom .other import thing"),
        ("warehouse.duckdb.warehouse", "def connect():\n    import duckdb"),
        ("warehouse.duckdb.warehouse", "if TYPE_CHECKING:\n    import duckdb"),
        ("orchestration.assets.grading", "import dagster"),
        ("schema.grading", "import dataclasses"),
    ],
)
def test_a_right_import_is_left_alone(module: str, source: str) -> None:
    assert violations(f"{PACKAGE}.{module}", source) == []


def test_the_package_itself_imports_no_part() -> None:
    assert violations(PACKAGE, "from nba_consolidation.errors import ConsolidationError", PACKAGE)


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ.get('HOME')",
        "from os import environ",
        "from os import getenv as read",
        "from dagster import EnvVar",
        "click.option('--home', envvar='HOME')",
    ],
)
def test_a_read_of_the_environment_is_found(source: str) -> None:
    assert environment_reads(source)
