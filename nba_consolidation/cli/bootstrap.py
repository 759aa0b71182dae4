"""`bootstrap`: shows what would be made or added, and does it when told. The domain plans it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.options import apply_option
from nba_consolidation.cli.output import Column, Grid, Shown, counted
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.settings import PRODUCTION

if TYPE_CHECKING:
    from nba_consolidation.operations.bootstrap import TableChange


@click.command()
@apply_option
@session_command
def bootstrap(session: Session, applied: bool) -> None:
    """Show which tables would be created.

    Also which columns would be added to tables that are there, with or without rows: these are adopted, and keep all
    that they have. With --apply it is done; repeating it changes nothing. In production the datasets are created too,
    and the least set of roles is listed.
    """
    from nba_consolidation.operations import bootstrap as use_case
    from nba_consolidation.schema import ALL_TABLES

    at = session.deployment()
    changes = use_case.plan(at.warehouse) if at.exists or applied else [use_case.TableChange(t) for t in ALL_TABLES]
    if applied:
        use_case.apply(at.warehouse, changes)
    roles = use_case.ROLES if session.settings.deployment == PRODUCTION else ()
    session.show(
        {
            "place": session.settings.place,
            "applied": applied,
            "tables": [_document(c) for c in changes],
            "roles": roles,
        },
        _tables(changes),
        _differing(changes),
        Grid(
            [Column("account"), Column("role"), Column("on"), Column("for", 1, fold=True)],
            [(role.account, role.role, role.resource, role.reason) for role in roles],
            "The least set of roles",
        ),
        *_summary(changes, applied, session.settings.place),
    )


def _document(change: TableChange) -> dict[str, Any]:
    return {
        "name": change.table.name,
        "description": change.table.description,
        "creates": change.creates,
        "adds": [column.name for column in change.missing],
        "carried_through": change.carried_through,
        "differing": [
            {"column": ours.name, "declared": ours.type, "live": live.type} for ours, live in change.differing
        ],
        "unfit": change.unfit,
    }


def _tables(changes: Sequence[TableChange]) -> Grid:
    columns = [Column("table"), Column("is"), Column("adds", fold=True), Column("carried through", 1, fold=True)]
    rows = [
        (
            change.table.name,
            "created" if change.creates else "adopted" if change.missing else "there",
            ", ".join(column.name for column in change.missing) or None,
            ", ".join(change.carried_through) or None,
        )
        for change in changes
    ]
    return Grid(columns, rows)


def _differing(changes: Sequence[TableChange]) -> Grid:
    columns = [Column("column of another type"), Column("declared"), Column("live"), Column("so", fold=True)]
    rows = [
        (
            f"{change.table.name}.{ours.name}",
            ours.type,
            live.type,
            "nothing can be consolidated" if any(ours.name in told for told in change.unfit) else "it stays",
        )
        for change in changes
        for ours, live in change.differing
    ]
    return Grid(columns, rows)


def _summary(changes: Sequence[TableChange], applied: bool, place: str) -> list[Shown]:
    created = sum(change.creates for change in changes)
    added = sum(len(change.missing) for change in changes)
    if not created and not added:
        return [f"All {len(changes)} tables are there in {place}."]
    what = " and ".join(
        told for number, told in ((created, counted(created, "table")), (added, counted(added, "column"))) if number
    )
    return [f"Made {what} in {place}." if applied else f"Would make {what} in {place}. Do it with --apply."]
