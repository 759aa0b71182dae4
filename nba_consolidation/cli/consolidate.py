"""`consolidate`, `validate` and `publish`: from staging tables to published predictions. Nothing is decided here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import DateRange, date_options
from nba_consolidation.cli.output import (
    Grid,
    OutputPart,
    counted,
    dates_table,
    poisoned_document,
    poisoned_table,
    reasons_table,
    totals_of,
)
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.publication import Publication, validate_and_publish
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema.display import count_column, id_column, text_column

if TYPE_CHECKING:
    from nba_consolidation.operations.status import DateStatus
    from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
    from nba_consolidation.pipeline.consolidation.staging_manifest import RefusedTable
    from nba_consolidation.pipeline.validation.validate import ValidatedDate
    from nba_consolidation.wiring import Deployment

_DATE = text_column("date", "game_date")
_COLUMNS = (
    _DATE,
    count_column("tables", "staging_tables", 2),
    count_column("staged", "staged"),
    count_column("inserted", "inserted"),
    count_column("updated", "updated"),
    count_column("stale", "stale"),
    count_column("super\u00adseded", "superseded"),
    count_column("quaran\u00adtined", "quarantined"),
    count_column("rows", "total_rows", 1),
    count_column("active", "active_rows"),
    id_column("token", "token", 3, right=True),
)
_VALIDATED = (
    _DATE,
    count_column("validated", "validated_rows"),
    count_column("stored in percent", "percent_scale_rows"),
    count_column("without line", "without_line"),
    count_column("withheld", "withheld_rows"),
)
_VALIDATED_COLUMNS = (*_VALIDATED, count_column("players", "players"), count_column("systems", "systems"))
_PUBLISHED_COLUMNS = (
    _DATE,
    count_column("published", "published_rows"),
    count_column("actionable", "actionable_rows"),
    count_column("filtered", "filtered_rows"),
    count_column("calibrated", "calibrated_rows"),
    text_column("changed", "changed"),
)


@click.command()
@date_options
@click.option("--no-validate", is_flag=True, help="Only consolidate: neither validate nor publish.")
@session_command
def consolidate(session: Session, no_validate: bool, dates: DateRange) -> Exit:
    """Consolidate the staging tables.

    Afterwards there is one row per business key: no row is lost, none is duplicated.

    Without dates: all dates that have staging tables. The consolidated dates are then validated and published, as are
    dates that an earlier run left unfinished. Repeating the command changes nothing. Ends with 3 if some tables were
    refused or some dates poisoned: all others are done.
    """
    deployment, holder = session.deployment(), session.holder()
    publication = None
    with steps() as on_step:
        report = deployment.consolidator.consolidate(_requested(deployment, dates), holder, on_step)
        if not no_validate:
            on_step("validate and publish")
            publication = validate_and_publish(deployment, dates.dates if dates.is_limited else None, holder)
    session.show(_document(report, publication), *_report(report, publication))
    if publication and publication.error:
        raise publication.error
    return Exit.REQUIRES_ATTENTION if report.refused or report.poisoned else Exit.DONE


@click.command()
@date_options
@session_command
def validate(session: Session, dates: DateRange) -> None:
    """Validate consolidated predictions again, and publish them.

    Without dates: all dates that have rows.
    """
    from nba_consolidation.operations.status import dates_with_rows

    deployment = session.existing()
    with_rows = dates_with_rows(deployment.warehouse, dates.first, dates.last)
    with steps() as on_step:
        on_step("validate")
        validated = deployment.validator.validate(with_rows, session.holder()) if with_rows else []
        on_step("publish")
        deployment.publisher.publish(with_rows, session.holder())
    total = sum(date.validated_rows for date in validated)
    summary = (
        f"{counted(total, 'validated prediction')} of {counted(len(validated), 'date')}."
        if validated
        else _no_rows(dates)
    )
    if withheld := withheld_sentence(validated):
        summary = f"{summary}\n{withheld}"
    totals = _totals(validated)
    document = {"dates": validated, "totals": totals}
    session.show(document, *dates_table(_VALIDATED_COLUMNS, validated, totals), summary)


@click.command()
@date_options
@session_command
def publish(session: Session, dates: DateRange) -> None:
    """Publish validated predictions, with the calibrations and player filters that are in force.

    Without dates: the upcoming game dates. Past dates keep what was published unless they are named here. A date that
    is up to date is left alone.
    """
    deployment = session.existing()
    with steps() as on_step:
        on_step("publish")
        chosen = dates.dates if dates.is_limited else deployment.upcoming_game_dates()
        published = deployment.publisher.publish(chosen, session.holder())
    changed = sum(date.changed for date in published)
    summary = (
        f"{counted(changed, 'date')} of {len(published):,} changed."
        if published
        else "No validated predictions for these dates: nba-consolidation consolidate, or validate."
    )
    session.show({"dates": published}, *dates_table(_PUBLISHED_COLUMNS, published), summary)


def _requested(deployment: Deployment, dates: DateRange) -> Sequence[dt.date]:
    """The requested dates, or all dates that have rows in a staging table."""
    if dates.is_limited:
        return dates.dates
    listed = deployment.staging.list_tables(deployment.known_dates())
    return sorted({date for table in listed for date in table.dates})


def _document(report: ConsolidationReport, publication: Publication | None) -> dict[str, Any]:
    return {
        "run_id": report.run_id,
        "dates": report.dates,
        "totals": {**totals_of(_COLUMNS, report.total), "tied_players": report.total("tied_players")},
        "conserved": all(counts.conserved for counts in report.dates),
        "untouched": report.untouched,
        "refused": report.refused,
        "poisoned": poisoned_document(report.poisoned),
        "dropped": report.dropped,
        "validation": publication and {
            "dates": publication.validated,
            "totals": _totals(publication.validated),
            "error": publication.error,
        },
        "published": publication and publication.published,
        "lease_wait_ms": report.lease_wait_ms,
        "lease_hold_ms": report.lease_hold_ms,
        "transaction_ms": report.transaction_ms,
        "rows_per_second": round(report.rows_per_second),
        "cost": report.cost,
    }  # fmt: skip


def _report(report: ConsolidationReport, publication: Publication | None) -> list[OutputPart]:
    return [
        *dates_table(_COLUMNS, report.dates, totals_of(_COLUMNS, report.total)),
        refused_grid(report.refused),
        poisoned_table(report.poisoned),
        *_sentences(report, publication),
    ]


def _sentences(report: ConsolidationReport, publication: Publication | None) -> list[str]:
    if not report.dates and not report.poisoned:
        lines = ["Nothing new to consolidate."]
    else:
        lines = [_conservation(report), _cost(report), *_ties(report.total("tied_players"))]
    if publication and publication.validated and not publication.error:
        validated = counted(_totals(publication.validated)["validated_rows"], "prediction")
        published = sum(date.published_rows for date in publication.published)
        lines.append(f"Validated {validated}; published {published:,}.")
        if withheld := withheld_sentence(publication.validated):
            lines.append(withheld)
    if report.refused:
        lines.append(
            f"Refused {counted(len(report.refused), 'staging table')}, which stay: correct and stage again, or remove."
        )
    if report.poisoned:
        lines.append(
            f"Could not consolidate {counted(len(report.poisoned), 'date')}; the staging tables stay. "
            "Remove the cause, then consolidate again."
        )
    return ["\n".join(lines)]


def _conservation(report: ConsolidationReport) -> str:
    parts = ("inserted", "updated", "stale", "superseded", "quarantined")
    parts_sum = " + ".join(f"{report.total(part):,} {part}" for part in parts)
    return f"Conserved: {report.total('staged'):,} staged = {parts_sum}"


def _ties(players: int) -> list[str]:
    if not players:
        return []
    have = "has" if players == 1 else "have"
    who = f"{counted(players, 'player')} {have} several lines of the same moment"
    return [f"{who}; the active line was chosen by prediction_id."]


def _cost(report: ConsolidationReport) -> str:
    return (
        f"{counted(len(report.dates), 'date')}, {counted(report.total('staging_tables'), 'staging table')}, "
        f"{report.rows_per_second:,.0f} rows/s; lease waited for {report.lease_wait_ms:,} ms, "
        f"held {report.lease_hold_ms:,} ms"
    )


def withheld_sentence(dates: Sequence[ValidatedDate] | Sequence[DateStatus]) -> str:
    """The number of withheld predictions, and what to do next; empty if there is none."""
    withheld = {date.game_date: date.withheld_rows for date in dates if date.withheld_rows}
    if not withheld:
        return ""
    return (
        f"Withheld {counted(sum(withheld.values()), 'prediction')}, whose confidence is not on the scale of the batch. "
        f"Next: nba-consolidation quality --date {max(withheld)}"
    )


def refused_grid(refused: Sequence[RefusedTable]) -> Grid:
    """The refused staging tables, and why."""
    return reasons_table("refused table", [(table.name, table.reason) for table in refused])


def _totals(dates: Sequence[ValidatedDate]) -> dict[str, int]:
    """Players and systems are distinct by date, so they do not add up."""
    return totals_of(_VALIDATED, lambda name: sum(getattr(date, name) for date in dates))


def _no_rows(dates: DateRange) -> str:
    return f"No rows for {dates}: consolidate first."
