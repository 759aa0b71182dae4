"""`bootstrap`: shows what would be created, added and carried over, and does it with --apply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.options import apply_option
from nba_consolidation.cli.output import Grid, GridColumn, OutputPart, counted
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.settings import PRODUCTION

if TYPE_CHECKING:
    from nba_consolidation.operations.bootstrap import Plan, TableChange


@click.command()
@apply_option
@session_command
def bootstrap(session: Session, applied: bool) -> None:
    """Show which tables, columns and views would be created or described.

    Existing tables keep all their columns and rows. Rows that a previous version published in validated_predictions are
    copied to published_predictions. --apply does it; repeating it changes nothing. In production the datasets are
    created too, and the roles that each account needs are listed.
    """
    from nba_consolidation.operations import bootstrap as use_case
    from nba_consolidation.schema import ALL_TABLES, VIEWS

    at = session.deployment()
    change = use_case.TableChange
    new = use_case.Plan([change(table) for table in ALL_TABLES], [change(view) for view in VIEWS])
    planned = use_case.plan(at.warehouse.reader()) if at.settings.exists or applied else new
    if applied:
        use_case.apply(at.fenced_writer, session.holder(), planned)
    roles = use_case.ROLES if session.settings.deployment == PRODUCTION else ()
    session.show(
        {
            "place": session.settings.place,
            "applied": applied,
            "tables": [_document(change) for change in planned.tables],
            "views": [_document(change) for change in planned.views],
            "carried_over": [{"game_date": date, "rows": rows} for date, rows in planned.carried_over.items()],
            "roles": roles,
        },
        _tables([*planned.tables, *planned.views]),
        _differing(planned.tables),
        Grid(
            [GridColumn("account"), GridColumn("role"), GridColumn("on"), GridColumn("for", 1, fold=True)],
            [(role.account, role.role, role.resource, role.reason) for role in roles],
            "The roles that each account needs",
        ),
        *_summary(planned, applied, session.settings.place),
    )


def _document(change: TableChange) -> dict[str, Any]:
    return {
        "name": change.table.name,
        "description": change.table.description,
        "creates": change.creates,
        "adds": [column.name for column in change.missing],
        "describes": change.undescribed,
        "carried_through": change.carried_through,
        "differing": [
            {"column": declared.name, "declared": declared.type, "live": live.type}
            for declared, live in change.differing
        ],
        "unfit": change.unfit,
    }


def _outcome(change: TableChange) -> str:
    if change.creates:
        return "created"
    if change.missing:
        return "adopted"
    return "described" if change.undescribed else "unchanged"


def _tables(changes: Sequence[TableChange]) -> Grid:
    columns = [
        GridColumn("table"),
        GridColumn("is"),
        GridColumn("adds", fold=True),
        GridColumn("carried through", 1, fold=True),
    ]
    rows = [
        (
            change.table.name,
            _outcome(change),
            ", ".join(column.name for column in change.missing) or None,
            ", ".join(change.carried_through) or None,
        )
        for change in changes
    ]
    return Grid(columns, rows)


def _differing(changes: Sequence[TableChange]) -> Grid:
    columns = [
        GridColumn("column of another type"),
        GridColumn("declared"),
        GridColumn("live"),
        GridColumn("so", fold=True),
    ]
    rows = [
        (
            f"{change.table.name}.{declared.name}",
            declared.type,
            live.type,
            "nothing can be consolidated" if any(declared.name in text for text in change.unfit) else "unchanged",
        )
        for change in changes
        for declared, live in change.differing
    ]
    return Grid(columns, rows)


def _summary(planned: Plan, applied: bool, place: str) -> list[OutputPart]:
    if not planned.changes:
        return [f"All {len(planned.tables)} tables and {len(planned.views)} views exist in {place}."]
    created = sum(change.creates for change in planned.tables)
    added = sum(len(change.missing) for change in planned.tables)
    views = sum(change.changes for change in planned.views)
    made = ((created, "table"), (added, "column"), (views, "view"))
    what = ", ".join(counted(number, noun) for number, noun in made if number)
    lines = [f"Made {what} in {place}." if applied else f"Would make {what} in {place}."] if what else []
    described = sum(len(change.undescribed) for change in planned.tables)
    if described:
        lines.append(f"{'Described' if applied else 'Would describe'} {counted(described, 'column')}.")
    if planned.carried_over:
        rows = f"{counted(sum(planned.carried_over.values()), 'row')} of {counted(len(planned.carried_over), 'date')}"
        verb = "Carried" if applied else "Would carry"
        lines.append(f"{verb} {rows} over from validated_predictions to published_predictions.")
    return ["\n".join(lines if applied else [*lines, "To do it, add --apply."])]
