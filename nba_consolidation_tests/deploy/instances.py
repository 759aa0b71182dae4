"""An instance's configuration, given to Dagster's own schemas: the file's, and that of each class that it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from dagster._config import process_config, resolve_to_config_type
from dagster._core.instance.config import dagster_instance_config
from dagster._serdes import class_from_code_pointer
from sqlalchemy import make_url

from nba_consolidation_tests.deploy.files import ROOT

HAS_CLASSES_OF = ("dagster_postgres", "dagster_k8s")
WITHOUT_THEM = "needs the extra `kubernetes` (dagster-postgres, dagster-k8s)"


def accepted(config: dict[str, Any], home: Path) -> dict[str, Any]:
    """The configuration as Dagster reads it from a dagster.yaml. Raises where it, or a class of it, refuses."""
    (home / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    read = dict(dagster_instance_config(str(home))[0])
    return {key: _accepted_by_its_class(value) for key, value in read.items()}


def _accepted_by_its_class(value: Any) -> Any:
    if not (isinstance(value, dict) and {"module", "class"} <= value.keys()):
        return value
    loaded: Any = class_from_code_pointer(value["module"], value["class"])
    processed = process_config(resolve_to_config_type(loaded.config_type()), value.get("config", {}))
    assert processed.success, f"{value['class']}: {[error.message for error in processed.errors or ()]}"
    return {"class": loaded, "config": processed.value}


def connects_with(postgres_db: dict[str, Any]) -> str:
    """The driver through which SQLAlchemy would connect. Raises where it is not installed."""
    return str(make_url(f"{postgres_db['scheme']}://").get_dialect().import_dbapi().__name__)


def pinned(package: str) -> str:
    """The version of a package in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return next(line.partition("==")[2] for line in lines if line.startswith(f"{package}=="))
