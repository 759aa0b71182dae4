"""The Dockerfile copies what is there, installs what is declared at the tested versions, and runs as nobody special."""

from __future__ import annotations

import importlib.util
import json
import re
from configparser import ConfigParser
from fnmatch import fnmatch
from typing import Any, NamedTuple

import pytest
from dagster._cli import create_dagster_cli

from nba_consolidation_tests.deploy.files import DEPLOY, DOCKERFILE, ROOT, document, values


class Instruction(NamedTuple):
    """One instruction, continued lines joined."""

    word: str
    rest: str


def instructions() -> list[Instruction]:
    lines = [line for line in DOCKERFILE.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


def rest_of(word: str) -> list[str]:
    return [instruction.rest for instruction in instructions() if instruction.word == word]


def copied() -> list[str]:
    """What is copied out of the checkout."""
    return [source for rest in rest_of("COPY") if "--from=" not in rest for source in rest.split()[:-1]]


def let_through(path: str) -> bool:
    """Whether the list of what is ignored lets a path through: the last pattern that fits decides."""
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    fitting = [pattern for pattern in patterns if fnmatch(path, pattern.removeprefix("!").removeprefix("**/"))]
    return bool(fitting) and fitting[-1].startswith("!")


def extras() -> dict[str, str]:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return dict(config["options.extras_require"])


def test_every_instruction_is_one() -> None:
    assert {instruction.word for instruction in instructions()} <= {
        "ARG", "FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "CMD",
    }  # fmt: skip
    assert len(rest_of("FROM")) == 2


@pytest.mark.parametrize("path", copied())
def test_what_is_copied_is_there_and_is_let_through(path: str) -> None:
    assert (ROOT / path).exists()
    assert let_through(path)


@pytest.mark.parametrize("path", [".git", ".env", ".demo", ".local", "nba_consolidation_tests", "deploy", "key.json"])
def test_nothing_else_gets_into_the_build(path: str) -> None:
    assert not let_through(path)


def test_the_extras_that_are_installed_are_declared() -> None:
    ((names),) = re.findall(r"\"\.\[([\w,]+)\]\"", DOCKERFILE)
    required_extras = names.split(",")
    assert set(required_extras) <= extras().keys()
    needed = {"dagster-k8s", "dagster-postgres", "google-cloud-bigquery", "google-cloud-firestore"}
    declared = " ".join(extras()[name] for name in required_extras)
    assert {package for package in needed if package not in declared} == set()


def test_every_installation_is_held_to_the_tested_versions() -> None:
    installations = [rest for rest in rest_of("RUN") if "pip install" in rest]
    assert installations
    assert all("--constraint constraints.txt" in rest for rest in installations)


def test_python_is_the_version_that_is_tested() -> None:
    (argument,) = rest_of("ARG")
    versions = re.findall(
        r"Programming Language :: Python :: (\d\.\d+)", (ROOT / "setup.cfg").read_text(encoding="utf-8")
    )
    assert argument.removeprefix("PYTHON=") in versions


def test_the_image_runs_as_a_number_that_is_not_root_and_that_the_pods_ask_for() -> None:
    (user,) = rest_of("USER")
    uid = int(user.split(":")[0])
    (deployment,) = values()["dagster-user-deployments"]["deployments"]
    run = values()["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]["podSpecConfig"]
    asked = [
        deployment["podSecurityContext"],
        run["securityContext"],
        document("toolbox.yaml")["spec"]["securityContext"],
    ]
    assert uid > 0
    assert {context["runAsUser"] for context in asked} == {uid}


def test_an_image_without_settings_does_not_work_on_a_file_inside_itself() -> None:
    assert any("NBA_CONSOLIDATION_DEPLOYMENT=production" in rest for rest in rest_of("ENV"))


def test_the_server_that_image_and_chart_start_is_one_that_dagster_has() -> None:
    (command,) = rest_of("CMD")
    (deployment,) = values()["dagster-user-deployments"]["deployments"]
    dagster, *of_image = json.loads(command)
    of_chart = ["api", "grpc", "-h", "0.0.0.0", "-p", str(deployment["port"]), *deployment["dagsterApiGrpcArgs"]]
    assert dagster == "dagster"
    assert _understood(of_image) == _understood(of_chart)
    assert importlib.util.find_spec(str(_understood(of_chart)["module_name"]))


def _understood(arguments: list[str]) -> dict[str, object]:
    """What `dagster api grpc` makes of the arguments; nothing is started."""
    cli: Any = create_dagster_cli()  # type: ignore[no-untyped-call]
    grpc = cli.commands["api"].commands["grpc"]
    assert arguments[:2] == ["api", "grpc"]
    return dict(grpc.make_context("grpc", arguments[2:]).params)
