"""Settings: what the environment may say, and that what cannot be meant is told with the variable's name."""

from __future__ import annotations

import pytest

from nba_consolidation.settings import Settings, SettingsError, variable

PRODUCTION = {"NBA_CONSOLIDATION_DEPLOYMENT": "production", "NBA_CONSOLIDATION_PROJECT": "nba-project"}


def test_the_environment_alone_chooses_the_deployment() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings.from_environment(PRODUCTION) == Settings(deployment="production", project="nba-project")


def test_an_empty_variable_is_none() -> None:
    assert Settings.from_environment({"NBA_CONSOLIDATION_DATASET": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deployment", "prod"),
        ("project", "p"),
        ("project", "nba-project; DROP"),
        ("dataset", "my-dataset"),
        ("dataset", "a.b.c"),
        ("dataset", "nba-project.`x`"),
        ("staging_dataset", "x y"),
        ("box_scores", "a.b.c.d"),
        ("box_scores", "nba_raw.`x`"),
        ("box_scores", "nba-raw.player_game_summary"),
        ("location", "EU/../"),
        ("firestore_database", "(Default)"),
        ("lock_collection", "locks/2026"),
        ("lock_collection", "__locks__"),
        ("grading_lock_collection", ".."),
        ("maximum_bytes_billed", "0"),
        ("maximum_bytes_billed", "10GB"),
        ("staging_kept_days", "-1"),
        ("odds", "-99"),
        ("odds", "99"),
        ("odds", "0"),
        ("odds", "1.91"),
        ("firestore_emulator", "http://localhost:8080"),
    ],
)
def test_a_name_or_figure_that_cannot_be_is_refused_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable(name)):
        Settings.from_environment(PRODUCTION | {variable(name): value})


def test_what_a_project_may_be_called_is_taken() -> None:
    given = PRODUCTION | {
        "NBA_CONSOLIDATION_PROJECT": "example.com:nba-project",
        "NBA_CONSOLIDATION_DATASET": "nba-data.predictions_2026",
        "NBA_CONSOLIDATION_FIRESTORE_DATABASE": "locks-eu",
        "NBA_CONSOLIDATION_MAXIMUM_BYTES_BILLED": "1000000000000",
        "NBA_CONSOLIDATION_STAGING_KEPT_DAYS": "1.5",
        "FIRESTORE_EMULATOR_HOST": "localhost:8080",
    }
    settings = Settings.from_environment(given)
    assert (settings.maximum_bytes_billed, settings.staging_kept_days) == (10**12, 1.5)
    assert (settings.place, settings.firestore_emulator) == ("nba-data.predictions_2026", "localhost:8080")


def test_production_needs_a_project() -> None:
    with pytest.raises(SettingsError, match="NBA_CONSOLIDATION_PROJECT is missing"):
        Settings(deployment="production")


def test_american_odds_have_a_sign_or_none() -> None:
    given = {"+105": 105, "105": 105, "-110": -110, "100": 100, "-100": -100}
    assert {text: Settings.from_environment({"NBA_CONSOLIDATION_ODDS": text}).odds for text in given} == given


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, "nba-project.nba_predictions.player_game_summary"),
        ({"dataset": "nba-data.mine"}, "nba-data.mine.player_game_summary"),
        ({"box_scores": "scores"}, "nba-project.nba_predictions.scores"),
        ({"box_scores": "nba_raw.scores"}, "nba-project.nba_raw.scores"),
        ({"box_scores": "nba-raw.stats.scores", "dataset": "mine"}, "nba-raw.stats.scores"),
        ({"box_scores": "example.com:nba-raw.stats.scores"}, "example.com:nba-raw.stats.scores"),
    ],
)
def test_box_scores_lie_in_the_dataset_unless_they_are_said_to_lie_elsewhere(
    given: dict[str, str], wanted: str
) -> None:
    environment = {variable(name): value for name, value in given.items()}
    assert Settings.from_environment(PRODUCTION | environment).box_scores_path == wanted
