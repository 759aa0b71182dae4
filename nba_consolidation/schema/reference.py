"""The reference of the tables, as Markdown, from their declaration. `make docs` writes it to docs/tables.md."""

from __future__ import annotations

from collections.abc import Iterator

from nba_consolidation.schema import ACCURACY_KEY, ALL_TABLES, BOX_SCORES, BUSINESS_KEY, Table


def tables_reference() -> str:
    """All tables with their columns, types and meanings."""
    business_key, accuracy_key = (", ".join(f"`{name}`" for name in key) for key in (BUSINESS_KEY, ACCURACY_KEY))
    lines = [
        "# Tables",
        "",
        "Made by `make docs` from `nba_consolidation/tables`; a test holds the two together.",
        "",
        f"The business key is {business_key}; of graded predictions it is {accuracy_key}.",
        "The line is exact, and NULL equals NULL. Types are GoogleSQL's.",
        "",
    ]
    for table in (*ALL_TABLES, BOX_SCORES):
        lines += _section(table)
    return "\n".join(lines)


def _section(table: Table) -> Iterator[str]:
    yield from (f"## {table.name}", "", table.description, "")
    if table.partition_by:
        clustered = f", clustered by {', '.join(f'`{name}`' for name in table.cluster_by)}" if table.cluster_by else ""
        yield from (f"Partitioned by `{table.partition_by}`{clustered}.", "")
    yield from ("| column | type | meaning |", "| --- | --- | --- |")
    for column in table.columns:
        required = " (a staged row must have it)" if column.required else ""
        yield f"| `{column.name}` | {column.type} | {column.description}{required} |"
    yield ""


if __name__ == "__main__":
    print(tables_reference(), end="")  # noqa: T201
