"""values.yaml: the chart knows its keys, Dagster accepts what becomes of it, and a run's Job is what we want."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nba_consolidation_tests.deploy import chart, instances
from nba_consolidation_tests.deploy.files import documents, manifest, values
from nba_consolidation_tests.deploy.runs import launched_job

NAMESPACE, RELEASE = "nba", "dagster"
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


@pytest.fixture(scope="module")
def of_chart() -> chart.Chart:
    return chart.Chart.model_validate(values())


@pytest.fixture
def rendered(of_chart: chart.Chart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The instance of the chart, accepted by Dagster and by every class that it names."""
    for package in instances.HAS_CLASSES_OF:
        pytest.importorskip(package, reason=instances.WITHOUT_THEM)
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "made-up")
    return instances.accepted(chart.instance(of_chart, NAMESPACE, RELEASE), tmp_path)


@pytest.fixture
def job(of_chart: chart.Chart, rendered: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """The Job of a run."""
    image = image_of(of_chart)
    context = chart.container_context(of_chart, NAMESPACE)
    namespace, made = launched_job(rendered["run_launcher"], context, image, tmp_path)
    assert namespace == NAMESPACE
    return made


def image_of(of_chart: chart.Chart) -> str:
    (deployment,) = of_chart.user_deployments.deployments
    return f"{deployment.image.repository}:{deployment.image.tag}"


def test_the_chart_knows_every_key_and_its_type(of_chart: chart.Chart) -> None:
    assert of_chart.user_deployments.enabled
    assert of_chart.concurrency.enabled, "or the limits of pools are not rendered"
    assert of_chart.retention.enabled


def test_the_instance_of_the_chart_is_accepted_by_dagster(rendered: dict[str, Any]) -> None:
    assert rendered["run_monitoring"]["enabled"]
    assert rendered["run_monitoring"]["free_slots_after_run_end_seconds"] > 0
    assert rendered["concurrency"]["pools"]["default_limit"] == 1
    assert not rendered["telemetry"]["enabled"]
    assert instances.connects_with(rendered["run_storage"]["config"]["postgres_db"]) == "psycopg2"


def test_the_password_of_the_database_comes_from_a_secret_made_by_hand(of_chart: chart.Chart) -> None:
    assert not of_chart.generate_postgresql_password_secret
    assert of_chart.globals.postgresql_secret_name
    assert "postgresqlPassword" not in values()["postgresql"]


def test_a_run_has_the_image_the_settings_and_the_identity_of_its_code_server(
    of_chart: chart.Chart, job: dict[str, Any]
) -> None:
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == image_of(of_chart)
    assert pod["serviceAccountName"] == "nba-consolidation"
    assert {"configMapRef": {"name": "nba-consolidation-settings"}} in container["envFrom"]
    assert container["resources"]["limits"]["memory"]


def test_a_run_is_nobody_special_and_is_left_in_peace(job: dict[str, Any]) -> None:
    pod = job["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    assert pod["spec"]["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == RESTRICTED
    assert pod["metadata"]["annotations"]["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"
    assert pod["spec"]["terminationGracePeriodSeconds"] > 30
    assert job["spec"]["backoffLimit"] == 0, "a second pod of one run: Dagster retries, not Kubernetes"


def test_a_run_whose_pod_died_is_started_again_and_a_poisoned_one_is_not(rendered: dict[str, Any]) -> None:
    assert rendered["run_retries"] == {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False}
    assert rendered["run_monitoring"]["max_resume_run_attempts"] == 0


def test_what_the_chart_does_not_make_is_made_by_kubernetes_yaml(of_chart: chart.Chart) -> None:
    accounts = [of_chart.service_account, of_chart.user_deployments.service_account]
    (deployment,) = of_chart.user_deployments.deployments
    assert not any(account.create for account in accounts)
    assert {account.name for account in accounts} == manifest("ServiceAccount").keys()
    assert {config_map.name for config_map in deployment.env_config_maps} == manifest("ConfigMap").keys()


def test_only_who_consolidates_has_an_identity_in_google_cloud(of_chart: chart.Chart) -> None:
    annotated = {
        name for name, account in manifest("ServiceAccount").items()
        if "iam.gke.io/gcp-service-account" in account["metadata"].get("annotations", {})
    }  # fmt: skip
    assert annotated == {of_chart.user_deployments.service_account.name}


def test_the_toolbox_has_the_image_the_settings_and_the_identity_of_a_run(
    of_chart: chart.Chart, job: dict[str, Any]
) -> None:
    (toolbox,) = documents("toolbox.yaml")
    run = job["spec"]["template"]["spec"]
    main_container, run_container = toolbox["spec"]["containers"][0], run["containers"][0]
    assert main_container["image"] == image_of(of_chart)
    assert main_container["envFrom"][0] in run_container["envFrom"]
    assert main_container["securityContext"] == run_container["securityContext"]
    for what in ("serviceAccountName", "securityContext", "restartPolicy"):
        assert toolbox["spec"][what] == run[what]


def test_no_image_is_named_by_a_tag_that_moves(of_chart: chart.Chart) -> None:
    assert image_of(of_chart).rpartition(":")[2] not in {"latest", "main", "stable", ""}


def test_kubernetes_knows_every_field_of_what_is_applied_by_hand() -> None:
    models = pytest.importorskip("dagster_k8s.models", reason=instances.WITHOUT_THEM)
    client = pytest.importorskip("kubernetes.client", reason=instances.WITHOUT_THEM)
    for item in [*documents("kubernetes.yaml"), *documents("toolbox.yaml")]:
        model = getattr(client, f"V1{item['kind']}")
        fields = models.k8s_snake_case_dict(model, item)
        assert models.k8s_model_from_dict(model, fields).metadata.name
        assert item["kind"] == "Namespace" or item["metadata"]["namespace"] == NAMESPACE
