"""What we know of Dagster's chart, as far as values.yaml uses it: its keys, and what it makes of them.

Helm and the chart are not part of the tests' environment. So the keys and the two translations that matter, into the
instance (dagster.yaml) and into the container context of a run, are stated here in our words, and their results are
given to Dagster's own schemas. That we read the chart rightly is proved by test_helm.py, where there is a Helm.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Days = Annotated[int, Field(gt=0, strict=True)]
Seconds = Annotated[int, Field(gt=0, strict=True)]
PullPolicy = Literal["Always", "IfNotPresent", "Never"]
Kubernetes = dict[str, Any]
"""A piece of a pod. Checked where it ends up: in the Job of a run, by the client's own models."""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Values(BaseModel):
    """Keys are the chart's; one that we do not know is refused, as the chart does, or would ignore."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=_camel)


class Globals(Values):
    """Shared with the chart of the user deployments. `serviceAccountName` would give every pod the same account."""

    postgresql_secret_name: str


class ServiceAccount(Values):
    """Made here, or named because it is there."""

    create: bool
    name: str


class Image(Values):
    """The tag must be text: YAML would make 1.10 a number."""

    repository: str
    tag: str
    pull_policy: PullPolicy


class Named(Values):
    """A ConfigMap or a Secret."""

    name: str


class Enabled(Values):
    """A switch."""

    enabled: bool


class UserDeployment(Values):
    """A code location. The template calls `dagster api grpc -h 0.0.0.0 -p PORT` and adds the arguments."""

    name: str
    image: Image
    dagster_api_grpc_args: list[str]
    port: int
    env_config_maps: list[Named]
    resources: Kubernetes
    pod_security_context: Kubernetes
    security_context: Kubernetes
    include_config_in_launched_runs: Enabled


class UserDeployments(Values):
    """The code locations, and who they are."""

    enabled: bool
    enable_subchart: bool
    service_account: ServiceAccount
    deployments: list[UserDeployment]


class RunK8sConfig(Values):
    """Given to every run. The chart hands it on as it is."""

    pod_template_spec_metadata: Kubernetes
    pod_spec_config: Kubernetes
    job_spec_config: Kubernetes


class K8sRunLauncher(Values):
    """Starts a Job for each run."""

    image_pull_policy: PullPolicy
    security_context: Kubernetes
    run_k8s_config: RunK8sConfig


class RunLauncherConfig(Values):
    """One per type."""

    k8s_run_launcher: K8sRunLauncher


class RunLauncher(Values):
    """Which, and how."""

    type: Literal["K8sRunLauncher"]
    config: RunLauncherConfig


class Pools(Values):
    """Limits of pools. Nothing here names one: a limit for a single pool is set in the UI or by the command."""

    default_limit: int
    granularity: Literal["run", "op"]


class Runs(Values):
    """Limits of the queue."""

    max_concurrent_runs: int


class Concurrency(Values):
    """Not rendered unless enabled."""

    enabled: bool
    pools: Pools
    runs: Runs


class RunMonitoring(Values):
    """Not rendered unless enabled."""

    enabled: bool
    start_timeout_seconds: Seconds
    cancel_timeout_seconds: Seconds
    poll_interval_seconds: Seconds
    max_resume_run_attempts: int
    free_slots_after_run_end_seconds: Seconds


class RunRetries(Values):
    """Not rendered unless enabled."""

    enabled: bool
    max_retries: int
    retry_on_asset_or_op_failure: bool


class Daemon(Values):
    """The daemon's pod, and what of the instance is its business."""

    run_monitoring: RunMonitoring
    run_retries: RunRetries
    resources: Kubernetes


class Service(Values):
    """Of the webserver."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"]
    port: int


class Webserver(Values):
    """The webserver's pod."""

    replica_count: int
    service: Service
    resources: Kubernetes


class Port(Values):
    """Of a service."""

    port: int


class Postgresql(Values):
    """A database of ours, or (`enabled`) one that the chart makes."""

    enabled: bool
    postgresql_host: str
    postgresql_username: str
    postgresql_database: str
    postgresql_params: dict[str, str]
    postgresql_scheme: str
    service: Port


class ComputeLogManager(Values):
    """Where the output of runs goes."""

    type: Literal["NoOpComputeLogManager"]


class TickDays(Values):
    """By the result of the tick; the chart requires all four."""

    skipped: Days
    success: Days
    failure: Days
    started: Days


class Ticks(Values):
    """Of sensors, or of schedules."""

    purge_after_days: TickDays


class Retention(Values):
    """Not rendered unless enabled."""

    enabled: bool
    schedule: Ticks
    sensor: Ticks


class PythonLogs(Values):
    """Which loggers a run's log takes in, and where its records go besides."""

    managed_python_loggers: list[str]
    python_log_level: str
    dagster_handler_config: dict[str, Any]


class Chart(Values):
    """values.yaml."""

    globals: Globals = Field(alias="global")
    generate_postgresql_password_secret: bool
    service_account: ServiceAccount
    user_deployments: UserDeployments = Field(alias="dagster-user-deployments")
    run_launcher: RunLauncher
    concurrency: Concurrency
    dagster_daemon: Daemon
    dagster_webserver: Webserver
    postgresql: Postgresql
    compute_log_manager: ComputeLogManager
    retention: Retention
    python_logs: PythonLogs
    telemetry: Enabled


def instance(chart: Chart, namespace: str, release: str) -> dict[str, Any]:
    """The dagster.yaml that the chart writes into its ConfigMap."""
    launcher = chart.run_launcher.config.k8s_run_launcher
    storage = {"postgres_db": _postgres(chart.postgresql)}
    return {
        "scheduler": {"module": "dagster._core.scheduler", "class": "DagsterDaemonScheduler"},
        "schedule_storage": _class("dagster_postgres.schedule_storage", "PostgresScheduleStorage", storage),
        "run_storage": _class("dagster_postgres.run_storage", "PostgresRunStorage", storage),
        "event_log_storage": _class("dagster_postgres.event_log", "PostgresEventLogStorage", storage),
        "run_launcher": _class("dagster_k8s", "K8sRunLauncher", _launcher(launcher, chart, namespace, release)),
        "run_coordinator": {"module": "dagster", "class": "QueuedRunCoordinator"},
        "compute_logs": {
            "module": "dagster._core.storage.noop_compute_log_manager",
            "class": "NoOpComputeLogManager",
        },
        "concurrency": chart.concurrency.model_dump(exclude={"enabled"}),
        "run_monitoring": chart.dagster_daemon.run_monitoring.model_dump(),
        "run_retries": chart.dagster_daemon.run_retries.model_dump(),
        "telemetry": chart.telemetry.model_dump(),
        "retention": chart.retention.model_dump(exclude={"enabled"}),
        "python_logs": chart.python_logs.model_dump(),
    }


def container_context(chart: Chart, namespace: str) -> dict[str, Any]:
    """What the code server tells the launcher of its runs."""
    (deployment,) = chart.user_deployments.deployments
    assert deployment.include_config_in_launched_runs.enabled
    return {
        "k8s": {
            "image_pull_policy": deployment.image.pull_policy,
            "env_config_maps": [config_map.name for config_map in deployment.env_config_maps],
            "resources": deployment.resources,
            "namespace": namespace,
            "service_account_name": chart.user_deployments.service_account.name,
        }
    }


def _class(module: str, name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"module": module, "class": name, "config": config}


def _postgres(postgresql: Postgresql) -> dict[str, Any]:
    return {
        "username": postgresql.postgresql_username,
        "password": {"env": "DAGSTER_PG_PASSWORD"},
        "hostname": postgresql.postgresql_host,
        "db_name": postgresql.postgresql_database,
        "port": postgresql.service.port,
        "params": postgresql.postgresql_params,
        "scheme": postgresql.postgresql_scheme,
    }


def _launcher(launcher: K8sRunLauncher, chart: Chart, namespace: str, release: str) -> dict[str, Any]:
    return {
        "load_incluster_config": True,
        "job_namespace": namespace,
        "image_pull_policy": launcher.image_pull_policy,
        "service_account_name": chart.service_account.name,
        "dagster_home": "/opt/dagster/dagster_home",
        "instance_config_map": f"{release}-instance",
        "postgres_password_secret": chart.globals.postgresql_secret_name,
        "security_context": launcher.security_context,
        "run_k8s_config": launcher.run_k8s_config.model_dump(),
    }
