"""The Dagster resources: the settings that the launchpad can change, and the deployment that assets and checks use.

Nothing is opened or called here. A lease is not acquired here either: with the multiprocess executor a resource lives
for one step, and a lease for one use case.
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

import dagster as dg
from pydantic import Field, create_model

from nba_consolidation.setting_kinds import kind
from nba_consolidation.settings import LOCAL, PRODUCTION, QualityThresholds, Settings
from nba_consolidation.wiring import Deployment, engine_of, leases_of

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

Fields = Mapping[str, str]
"""The name of each field of a resource, and of the setting that it changes."""

_LEASES: Fields = {"ttl_seconds": "lease_ttl", "wait_seconds": "lease_wait"}
_WAREHOUSE: Fields = {
    name: name
    for name in (
        "first_date", "confidence_scales", "schema_evolution", "odds", "calibration_window_days",
        "calibration_major_shift", "player_policy", "disabled_systems", "reports", "staging_retention_days",
        "quality_thresholds",
    )
}  # fmt: skip
LEASE_FIELDS: Mapping[str, Fields] = {
    LOCAL: {**_LEASES, "home": "home"},
    PRODUCTION: {
        **_LEASES, "project": "project", "database": "firestore_database", "collection": "lock_collection",
        "grading_collection": "grading_lock_collection", "emulator": "firestore_emulator",
    },
}  # fmt: skip
WAREHOUSE_FIELDS: Mapping[str, Fields] = {
    LOCAL: {
        **_WAREHOUSE, "home": "home", "staging": "staging", "wait_seconds": "warehouse_wait",
        "memory_limit": "memory_limit",
    },
    PRODUCTION: {
        **_WAREHOUSE, "project": "project", "dataset": "dataset", "staging_dataset": "staging_dataset",
        "box_scores": "box_scores", "maximum_bytes_billed": "maximum_bytes_billed",
        "staging_kept_days": "staging_kept_days",
    },
}  # fmt: skip


def resources_of(settings: Settings) -> dict[str, Any]:
    """The resources of these settings. A field that the launchpad leaves out keeps its value."""
    lease_fields, warehouse_fields = LEASE_FIELDS[settings.deployment], WAREHOUSE_FIELDS[settings.deployment]
    changeable = {
        "leases": _resource("LeaseResource", "The leases: one holder per game date at a time.", settings, lease_fields),
        "warehouse": _resource("WarehouseResource", "The warehouse and the staging area.", settings, warehouse_fields),
    }
    if settings.deployment == PRODUCTION:
        changeable["bigquery"] = _bigquery(settings)

    @dg.resource(required_resource_keys=set(changeable), description="The use cases, over `warehouse` and `leases`.")
    def deployment(context: dg.InitResourceContext) -> Deployment:
        # In `context.resources` a BigQueryResource is replaced by the client that it yields.
        resources = context.resources.original_resource_dict
        leases = settings.replace(**_changes(resources["leases"], lease_fields))
        warehouse = settings.replace(**_changes(resources["warehouse"], warehouse_fields))
        chosen = warehouse.replace(lease_ttl=leases.lease_ttl, lease_wait=leases.lease_wait)
        if settings.deployment == LOCAL:
            return Deployment(chosen, *engine_of(chosen), leases_of(leases))
        bigquery: Any = resources["bigquery"]
        chosen = chosen.replace(location=bigquery.location)
        return Deployment(chosen, *engine_of(chosen, lambda: _client(bigquery)), leases_of(leases))

    return {**changeable, "deployment": deployment}


def _resource(name: str, doc: str, settings: Settings, fields: Fields) -> dg.ConfigurableResource[Any]:
    """A resource whose fields have the settings' descriptions, and the settings' values as defaults."""
    values = settings.model_dump(mode="json")
    declared: dict[str, Any] = {}
    for field, setting in fields.items():
        info = Settings.model_fields[setting]
        described = f"{info.description} Must be {kind(Settings, setting).must}."
        declared[field] = (_config_type(info.annotation), Field(values[setting], description=described))
    resource: Any = create_model(name, __base__=dg.ConfigurableResource, __doc__=doc, **declared)
    instance: dg.ConfigurableResource[Any] = resource()
    return instance


def _config_type(annotation: Any) -> Any:
    """The type of a setting in Dagster's configuration, which knows neither dates nor paths nor tuples."""
    if annotation in (dt.date, Path):
        return str
    if annotation is QualityThresholds:
        return dict[str, float]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return list[str]
    if origin is Mapping:
        return dict[str, str]
    return _config_type(arguments[0]) | None if type(None) in arguments else annotation


def _changes(resource: Any, fields: Fields) -> dict[str, Any]:
    return {setting: getattr(resource, field) for field, setting in fields.items()}


def _bigquery(settings: Settings) -> dg.ConfigurableResource[Any]:
    """dagster-gcp's client, a resource of its own: credentials can be set there."""
    try:
        from dagster_gcp import BigQueryResource
    except ImportError as error:
        raise dg.DagsterInvalidDefinitionError(
            f"the production deployment lacks a library ({error}); install it with: "
            "pip install 'nba-consolidation[production]'"
        ) from error
    return BigQueryResource(project=settings.project, location=settings.location)


def _client(bigquery: Any) -> "Client":
    """A client that stays open after the block: dagster-gcp needs the block only to read credentials."""
    with bigquery.get_client() as client:
        opened: Client = client
    return opened
