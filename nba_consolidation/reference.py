"""The reference pages of docs/, made from the declarations of tables and settings. `make docs` runs this module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from nba_consolidation.schema import ACCURACY_KEY, ALL_TABLES, BOX_SCORES, BUSINESS_KEY, Table
from nba_consolidation.settings import GROUPS, Settings, kind, variable


def tables_page() -> str:
    """All tables with their columns, types and meanings."""
    business_key, accuracy_key = (", ".join(f"`{name}`" for name in key) for key in (BUSINESS_KEY, ACCURACY_KEY))
    lines = [
        "# Tables",
        "",
        "For whoever reads or queries the tables. Made by `make docs` from `nba_consolidation/schema`.",
        "",
        f"The business key is {business_key}; of graded predictions it is {accuracy_key}.",
        "The line is exact, and NULL equals NULL. Types are GoogleSQL's.",
        "",
    ]
    for table in (*ALL_TABLES, BOX_SCORES):
        lines += _table_section(table)
    return "\n".join(lines)


def _table_section(table: Table) -> Iterator[str]:
    yield from (f"## {table.name}", "", table.description, "")
    if table.partition_by:
        clustered = f", clustered by {', '.join(f'`{name}`' for name in table.cluster_by)}" if table.cluster_by else ""
        yield from (f"Partitioned by `{table.partition_by}`{clustered}.", "")
    yield from ("| column | type | meaning |", "| --- | --- | --- |")
    for column in table.columns:
        required = " (a staged row must have it)" if column.required else ""
        yield f"| `{column.name}` | {column.type} | {column.description}{required} |"
    yield ""


def settings_page() -> str:
    """All settings with their variables, defaults, allowed values and descriptions."""
    lines = [
        "# Settings",
        "",
        "For whoever runs the project. Made by `make docs` from `nba_consolidation/settings.py`.",
        "",
        "Each setting is an environment variable. Some are also an option of the terminal, which comes first",
        "(`nba-consolidation --lease-ttl 30 ...`, see `nba-consolidation --help`), or a field of the Dagster resources",
        "`leases` and `warehouse`, which the launchpad can change for one run. A value that is not allowed is refused",
        "when the program starts, and a variable with a misspelt name is warned of.",
        "",
    ]
    headings = {first: heading for heading, first in GROUPS.items()}
    for name, field in Settings.model_fields.items():
        if name in headings:
            lines += _settings_heading(headings[name])
        lines.append(f"| `{variable(name)}` | {_default(field.default)} | {kind(name).must} | {field.description} |")
    return "\n".join([*lines, ""])


def _settings_heading(heading: str) -> Iterator[str]:
    if heading != next(iter(GROUPS)):
        yield ""
    yield from (f"## {heading}", "", "| variable | default | must be | |", "| --- | --- | --- | --- |")


def _default(value: object) -> str:
    if value is None or value == () or value == {}:
        return ""
    return f"`{value:g}`" if isinstance(value, float) else f"`{str(value).lower() if value is False else value}`"


PAGES: Mapping[str, str] = {"tables.md": tables_page(), "settings.md": settings_page()}


if __name__ == "__main__":
    for _name, _text in PAGES.items():
        Path("docs", _name).write_text(_text, encoding="utf-8")
