"""The Job of a run, as the real launcher makes it, sent to a Kubernetes that only remembers it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import dagster as dg
import yaml  # type: ignore[import-untyped]
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.storage.dagster_run import DagsterRun

_NOWHERE = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "nowhere", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "nobody", "user": {}}],
    "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "nobody"}}],
    "current-context": "nowhere",
}


class RememberingBatchApi:
    """The part of Kubernetes that a launcher talks to."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, Any]] = []

    def create_namespaced_job(self, body: Any, namespace: str, **_: Any) -> None:
        self.jobs.append((namespace, body))


def launched_job(
    launcher: dict[str, Any], context: dict[str, Any], image: str, home: Path
) -> tuple[str, dict[str, Any]]:
    """Namespace and Job (as YAML has it) of a run of ours. launcher: its class and accepted configuration."""
    kubeconfig = home / "kubeconfig"
    (home / "launching").mkdir()
    kubeconfig.write_text(yaml.safe_dump(_NOWHERE), encoding="utf-8")
    api = RememberingBatchApi()
    config = launcher["config"] | {"load_incluster_config": False, "kubeconfig_file": str(kubeconfig)}
    with dg.DagsterInstance.local_temp(str(home / "launching")) as instance:
        started = launcher["class"](**config, k8s_client_batch_api=api)
        started.register_instance(instance)
        run = instance.add_run(DagsterRun("consolidate", job_code_origin=_origin(image, context)))
        started.launch_run(LaunchRunContext(run, workspace=None))
    ((namespace, job),) = api.jobs
    return namespace, _as_yaml(job)


def _as_yaml(job: Any) -> dict[str, Any]:
    client = importlib.import_module("kubernetes.client").ApiClient()
    return dict(client.sanitize_for_serialization(job))


def _origin(image: str, context: dict[str, Any]) -> JobPythonOrigin:
    return JobPythonOrigin(
        "consolidate",
        RepositoryPythonOrigin(
            executable_path="python",
            code_pointer=ModuleCodePointer("nba_consolidation.definitions", "defs"),
            container_image=image,
            entry_point=["dagster"],
            container_context=context,
        ),
    )
