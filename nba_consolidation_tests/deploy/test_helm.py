"""Our reading of the chart against the chart itself. Needs Helm and the chart; see "What was not run here" in deploy/.

    NBA_TEST_DAGSTER_CHART=/path/to/dagster .venv/bin/pytest nba_consolidation_tests/deploy

`helm template` checks the values against the chart's own schema.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from nba_consolidation_tests.deploy import chart, instances
from nba_consolidation_tests.deploy.files import DEPLOY, values

NAMESPACE, RELEASE = "nba", "dagster"
OF_DAGSTER_ITSELF = {"scheduler", "run_coordinator", "compute_logs"}
"""Classes whose modules move between versions."""


@pytest.fixture(scope="module")
def rendered() -> list[dict[str, Any]]:
    place = os.environ.get("NBA_TEST_DAGSTER_CHART")
    if place is None or shutil.which("helm") is None:
        pytest.skip("needs helm, and Dagster's chart in NBA_TEST_DAGSTER_CHART")
    command = ["helm", "template", RELEASE, place, "--namespace", NAMESPACE, "--values", str(DEPLOY / "values.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def _named(rendered: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (manifest,) = [item for item in rendered if item["kind"] == kind and item["metadata"]["name"].endswith(name)]
    return manifest


def test_the_chart_writes_the_instance_that_we_read_it_to_write(
    rendered: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in instances.HAS_CLASSES_OF:
        pytest.importorskip(package, reason=instances.WITHOUT_THEM)
    written = yaml.safe_load(_named(rendered, "ConfigMap", f"{RELEASE}-instance")["data"]["dagster.yaml"])
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "made-up")
    instances.accepted(written, tmp_path)
    modelled = chart.instance(chart.Chart.model_validate(values()), NAMESPACE, RELEASE)
    for part, expected in modelled.items():
        if part in OF_DAGSTER_ITSELF:
            assert written[part]["class"] == expected["class"]
        else:
            assert written[part] == expected, part


def test_the_code_server_tells_the_launcher_what_we_think_it_does(rendered: list[dict[str, Any]]) -> None:
    deployment = _named(rendered, "Deployment", "-nba-consolidation")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    environment = {entry["name"]: entry.get("value") for entry in container["env"]}
    rendered_context = json.loads(environment["DAGSTER_CLI_API_GRPC_CONTAINER_CONTEXT"])["k8s"]
    modelled = chart.container_context(chart.Chart.model_validate(values()), NAMESPACE)["k8s"]
    assert set(modelled["env_config_maps"]) <= set(rendered_context["env_config_maps"])
    assert {key: rendered_context[key] for key in modelled if key != "env_config_maps"} == {
        key: value for key, value in modelled.items() if key != "env_config_maps"
    }
    assert pod["serviceAccountName"] == modelled["service_account_name"]
