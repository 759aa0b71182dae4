"""The page of a report: one HTML file that needs no other file, for light and dark mode, phones, screens and paper."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from nba_consolidation.operations.daily_quality.results import CheckStatus
from nba_consolidation.pipeline.analysis.performance.game_date_clusters import interval_of_dates
from nba_consolidation.pipeline.daily_report.action_required import Urgency
from nba_consolidation.pipeline.daily_report.chart_data import charts_of, csv_link, csv_name, system_and_window
from nba_consolidation.pipeline.daily_report.chart_files import svg
from nba_consolidation.pipeline.daily_report.charts import Chart
from nba_consolidation.pipeline.daily_report.contents import Report, SystemReliability
from nba_consolidation.schema import display_columns
from nba_consolidation.schema.display import UNKNOWN, Row, percent, percent_range, plain, text_column

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_LEASE_EVENTS = 40
_BADGES = {Urgency.NOW: ("now", "bad"), Urgency.TODAY: ("today", "soon"), Urgency.WHEN_THERE_IS_TIME: ("later", "")}
_SECTIONS = (("glance", "At a glance"), ("actions", "Action required"), ("hit-rates", "Hit rates"),
             ("calibration", "Calibration"), ("players", "Players"), ("betting", "Betting"),
             ("work", "Work and leases"), ("checks", "Checks"))  # fmt: skip
_SCORE_COLUMNS = (display_columns.SYSTEM, text_column("confidence is", "series"), *display_columns.AGAINST_A_CONSTANT)
_BIN_COLUMNS = (display_columns.SYSTEM, text_column("confidence is", "series"), *display_columns.CALIBRATION_BINS)


def page(report: Report, run_id: str | None = None, run_address: str | None = None) -> str:
    """Returns the whole document. Everything that came from outside is escaped.

    run_id, run_address: the Dagster run that makes the page, if one does, and where it can be seen.
    """
    work = report.work
    in_dates = [row for row in work.predictions if report.first <= row["game_date"] <= report.last]
    drawn = charts_of(report)
    template = _environment().get_template("page.html")
    return template.render(
        report=report,
        run_id=run_id,
        run_address=run_address,
        title=_title(report),
        summary=_summary(report),
        badges=_BADGES,
        sections=_SECTIONS,
        columns=display_columns,
        bin_columns=_BIN_COLUMNS,
        score_columns=_SCORE_COLUMNS,
        calibration_scores=[row for system in report.reliability for row in _score_rows(system)],
        uninformative=[system.system_id for system in report.reliability if not system.is_informative],
        css=_trusted_file("page.css"),
        js=_trusted_file("page.js"),
        work=work,
        active=sum(row["active_rows"] for row in in_dates),
        total=sum(row["total_rows"] for row in in_dates),
        duplicates=sum(work.duplicates.values()),
        hit_rate=_hit_rate(report),
        passed=sum(check.status is CheckStatus.PASSED for check in report.checks),
        analysed=max((row["game_date"] for row in report.performance if row["bets"]), default=None),
        performance=sorted(report.performance, key=system_and_window),
        hit_rate_charts=drawn.hit_rates,
        reliability_charts=drawn.reliability,
        bins=[row for system in report.reliability for row in _bins(system)],
        player_chart=drawn.players,
        undecided_players=sum(row["status"] == "not_enough" for row in report.players.rows),
        strategy_chart=drawn.strategies,
        volume_chart=drawn.volume,
        broken_rules=[vars(rule) for rule in work.broken_rules],
        lease_events=[vars(event) for event in report.lease_events[-_LEASE_EVENTS:]],
        checks=[vars(check) for check in report.checks],
    )


def _title(report: Report) -> str:
    if report.first == report.last:
        return f"{report.last:%A, %-d %B %Y}"
    return f"{report.first:%-d %B %Y} to {report.last:%-d %B %Y}"


def _summary(report: Report) -> tuple[str, str]:
    urgent = sum(action.urgency is Urgency.NOW for action in report.actions)
    if urgent:
        return f"{urgent} urgent", "bad"
    return (f"{len(report.actions)} to do", "soon") if report.actions else ("all fine", "good")


def _hit_rate(report: Report) -> tuple[str, str]:
    """The hit rate of all systems over the dates; its interval and the number of bets."""
    correct, wrong = report.work.total_graded("correct"), report.work.total_graded("wrong")
    if not correct + wrong:
        return UNKNOWN, "no decided bet"
    by_date = [(row["correct"], row["correct"] + row["wrong"]) for row in report.work.graded]
    low, high = interval_of_dates(*zip(*by_date, strict=True))
    return percent(correct / (correct + wrong)), f"{percent_range(low, high)}, n = {correct + wrong:,}"


def _score_rows(system: SystemReliability) -> list[Row]:
    """The scores of a system as stated and as calibrated, beside the references."""
    series = [("as stated", system.stated_scores)]
    series += [("calibrated", system.calibrated_scores)] if system.calibrated else []
    return [
        vars(scores) | {"system_id": system.system_id, "series": name, "log_loss_constant": system.constant_log_loss}
        for name, scores in series
    ]


def _bins(system: SystemReliability) -> list[Row]:
    return [
        vars(row) | {"system_id": system.system_id, "series": series}
        for series, rows in (("as stated", system.stated), ("calibrated", system.calibrated))
        for row in rows
    ]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {
        "plain": plain,
        "with_code": _with_code,
        "svg": _svg,
        "csv_link": csv_link,
        "csv_name": csv_name,
    }
    return environment


def _svg(chart: Chart) -> Markup:
    """The chart as markup; matplotlib and ElementTree have escaped every text from outside in it."""
    from markupsafe import Markup

    return Markup(svg(chart))  # noqa: S704


def _with_code(text: str) -> Markup:
    """The sentence with its `commands` marked up as code."""
    from markupsafe import Markup

    sentence, command = Markup("{}"), Markup("<code>{}</code>")
    pieces = text.split("`")
    return Markup().join((command if number % 2 else sentence).format(piece) for number, piece in enumerate(pieces))


def _trusted_file(name: str) -> Markup:
    """A file of this package, which is not escaped."""
    from markupsafe import Markup

    return Markup(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))  # noqa: S704
