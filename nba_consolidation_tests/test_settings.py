"""Settings: the environment, the terminal and the launchpad mean the same; a refusal says what is allowed."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import click
import dagster as dg
import pytest
from click.testing import CliRunner

from nba_consolidation.cli import main
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.orchestration import resources
from nba_consolidation.orchestration.resources import LEASE_FIELDS, WAREHOUSE_FIELDS, resources_of
from nba_consolidation.setting_kinds import kind
from nba_consolidation.settings import (
    LOCAL,
    PRODUCTION,
    QualityThresholds,
    Settings,
    SettingsError,
    unknown_variables,
    variable,
)
from nba_consolidation.wiring import Deployment

IN_PRODUCTION = {"NBA_CONSOLIDATION_DEPLOYMENT": "production", "NBA_CONSOLIDATION_PROJECT": "nba-project"}
TOGETHER = {
    "slack_channel": {"slack_token": "xoxb"},
    "slack_token": {"slack_channel": "#alerts"},
    "alert_emails": {"smtp_host": "mail.example.com", "smtp_sender": "nba@example.com"},
    "deployment": {"project": "nba-project"},
}
"""The settings without which another one is refused."""

EXAMPLES: dict[str, tuple[str, object]] = {
    "deployment": ("production", "production"),
    "first_date": ("2019-10-22", dt.date(2019, 10, 22)),
    "schema_evolution": ("true", True),
    "staging_retention_days": ("2.5", 2.5),
    "reports": ("gs://bucket/reports", "gs://bucket/reports"),
    "lease_ttl": ("30", 30.0),
    "lease_wait": ("0", 0.0),
    "sensor_interval": ("45", 45.0),
    "arrivals_quiet": ("5.5", 5.5),
    "arrivals_wait": ("900", 900.0),
    "confidence_scales": ("xgboost_v1=percent, zone = fraction", {"xgboost_v1": "percent", "zone": "fraction"}),
    "odds": ("+105", 105),
    "calibration_window_days": ("60", 60),
    "calibration_major_shift": ("0.25", 0.25),
    "player_policy": ("edge_3_under_40", "edge_3_under_40"),
    "disabled_systems": ("zone, ,xgboost_v1", ("zone", "xgboost_v1")),
    "quality_thresholds": ("most_ungraded=80,robust_z=2.5", QualityThresholds(most_ungraded=80, robust_z=2.5)),
    "log_level": ("INFO", "INFO"),
    "log_format": ("json", "json"),
    "otlp_endpoint": ("http://localhost:4318", "http://localhost:4318"),
    "slack_token": ("xoxb-1", "xoxb-1"),
    "slack_channel": ("#nba", "#nba"),
    "alert_emails": ("a@example.com,b@example.com", ("a@example.com", "b@example.com")),
    "smtp_host": ("mail.example.com", "mail.example.com"),
    "smtp_port": ("2525", 2525),
    "smtp_security": ("none", "none"),
    "smtp_user": ("nba", "nba"),
    "smtp_password": ("12345", "12345"),
    "smtp_sender": ("nba@example.com", "nba@example.com"),
    "alert_severity": ("error", "error"),
    "alert_hours": ("12", 12.0),
    "webserver_url": ("https://dagster.example.com", "https://dagster.example.com"),
    "home": ("/srv/nba", Path("/srv/nba")),
    "staging": ("/srv/staged", Path("/srv/staged")),
    "warehouse_wait": ("10", 10.0),
    "memory_limit": ("4GB", "4GB"),
    "project": ("example.com:nba-project", "example.com:nba-project"),
    "dataset": ("nba-data.predictions_2026", "nba-data.predictions_2026"),
    "staging_dataset": ("staged", "staged"),
    "box_scores": ("nba_raw.box_scores", "nba_raw.box_scores"),
    "location": ("europe-west1", "europe-west1"),
    "firestore_database": ("leases-eu", "leases-eu"),
    "lock_collection": ("our_locks", "our_locks"),
    "grading_lock_collection": ("our_grading_locks", "our_grading_locks"),
    "maximum_bytes_billed": ("1000000000000", 10**12),
    "staging_kept_days": ("1.5", 1.5),
    "firestore_emulator": ("localhost:8080", "localhost:8080"),
}
"""Of each setting a text, and the value that it means; none is the default."""


def environment(**values: str) -> dict[str, str]:
    return {variable(name): text for name, text in values.items()}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_is_read_from_its_variable(name: str) -> None:
    text, value = EXAMPLES[name]
    settings = Settings.from_environment(environment(**{name: text}, **TOGETHER.get(name, {})))
    assert getattr(settings, name) == value != getattr(Settings(), name)
    assert type(getattr(settings, name)) is type(value) or isinstance(value, Path)


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of each call of the terminal's command `probe`."""
    seen: list[Settings] = []

    @click.command()
    @session_command
    def command(session: Session) -> None:
        seen.append(session.settings)

    monkeypatch.setitem(main.commands, "probe", command)
    return seen


OPTIONS = [str(option.name) for option in main.params if option.name in Settings.model_fields]


@pytest.mark.parametrize("name", OPTIONS)
def test_each_option_of_the_terminal_means_what_the_variable_means(name: str, probe: list[Settings]) -> None:
    text, value = EXAMPLES[name]
    option = [f"--{name.replace('_', '-')}"] + ([text] if name != "schema_evolution" else [])
    result = CliRunner().invoke(main, [*option, "probe"], env=environment(**TOGETHER.get(name, {})))
    assert result.exit_code == 0, result.stderr
    assert getattr(probe[0], name) == value


def test_an_option_overrides_the_variable(probe: list[Settings]) -> None:
    CliRunner().invoke(main, ["--odds", "200", "probe"], env=environment(odds="150"))
    assert probe[0].odds == 200


@pytest.mark.parametrize("deployment", [LOCAL, PRODUCTION])
def test_each_field_of_the_launchpad_means_what_the_variable_means(
    deployment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_leases: list[Settings] = []
    monkeypatch.setattr(resources, "leases_of", of_leases.append)
    settings = Settings.from_environment(IN_PRODUCTION if deployment == PRODUCTION else {})
    lease_fields, warehouse_fields = LEASE_FIELDS[deployment], WAREHOUSE_FIELDS[deployment]
    of_warehouse = settings_in_a_run(settings, leases=as_config(lease_fields), warehouse=as_config(warehouse_fields))
    assert {name: getattr(of_leases[0], name) for name in lease_fields.values()} == meant(lease_fields)
    assert {name: getattr(of_warehouse, name) for name in warehouse_fields.values()} == meant(warehouse_fields)
    assert (of_warehouse.lease_ttl, of_warehouse.lease_wait) == (EXAMPLES["lease_ttl"][1], EXAMPLES["lease_wait"][1])


@pytest.mark.parametrize(
    ("fields", "renamed"),
    [
        (LEASE_FIELDS[LOCAL], {"ttl_seconds": "lease_ttl", "wait_seconds": "lease_wait"}),
        (WAREHOUSE_FIELDS[LOCAL], {"wait_seconds": "warehouse_wait"}),
        (
            LEASE_FIELDS[PRODUCTION],
            {
                "ttl_seconds": "lease_ttl",
                "wait_seconds": "lease_wait",
                "database": "firestore_database",
                "collection": "lock_collection",
                "grading_collection": "grading_lock_collection",
                "emulator": "firestore_emulator",
            },
        ),
        (WAREHOUSE_FIELDS[PRODUCTION], {}),
    ],
)
def test_a_field_of_the_launchpad_has_the_name_of_its_setting_but_for_these(
    fields: resources.Fields, renamed: dict[str, str]
) -> None:
    assert {field: name for field, name in fields.items() if field != name} == renamed


def as_config(fields: resources.Fields) -> dict[str, Any]:
    """What somebody enters in the launchpad."""
    examples: dict[str, Any] = {name: value for name, (_, value) in EXAMPLES.items()}
    values = Settings(**examples).model_dump(mode="json")
    return {field: values[name] for field, name in fields.items()}


def meant(fields: resources.Fields) -> dict[str, object]:
    return {name: EXAMPLES[name][1] for name in fields.values()}


def settings_in_a_run(settings: Settings, **config: dict[str, Any]) -> Settings:
    """The settings of the deployment that a run with this configuration of its resources gets."""
    seen: list[Settings] = []

    @dg.op
    def look(deployment: dg.ResourceParam[Deployment]) -> None:
        seen.append(deployment.settings)

    @dg.job(resource_defs=resources_of(settings), executor_def=dg.in_process_executor)
    def looking() -> None:
        look()

    run_config = {"resources": {name: {"config": fields} for name, fields in config.items()}}
    assert looking.execute_in_process(run_config=run_config).success
    return seen[0]


def test_a_field_that_the_launchpad_leaves_out_keeps_the_value_of_the_deployment() -> None:
    settings = Settings(odds=150, memory_limit="2GB", lease_ttl=30, first_date=dt.date(2020, 1, 1), home=Path("here"))
    changed = settings_in_a_run(settings, warehouse={"odds": 200})
    assert changed == settings.replace(odds=200)


def test_the_launchpad_shows_what_a_field_is_for_its_unit_and_the_value_of_the_deployment() -> None:
    leases = resources_of(Settings(lease_ttl=45))["leases"]
    field = type(leases).model_fields["ttl_seconds"]
    assert "Must be a number of seconds above 0." in str(field.description)
    assert leases.ttl_seconds == 45


def test_a_value_that_is_not_allowed_in_the_launchpad_fails_the_run_with_its_reason() -> None:
    with pytest.raises(dg.DagsterResourceFunctionError) as failure:
        settings_in_a_run(Settings(), warehouse={"odds": 50})
    assert "ODDS=50: must be American odds" in str(failure.value.__cause__)


@pytest.mark.parametrize(
    ("name", "text", "must"),
    [
        ("lease_ttl", "sixty", "a number of seconds above 0"),
        ("lease_ttl", "0", "a number of seconds above 0"),
        ("lease_wait", "-1", "a number of seconds, 0 or more"),
        ("lease_wait", "nan", "a number of seconds, 0 or more"),
        ("arrivals_wait", "inf", "a number of seconds, 0 or more"),
        ("alert_hours", "-0.5", "a number of hours, 0 or more"),
        ("staging_kept_days", "-1", "a number of days, 0 or more"),
        ("calibration_window_days", "0", "a whole number of days above 0"),
        ("calibration_window_days", "7.5", "a whole number of days above 0"),
        ("calibration_major_shift", "1.01", "a number from 0 to 1"),
        ("maximum_bytes_billed", "0", "a whole number of bytes above 0"),
        ("maximum_bytes_billed", "10GB", "a whole number of bytes above 0"),
        ("smtp_port", "65536", "a port number from 1 to 65535"),
        ("first_date", "1570000000", "a date such as 2026-01-15"),
        ("first_date", "2026-02-30", "a date such as 2026-01-15"),
        ("schema_evolution", "perhaps", "true or false"),
        ("deployment", "prod", "local or production"),
        ("player_policy", "gut_feeling", "false_discovery or edge_3_under_40"),
        ("log_level", "loud", "debug, info, warning or error"),
        ("smtp_security", "tls", "starttls, ssl or none"),
        ("confidence_scales", "xgboost_v1", "`system=percent` or `system=fraction`, separated by commas"),
        ("confidence_scales", "xgboost_v1=ratio", "`system=percent` or `system=fraction`, separated by commas"),
        ("quality_thresholds", "most_ungraded", "`name=number`, separated by commas"),
        ("quality_thresholds", "most_ungraded=many", "a whole number, 0 or more"),
        ("quality_thresholds", "most_ungraded=1.5", "a whole number, 0 or more"),
        ("quality_thresholds", "most_ungraded=-1", "a whole number, 0 or more"),
        ("quality_thresholds", "recent_days=0", "a whole number of days above 0"),
        ("quality_thresholds", "robust_z=nan", "a number, 0 or more"),
        ("alert_emails", "a@example.com,nobody", "e-mail addresses, separated by commas"),
        ("webserver_url", "ftp://example.com", "an address that begins with http:// or https://"),
        ("project", "p", "the id of a Google Cloud project"),
        ("project", "nba-project; DROP", "the id of a Google Cloud project"),
        ("dataset", "my-dataset", "a BigQuery dataset, `dataset` or `project.dataset`"),
        ("dataset", "a.b.c", "a BigQuery dataset, `dataset` or `project.dataset`"),
        ("dataset", "nba-project.`x`", "a BigQuery dataset, `dataset` or `project.dataset`"),
        ("staging_dataset", "x y", "a BigQuery dataset, `dataset` or `project.dataset`"),
        ("box_scores", "a.b.c.d", "a table, `table`, `dataset.table` or `project.dataset.table`"),
        ("box_scores", "nba_raw.`x`", "a table, `table`, `dataset.table` or `project.dataset.table`"),
        ("box_scores", "nba-raw.scores", "a table, `table`, `dataset.table` or `project.dataset.table`"),
        ("location", "EU/../", "a BigQuery location such as US or europe-west1"),
        ("firestore_database", "(Default)", "the id of a Firestore database"),
        ("lock_collection", "locks/2026", "the name of a Firestore collection"),
        ("lock_collection", "__locks__", "the name of a Firestore collection"),
        ("grading_lock_collection", "..", "the name of a Firestore collection"),
        ("odds", "-99", kind(Settings, "odds").must),
        ("odds", "99", kind(Settings, "odds").must),
        ("odds", "0", kind(Settings, "odds").must),
        ("odds", "1.91", kind(Settings, "odds").must),
        ("firestore_emulator", "http://localhost:8080", "`host:port`"),
        ("memory_limit", "lots", "a size such as 1500MB, 2GiB or 80%"),
        ("memory_limit", "1500", "a size such as 1500MB, 2GiB or 80%"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_its_variable_and_what_is_allowed(
    name: str, text: str, must: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"{variable(name)}={text}: must be {must}")):
        Settings.from_environment(IN_PRODUCTION | environment(**{name: text}))


def test_an_option_that_is_not_allowed_is_refused_by_its_own_name() -> None:
    result = CliRunner().invoke(main, ["--lease-ttl", "sixty", "status"])
    assert result.exit_code == 2
    assert "--lease-ttl sixty: must be a number of seconds above 0" in result.stderr


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError, match=r"LEASE_TTL=x: .*; .*LEASE_WAIT=y: "):
        Settings.from_environment(environment(lease_ttl="x", lease_wait="y"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("robustz=1", "robustz=1: the thresholds are fewest_predictions, "),
        ("stale_hours_warned=99", "stale_hours_warned (99.0) is above stale_hours_failed (48.0)"),
        ("fewest_predictions=3000", "fewest_predictions (3000) is above most_predictions (2000)"),
    ],
)
def test_a_threshold_that_cannot_be_meant_is_refused(text: str, why: str) -> None:
    with pytest.raises(SettingsError, match=f"NBA_CONSOLIDATION_QUALITY_THRESHOLDS.*{re.escape(why)}"):
        Settings.from_environment(environment(quality_thresholds=text))


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match="there is no setting lease_tll"):
        Settings(lease_tll=60)  # type: ignore[call-arg]


def test_a_changed_copy_is_checked_too() -> None:
    with pytest.raises(SettingsError, match="LEASE_TTL=0"):
        Settings().replace(lease_ttl=0)


def test_secrets_are_not_printed() -> None:
    settings = Settings(slack_token="xoxb-secret", slack_channel="#a", smtp_password="hidden")
    assert "xoxb-secret" not in repr(settings)
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(("name", "needed"), [(name, other) for name, others in TOGETHER.items() for other in others])
def test_a_setting_that_needs_another_is_refused_without_it(name: str, needed: str) -> None:
    texts = {name: EXAMPLES[name][0], **TOGETHER[name]}
    del texts[needed]
    with pytest.raises(SettingsError, match=f"{variable(needed)} is not set"):
        Settings.from_environment(environment(**texts))


def test_an_empty_variable_sets_nothing() -> None:
    assert Settings.from_environment({"NBA_CONSOLIDATION_DATASET": ""}) == Settings()


def test_a_misspelt_variable_is_named_with_the_nearest_setting() -> None:
    known = {"NBA_CONSOLIDATION_HOME": "x", "FIRESTORE_EMULATOR_HOST": "x", "PATH": "x"}
    assert unknown_variables({"NBA_CONSOLIDATION_LEASE_TLL": "90", "NBA_CONSOLIDATION_QQQ": "1", **known}) == [
        "NBA_CONSOLIDATION_LEASE_TLL is not a setting; did you mean NBA_CONSOLIDATION_LEASE_TTL?",
        "NBA_CONSOLIDATION_QQQ is not a setting",
    ]


def test_the_terminal_warns_once_of_a_misspelt_variable(probe: list[Settings]) -> None:
    result = CliRunner().invoke(main, ["probe"], env={"NBA_CONSOLIDATION_LEASE_TLL": "90"})
    assert (len(probe), result.exit_code) == (1, 0)
    assert result.stderr.count("did you mean NBA_CONSOLIDATION_LEASE_TTL?") == 1


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({}, "nba-project.nba_predictions.player_game_summary"),
        ({"dataset": "nba-data.mine"}, "nba-data.mine.player_game_summary"),
        ({"box_scores": "scores"}, "nba-project.nba_predictions.scores"),
        ({"box_scores": "nba_raw.scores"}, "nba-project.nba_raw.scores"),
        ({"box_scores": "nba-raw.stats.scores", "dataset": "mine"}, "nba-raw.stats.scores"),
        ({"box_scores": "example.com:nba-raw.stats.scores"}, "example.com:nba-raw.stats.scores"),
    ],
)
def test_box_scores_are_in_the_dataset_of_the_tables_unless_another_is_named(
    changes: dict[str, str], path: str
) -> None:
    assert Settings.from_environment(IN_PRODUCTION | environment(**changes)).box_scores_path == path
