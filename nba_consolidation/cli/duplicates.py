"""`duplicates`: runs the audits of the tables. They are declared in `fencing.audits`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import DateRange, date_options
from nba_consolidation.cli.output import Grid, GridColumn, OutputPart, counted
from nba_consolidation.cli.progress import tracked
from nba_consolidation.cli.session import Session, session_command

if TYPE_CHECKING:
    from nba_consolidation.fencing.audits import Audit
    from nba_consolidation.warehouse.interface import Row

_MOST_ROWS = 10


@click.command()
@date_options
@session_command
def duplicates(session: Session, dates: DateRange) -> Exit:
    """Run the audits: look for duplicate and inconsistent rows.

    Without dates: in all history. Ends with 3 if a blocking audit has findings.
    """
    from nba_consolidation.fencing.audits import AUDITS
    from nba_consolidation.operations.alerts.runbook import to_do
    from nba_consolidation.operations.status import dates_with_rows
    from nba_consolidation.operations.unfinished_dates import audit_findings, some_dates, unfinished_dates

    warehouse = session.to_read().warehouse
    audited = dates_with_rows(warehouse, dates.first, dates.last) if dates.is_limited else dates_with_rows(warehouse)
    findings_by_audit = [(audit, audit_findings(warehouse, audit, audited)) for audit in tracked(AUDITS, "auditing")]
    unfinished = unfinished_dates(warehouse).only(audited).all
    blocking = sum(len(findings) for audit, findings in findings_by_audit if audit.blocking)
    verdict = f"{counted(blocking, 'blocking finding')}." if blocking else "No duplicates."
    session.show(
        {
            "dates": len(audited),
            "blocking_findings": blocking,
            "unfinished_dates": unfinished,
            "audits": [_document(*entry) for entry in findings_by_audit],
        },
        _overview(findings_by_audit),
        *(_details(*entry) for entry in findings_by_audit),
        f"{verdict} Audited {counted(len(audited), 'date')}"
        + (f", {audited[0]} to {audited[-1]}." if audited else "."),
        "\n".join(f"{audit.name}: {to_do(audit.name)}" for audit, findings in findings_by_audit if findings),
        f"Not published yet: {some_dates(unfinished)}. Their run is at work, or it died: nba-consolidation consolidate"
        if unfinished
        else "",
    )
    return Exit.REQUIRES_ATTENTION if blocking else Exit.DONE


def _document(audit: Audit, findings: list[Row]) -> dict[str, Any]:
    return {
        "audit": audit.name,
        "table": audit.table,
        "looks_for": audit.looks_for,
        "blocking": audit.blocking,
        "findings": findings,
    }


def _overview(findings_by_audit: list[tuple[Audit, list[Row]]]) -> Grid:
    columns = [
        GridColumn("audit"),
        GridColumn("findings", right=True),
        GridColumn("blocking"),
        GridColumn("looks for", 1, fold=True),
    ]
    return Grid(columns, [(a.name, len(findings), a.blocking, a.looks_for) for a, findings in findings_by_audit])


def _details(audit: Audit, findings: list[Row]) -> OutputPart:
    columns = [GridColumn(name.replace("_", " ")) for name in (findings[0] if findings else ())]
    extent = f"first {_MOST_ROWS} of {len(findings):,}" if len(findings) > _MOST_ROWS else f"{len(findings):,}"
    return Grid(
        columns, [tuple(row.values()) for row in findings[:_MOST_ROWS]], f"{audit.name}: {extent}", records=True
    )
