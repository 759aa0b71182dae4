"""How every `repair` command runs, and how its report is shown. What is special about a table is in its command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from nba_consolidation.cli.output import (
    Grid,
    GridColumn,
    OutputPart,
    counted,
    latest,
    poisoned_document,
    poisoned_table,
)
from nba_consolidation.cli.progress import bar

if TYPE_CHECKING:
    from nba_consolidation.cli.options import DateRange
    from nba_consolidation.leases import Holder
    from nba_consolidation.operations.repair.repair import Repairer
    from nba_consolidation.operations.repair.repair_result import RepairFigures, RepairReport

Figures = TypeVar("Figures", bound="RepairFigures")


def repair_or_forecast(
    repairer: Repairer[Figures], dates: DateRange, holder: Holder, *, applied: bool
) -> RepairReport[Figures]:
    """Repairs the dates of the range that the table has rows of, or forecasts the repair."""
    from nba_consolidation.warehouse.table_reads import game_dates

    with_rows = game_dates(repairer.writer.warehouse, repairer.target.table, dates.first, dates.last)
    with bar("repairing dates" if applied else "looking at dates", transient=True) as (advance, _):
        return repairer.repair(with_rows, holder, advance) if applied else repairer.forecast(with_rows, advance)


def repair_document(
    report: RepairReport[Figures], document_of: Callable[[Figures], Mapping[str, Any]]
) -> dict[str, Any]:
    """The report for --json."""
    return {
        "run_id": report.run_id,
        "applied": report.run_id is not None,
        "total": document_of(report.total),
        "systems": [{"system_id": system, **document_of(repair)} for system, repair in report.by_system.items()],
        "dates": [{"game_date": date, **document_of(repair)} for date, repair in report.by_date.items()],
        "by_date_and_system": [
            {"game_date": entry.game_date, "system_id": entry.system_id, **document_of(entry.repair)}
            for entry in report.systems
            if entry.repair.needed
        ],
        "repaired_dates": report.repaired_dates,
        "poisoned": poisoned_document(report.poisoned),
    }


def repair_grids(
    report: RepairReport[Figures], columns: Sequence[GridColumn], cells_of: Callable[[Figures], Sequence[object]]
) -> list[OutputPart]:
    """The report by system, and by date for the dates that need a repair."""
    systems = [(system or "-", *cells_of(repair)) for system, repair in report.by_system.items()]
    in_need = [(date, *cells_of(repair)) for date, repair in report.by_date.items() if repair.needed]
    footer = ("total", *cells_of(report.total)) if len(systems) > 1 else None
    title = "Repaired dates" if report.run_id else "Dates to repair"
    return [
        Grid((GridColumn("system"), *columns), systems, "By system", footer),
        *latest(Grid((GridColumn("date"), *columns), in_need, title)),
        poisoned_table(report.poisoned),
    ]


def repair_summary(report: RepairReport[Figures], no_rows: str, sound: str, faults: str) -> str:
    """What was or would be repaired, and how to undo it. faults: in words; sound: what is true without any."""
    if not report.systems and not report.poisoned:
        return no_rows
    repaired = counted(len(report.repaired_dates), "date")
    if not report.total.needed:
        lines = [f"Nothing to repair: {sound}."]
    elif report.run_id is None:
        lines = [f"Would repair {faults}, on {repaired}. Nothing was changed yet. To do it, add --apply."]
    else:
        lines = [
            f"Repaired {faults}, on {repaired}, in run {report.run_id}. To put it all back:",
            f"nba-consolidation restore --run {report.run_id} --apply",
        ]
    if report.poisoned:
        lines.append(f"Could not repair {counted(len(report.poisoned), 'date')}, which are unchanged.")
    return "\n".join(lines)
