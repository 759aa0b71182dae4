"""What is written down is what is so."""

import re
from pathlib import Path

from nba_consolidation.cli import main
from nba_consolidation.reference import tables_reference
from nba_consolidation.settings import Settings, variable

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_reference_of_the_tables_is_the_declaration() -> None:
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == tables_reference()


def test_every_setting_is_in_the_readme_and_every_variable_in_the_readme_is_a_setting() -> None:
    settings = {variable(name) for name in Settings.__dataclass_fields__}
    assert set(re.findall(r"\| `([A-Z_]+)` \|", README)) == settings


def test_every_command_is_in_the_readme() -> None:
    shown = set(re.findall(r"nba-consolidation (?:--home \S+ )?([a-z]+)", README))
    assert set(main.commands) <= shown


def test_every_make_target_in_the_readme_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) <= targets
