"""What the page tells an engineer to type and to grant is what the code has."""

from __future__ import annotations

import re

import pytest

from nba_consolidation.cli import main
from nba_consolidation.operations.bootstrap import ROLES
from nba_consolidation.orchestration.checks import consolidation as checks
from nba_consolidation.orchestration.checks.run_checks import check_specs
from nba_consolidation.schema import PREDICTIONS
from nba_consolidation.settings import Settings
from nba_consolidation_tests.deploy.files import DEPLOY, PAGE, ROOT, manifest, settings, values
from nba_consolidation_tests.deploy.instances import pinned

BLOCKS = "\n".join(re.findall(r"^```$(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.sub(r"\\\n\s*", "", BLOCKS)


def test_the_roles_are_those_that_bootstrap_asks_for() -> None:
    rows = re.findall(r"^\| (\w+) \| `(roles/[\w.]+)` \| ([\w ]+) \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted((role.account, role.role, role.resource) for role in ROLES)


def test_every_role_of_who_works_is_granted_by_a_command_and_no_other() -> None:
    granted = set(re.findall(r"roles/[\w.]+", COMMANDS))
    assert granted - {"roles/iam.workloadIdentityUser"} == {role.role for role in ROLES if role.account != "bootstrap"}


def test_every_command_of_ours_is_one() -> None:
    typed = set(re.findall(r"nba-consolidation (?!-)([a-z]+)", PAGE)) - {"and"}
    assert {"bootstrap", "doctor", "status"} <= typed <= set(main.commands)


def test_the_chart_is_of_the_dagster_that_is_pinned() -> None:
    versions = set(re.findall(r"--version (\S+)", PAGE))
    assert versions == {pinned("dagster")}


def test_every_file_that_is_named_is_there_and_every_file_is_named() -> None:
    named = set(re.findall(r"deploy/([\w.]+\w)", COMMANDS)) | set(re.findall(r"`([A-Z]\w+(?:\.\w+)?|\w+\.yaml)`", PAGE))
    here = {path.name for path in DEPLOY.iterdir()} - {"README.md"}
    assert here <= named
    assert {name for name in named if name.endswith(".yaml")} <= here


def test_what_has_a_ttl_policy_is_where_the_leases_are_and_what_they_write() -> None:
    (collections,) = re.findall(r"for collection in ([\w ]+);", COMMANDS)
    (field,) = re.findall(r"ttls update (\w+)", COMMANDS)
    defaults = Settings.from_environment(settings())
    assert collections.split() == [defaults.lock_collection, defaults.grading_lock_collection, "lease_events"]
    source = (ROOT / "nba_consolidation" / "leases" / "firestore" / "documents.py").read_text(encoding="utf-8")
    assert f'"{field}":' in source


def test_what_is_made_by_command_is_what_the_settings_name() -> None:
    defaults = Settings.from_environment(settings())
    exported = dict(pair.split("=", 1) for line in re.findall(r"^export (.*)$", COMMANDS, re.MULTILINE)
                    for pair in line.split())  # fmt: skip
    assert (exported["PROJECT"], exported["LOCATION"]) == (defaults.project, defaults.location)
    assert exported["DATABASE"] == defaults.firestore_database
    assert re.findall(r"mk --dataset \$PROJECT:(\w+)", COMMANDS) == [defaults.dataset, defaults.staging_dataset]
    (deployment,) = values()["dagster-user-deployments"]["deployments"]
    image = f"{deployment['image']['repository']}:{deployment['image']['tag']}"
    assert exported["IMAGE"].replace("$PROJECT", exported["PROJECT"]) == image


def test_the_identity_that_is_bound_is_the_one_that_is_annotated() -> None:
    ((namespace, account),) = re.findall(r"svc\.id\.goog\[([\w-]+)/([\w-]+)\]", COMMANDS)
    ((google_account,),) = [re.findall(r"service-accounts add-iam-policy-binding ([\w-]+)@", COMMANDS)]
    metadata = manifest("ServiceAccount")[account]["metadata"]
    assert metadata["namespace"] == namespace
    assert metadata["annotations"]["iam.gke.io/gcp-service-account"].startswith(f"{google_account}@")


def test_the_secret_of_the_database_is_the_one_that_the_chart_reads() -> None:
    (secret,) = re.findall(r"create secret generic ([\w-]+)", COMMANDS)
    assert secret == values()["global"]["postgresqlSecretName"]
    assert "--from-file=postgresql-password=" in COMMANDS


def test_the_limits_and_checks_to_watch_are_those_of_the_code() -> None:
    named = set(re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| checks? .*$", PAGE, re.MULTILINE))))
    assert named == {spec.name for spec in check_specs([PREDICTIONS.name])}
    assert f"under {checks.LEASE_OVERHEAD_LIMIT_MS} ms" in PAGE
    assert f"under {checks.CONSOLIDATION_LIMIT_MS // 1000} s" in PAGE


@pytest.mark.parametrize("words", ["What was not run here", "When a pod is killed", "Beside the predecessor's lock"])
def test_the_page_does_not_leave_out(words: str) -> None:
    assert f"## {words}" in re.sub(r"## \d+\. ", "## ", PAGE)
