"""The documents agree with the code."""

import re
from pathlib import Path

import pytest

from nba_consolidation.definitions import build_definitions
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.operations.alerts.runbook import RUNBOOK, section
from nba_consolidation.operations.daily_quality.examine import CHECK_NAMES
from nba_consolidation.reference_pages import PAGES
from nba_consolidation.settings import GROUPS, QualityThresholds, Settings, variable

ROOT = Path(__file__).parents[1]
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^## (\w+)$", OPERATING, re.MULTILINE)
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_the_reference_pages_are_those_that_make_docs_writes(page: str) -> None:
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == PAGES[page]()


def test_every_setting_is_under_a_heading_of_the_reference_page() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", PAGES["settings.md"](), re.MULTILINE)
    assert rows == [variable(name) for name in Settings.model_fields]
    assert PAGES["settings.md"]().count("| variable |") == len(GROUPS)


def test_the_readme_fits_a_first_look() -> None:
    assert len(README.encode()) <= 6 * 1024


def test_every_document_says_for_whom_it_is() -> None:
    pages = {path.name: path.read_text(encoding="utf-8").split("\n\n")[1] for path in (ROOT / "docs").glob("*.md")}
    assert {name for name, second in pages.items() if not second.startswith("*For ")} == set()


def test_every_link_between_documents_leads_somewhere() -> None:
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_every_make_target_in_the_readme_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) <= targets


def test_every_quality_check_and_every_cause_of_an_alert_has_its_section_in_the_runbook() -> None:
    general = {"Alerts", "Thresholds"}
    assert set(SECTIONS) - general == set(RUNBOOK)
    assert len(SECTIONS) == len(set(SECTIONS))
    assert set(CHECK_NAMES) <= set(RUNBOOK)


def test_every_check_of_the_graph_has_its_section() -> None:
    keys = build_definitions(Settings()).resolve_asset_graph().asset_check_keys
    assert {key.name for key in keys if section(key.name) == "RunFailed"} == set()


def test_every_error_class_in_the_runbook_exists() -> None:
    def below(error: type[Exception]) -> set[str]:
        return {error.__name__}.union(*(below(child) for child in error.__subclasses__()))

    named = {cause for cause in RUNBOOK if cause[0].isupper()}
    assert named - {"RunFailed"} <= below(ConsolidationError)


def test_every_threshold_is_on_the_settings_page_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([\d.]+)` \|", PAGES["settings.md"](), re.MULTILINE)
    assert {name: float(default) for name, default in rows if name in QualityThresholds.model_fields} == dict(
        QualityThresholds()
    )
