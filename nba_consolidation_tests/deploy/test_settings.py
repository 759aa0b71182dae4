"""The settings of the deployment are settings and fit together; nothing is a secret, or somebody's project."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg
import pytest

from nba_consolidation.definitions import build_definitions
from nba_consolidation.settings import PREFIX, PRODUCTION, Settings, variable
from nba_consolidation_tests.deploy.files import DEPLOY, PAGE, document, settings, values

FILES = sorted(path for path in DEPLOY.iterdir() if path.is_file())
EXAMPLE = "example-project"
LOOKS_SECRET = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY",
    r"AIza[\w-]{30,}",  # a Google API key
    r"ya29\.[\w-]{20,}",  # an access token
    r"\bgh[pousr]_\w{30,}",
    r"://[^/\s:@$]+:[^/\s@$]+@",  # a password inside an address
    r"(?i)(?:password|secret|token|private_key)\s*[:=]\s*[\"']?(?!\$|env:|true|false|/dev/stdin)[\w+/=.-]{6,}",
)


def production() -> Settings:
    return Settings.from_environment(settings())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_of_ours_is_a_setting(path: Path) -> None:
    known = {variable(name) for name in Settings.model_fields}
    assert set(re.findall(PREFIX + "[A-Z_]+", path.read_text(encoding="utf-8"))) <= known


def test_the_settings_are_those_of_a_production_deployment() -> None:
    assert production().deployment == PRODUCTION
    assert production().project == EXAMPLE


def test_the_next_holder_after_a_dead_one_waits_until_its_lease_has_ended() -> None:
    assert production().lease_wait > 2 * production().lease_ttl


def test_a_job_that_costs_too_much_does_not_run_and_a_merged_table_can_be_had_back() -> None:
    assert production().maximum_bytes_billed
    assert production().staging_kept_days


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_looks_like_a_secret(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [match.group() for shape in LOOKS_SECRET for match in re.finditer(shape, text)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_project_is_named_but_the_example(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    projects = re.findall(r"@([\w-]+)\.iam\.gserviceaccount\.com", text) + re.findall(r"pkg\.dev/([\w-]+)/", text)
    assert set(projects) <= {EXAMPLE}


def _pools_of_assets() -> set[str]:
    assets = build_definitions(Settings()).assets or ()
    definitions = [asset for asset in assets if isinstance(asset, dg.AssetsDefinition)]
    assert definitions
    return {asset.op.pool for asset in definitions if asset.op.pool}


def test_the_pools_that_have_a_limit_are_pools_that_assets_use() -> None:
    """A limit of a pool that nobody uses limits nothing, and looks as if it did."""
    limits = {
        values()["concurrency"]["pools"]["defaultLimit"],
        document("dagster.yaml")["concurrency"]["pools"]["default_limit"],
    }
    assert limits == {1}
    assert _pools_of_assets() == set(re.findall(r"pool `(\w+)`", PAGE)) != set()
