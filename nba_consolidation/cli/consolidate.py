"""`consolidate`, `validate` and `publish`: from staging tables to published predictions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import DateRange, date_options
from nba_consolidation.cli.output import Grid, GridColumn, Shown, counted, latest, poisoned_document, poisoned_table
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.errors import ConsolidationError

if TYPE_CHECKING:
    from nba_consolidation.leases import Holder
    from nba_consolidation.operations.status import DateStatus
    from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
    from nba_consolidation.pipeline.consolidation.staging_manifest import RefusedTable
    from nba_consolidation.pipeline.publication.publish import PublishedDate
    from nba_consolidation.pipeline.validation.validate import ValidatedDate
    from nba_consolidation.wiring import Deployment

_FIGURES = ("staging_tables", "staged", "inserted", "updated", "stale", "superseded", "quarantined",
            "total_rows", "active_rows")  # fmt: skip
_COLUMNS = (
    GridColumn("date"),
    GridColumn("tables", 2, right=True),
    GridColumn("staged", right=True),
    GridColumn("inserted", right=True),
    GridColumn("updated", right=True),
    GridColumn("stale", right=True),
    GridColumn("super\u00adseded", right=True),
    GridColumn("quaran\u00adtined", right=True),
    GridColumn("rows", 1, right=True),
    GridColumn("active", right=True),
    GridColumn("token", 3, right=True),
)
_VALIDATED_FIGURES = ("validated_rows", "percent_scale_rows", "without_line", "withheld_rows", "players", "systems")
_VALIDATED_COLUMNS = (
    GridColumn("date"),
    GridColumn("validated", right=True),
    GridColumn("stored in percent", right=True),
    GridColumn("without line", right=True),
    GridColumn("withheld", right=True),
    GridColumn("players", right=True),
    GridColumn("systems", right=True),
)


_PUBLISHED_FIGURES = ("published_rows", "actionable_rows", "filtered_rows", "calibrated_rows")
_PUBLISHED_COLUMNS = (
    GridColumn("date"),
    GridColumn("published", right=True),
    GridColumn("actionable", right=True),
    GridColumn("filtered", right=True),
    GridColumn("calibrated", right=True),
    GridColumn("changed"),
)


@dataclass(frozen=True)
class Publication:
    """The validated and the published dates after a consolidation, or the error that stopped it."""

    validated: Sequence[ValidatedDate] = ()
    published: Sequence[PublishedDate] = ()
    error: ConsolidationError | None = None


@click.command()
@date_options
@click.option("--no-validate", is_flag=True, help="Only consolidate: neither validate nor publish.")
@session_command
def consolidate(session: Session, no_validate: bool, dates: DateRange) -> Exit:
    """Consolidate staging tables: one row per business key, nothing lost, nothing duplicated.

    Without dates: all dates with waiting rows. The consolidated dates are then validated and published, and so are
    dates that an earlier run consolidated before it died. Repeating it changes nothing. The exit code is 3 if tables
    were refused or dates are poisoned; the others are done.
    """
    deployment, holder = session.deployment(), session.holder()
    publication = None
    with steps() as on_step:
        report = deployment.consolidator.consolidate(_requested_dates(deployment, dates), holder, on_step)
        if not no_validate:
            on_step("validate and publish")
            publication = _validate_and_publish(deployment, dates, holder)
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
        else _no_predictions(dates)
    )
    if withheld := withheld_sentence(validated):
        summary = f"{summary}\n{withheld}"
    session.show({"dates": validated, "totals": _totals(validated)}, *latest(_validated_grid(validated)), summary)


@click.command()
@date_options
@session_command
def publish(session: Session, dates: DateRange) -> None:
    """Publish validated predictions, with the calibrations and player filters that are in force.

    Without dates: the upcoming game dates. Past dates keep what was published, unless you name them. A date that is up
    to date is not rewritten.
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
    session.show({"dates": published}, *latest(_published_grid(published)), summary)


def _requested_dates(deployment: Deployment, dates: DateRange) -> Sequence[dt.date]:
    """The requested dates, or all dates of which a staging table has rows."""
    if dates.is_limited:
        return dates.dates
    listed = deployment.staging.list_tables(deployment.known_dates())
    return sorted({date for table in listed for date in table.dates})


def _validate_and_publish(deployment: Deployment, dates: DateRange, holder: Holder) -> Publication | None:
    """Validates and publishes unfinished dates. Returns an error instead of raising it: the report is printed first."""
    from nba_consolidation.fencing.errors import DatesPoisoned
    from nba_consolidation.operations.unfinished import complete

    requested = dates.dates if dates.is_limited else None
    try:
        done = complete(deployment.validator, deployment.publisher, holder, requested)
    except ConsolidationError as error:
        return Publication(error=_with_next_step(error))
    failed = {date: error for date, error in done.failed.items() if requested is None or date in requested}
    if failed:
        several = DatesPoisoned(failed, "validated and published")
        [failure] = failed.values() if len(failed) == 1 else [several]
        return Publication(done.validated, done.published, _with_next_step(failure))
    return Publication(done.validated, done.published) if done.validated or done.published else None


def _with_next_step(error: ConsolidationError) -> ConsolidationError:
    error.add_note("Everything consolidated is committed. Run `nba-consolidation validate` for the rest.")
    return error


def _document(report: ConsolidationReport, publication: Publication | None) -> dict[str, Any]:
    return {
        "run_id": report.run_id,
        "dates": report.dates,
        "totals": {figure: report.total(figure) for figure in (*_FIGURES, "tied_players")},
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


def _report(report: ConsolidationReport, publication: Publication | None) -> list[Shown]:
    rows = [(date.game_date, *(getattr(date, figure) for figure in _FIGURES), str(date.token)) for date in report.dates]
    totals = ("total", *(report.total(figure) for figure in _FIGURES), None)
    return [
        *latest(Grid(_COLUMNS, rows, footer=totals if len(rows) > 1 else None)),
        refused_grid(report.refused),
        poisoned_table(report.poisoned),
        *_sentences(report, publication),
    ]  # fmt: skip


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
            f"Refused {counted(len(report.refused), 'staging table')}, which were kept. "
            "Correct and stage them again, or remove them."
        )
    if report.poisoned:
        lines.append(
            f"Could not consolidate {counted(len(report.poisoned), 'date')}, whose staging tables were kept. "
            "Remove the cause and consolidate again."
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
    who = f"{counted(players, 'player')} {have} several lines created at the same moment"
    return [f"{who}; the active line was chosen by prediction_id."]


def _cost(report: ConsolidationReport) -> str:
    return (
        f"{counted(len(report.dates), 'date')}, {counted(report.total('staging_tables'), 'staging table')}, "
        f"{report.rows_per_second:,.0f} rows/s; lease waited for {report.lease_wait_ms:,} ms, "
        f"held {report.lease_hold_ms:,} ms"
    )


def withheld_sentence(dates: Sequence[ValidatedDate] | Sequence[DateStatus]) -> str:
    """How many predictions of the dates are withheld, and what to do; empty if none is."""
    withheld = {date.game_date: date.withheld_rows for date in dates if date.withheld_rows}
    if not withheld:
        return ""
    return (
        f"Withheld {counted(sum(withheld.values()), 'prediction')}, whose confidence is not on the scale of the batch. "
        f"Next: nba-consolidation quality --date {max(withheld)}"
    )


def refused_grid(refused: Sequence[RefusedTable]) -> Grid:
    """The refused staging tables and their reasons."""
    return Grid(
        [GridColumn("refused table", fold=True), GridColumn("reason", fold=True)], [(t.name, t.reason) for t in refused]
    )


def _validated_grid(dates: Sequence[ValidatedDate]) -> Grid:
    rows = [(date.game_date, *(getattr(date, figure) for figure in _VALIDATED_FIGURES)) for date in dates]
    totals = _totals(dates)
    footer = (
        "total",
        totals["validated_rows"],
        totals["percent_scale_rows"],
        totals["without_line"],
        totals["withheld_rows"],
        None,
        None,
    )
    return Grid(_VALIDATED_COLUMNS, rows, footer=footer if len(rows) > 1 else None)


def _published_grid(dates: Sequence[PublishedDate]) -> Grid:
    rows = [
        (date.game_date, *(getattr(date, figure) for figure in _PUBLISHED_FIGURES), "yes" if date.changed else "no")
        for date in dates
    ]
    return Grid(_PUBLISHED_COLUMNS, rows)


def _totals(dates: Sequence[ValidatedDate]) -> dict[str, int]:
    """Players and systems are counted by date, so their sum would mean nothing."""
    return {figure: sum(getattr(date, figure) for date in dates) for figure in _VALIDATED_FIGURES[:4]}


def _no_predictions(dates: DateRange) -> str:
    return f"No predictions for {dates}. Next: nba-consolidation consolidate"
