"""The files of deploy/, read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PAGE = (DEPLOY / "README.md").read_text(encoding="utf-8")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def documents(name: str) -> list[dict[str, Any]]:
    """The YAML documents of a file. A repeated key is an error."""
    return list(yaml.load_all((DEPLOY / name).read_text(encoding="utf-8"), Loader=_Strict))


def document(name: str) -> dict[str, Any]:
    """The one YAML document of a file."""
    (only,) = documents(name)
    return only


def values() -> dict[str, Any]:
    """The values of the chart."""
    return document("values.yaml")


def manifest(kind: str) -> dict[str, dict[str, Any]]:
    """What kubernetes.yaml makes of that kind, by name."""
    return {item["metadata"]["name"]: item for item in documents("kubernetes.yaml") if item["kind"] == kind}


def settings() -> dict[str, str]:
    """The environment that code server, runs and toolbox get."""
    return dict(manifest("ConfigMap")["nba-consolidation-settings"]["data"])


class _Strict(yaml.SafeLoader):  # type: ignore[misc]
    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key is repeated: {node.start_mark}"
        return dict(super().construct_mapping(node, deep=deep))
