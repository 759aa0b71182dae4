"""The page of a report: one HTML document that needs nothing else; light or dark; for a phone, a screen or paper."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from nba_consolidation.operations.daily_quality.results import Status
from nba_consolidation.pipeline.daily_report.action_required import Urgency
from nba_consolidation.pipeline.daily_report.charts import drawings
from nba_consolidation.pipeline.daily_report.columns import COLUMNS, NUMBERS
from nba_consolidation.pipeline.daily_report.contents import Players, Reliability, Report
from nba_consolidation.pipeline.daily_report.formatting import by_system_and_window, interval, shown

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from nba_consolidation.warehouse.interface import Row

_HAPPENINGS_SHOWN = 40
_URGENCY = {Urgency.NOW: ("now", "bad"), Urgency.TODAY: ("today", "soon"), Urgency.WHEN_THERE_IS_TIME: ("later", "")}
_SECTIONS = (("glance", "At a glance"), ("needs", "What needs a person"), ("hit-rates", "Hit rates"),
             ("calibration", "Calibration"), ("players", "Players"), ("betting", "Betting"),
             ("work", "Work and leases"), ("checks", "Checks"))  # fmt: skip


def page(report: Report) -> str:
    """The whole document. Whatever came from outside is escaped."""
    work = report.work
    in_dates = [row for row in work.standing if report.first <= row["game_date"] <= report.last]
    performance = [_with_interval(row) for row in sorted(report.performance, key=by_system_and_window)]
    template = _environment().get_template("page.html")
    return template.render(
        report=report,
        title=_title(report),
        verdict=_verdict(report),
        urgency=_URGENCY,
        sections=_SECTIONS,
        numbers=NUMBERS,
        css=_ours("page.css"),
        js=_ours("page.js"),
        charts=drawings(report),
        work=work,
        active=sum(row["active_rows"] for row in in_dates),
        total=sum(row["total_rows"] for row in in_dates),
        duplicates=sum(work.duplicates.values()),
        day=_hit_rate(report),
        passed=sum(check.status is Status.PASSED for check in report.checks),
        systems={row["system_id"] for row in performance if row["bets"]},
        analysed=max((row["game_date"] for row in performance), default=None),
        performance=performance,
        buckets=[row for found in report.reliability for row in _bucket_rows(found)],
        players=_players(report.players),
        unknown=sum(row["status"] == "not_enough" for row in report.players.rows),
        strategies=[_with_intervals(row) for row in report.strategies.told],
        singular=report.players.biased + report.players.scattered,
        broken_rules=[vars(rule) for rule in work.broken_rules],
        happenings=[vars(entry) for entry in report.happenings[-_HAPPENINGS_SHOWN:]],
        happenings_told=_told(len(report.happenings)),
        checks=[vars(check) | {"status": check.status.value} for check in report.checks],
        **COLUMNS,
    )


def _title(report: Report) -> str:
    if report.first == report.last:
        return f"{report.last:%A, %-d %B %Y}"
    return f"{report.first:%-d %B %Y} to {report.last:%-d %B %Y}"


def _verdict(report: Report) -> tuple[str, str]:
    urgent = sum(need.urgency is Urgency.NOW for need in report.needs)
    if urgent:
        return f"{urgent} to look at now", "bad"
    return (f"{len(report.needs)} to look at", "soon") if report.needs else ("all fine", "good")


def _hit_rate(report: Report) -> dict[str, str]:
    """Of all systems together over the dates; the interval is Wilson's, by statsmodels."""
    correct, wrong = report.work.graded_total("correct"), report.work.graded_total("wrong")
    if not correct + wrong:
        return {"rate": shown(None, "share"), "more": "no decided bet"}
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(correct, correct + wrong, method="wilson")
    return {
        "rate": f"{correct / (correct + wrong):.1%}",
        "more": f"{low:.1%} to {high:.1%}, n = {correct + wrong:,}",
    }


def _bucket_rows(found: Reliability) -> list[Row]:
    return [
        vars(bucket) | {"system_id": found.system_id, "what": what, "interval": interval(vars(bucket)),
                        "bucket": f"{bucket.lower_bound:.1f} to {bucket.upper_bound:.1f}"}
        for what, buckets in (("as they came", found.before), ("calibrated", found.after))
        for bucket in buckets
    ]  # fmt: skip


def _players(players: Players) -> Players:
    return Players(
        players.date, [_with_interval(row) for row in players.rows], [_with_interval(row) for row in players.policies],
        [row | {"status": row["status"] or "computed again"} for row in players.overrides],
    )  # fmt: skip


def _with_interval(row: Row) -> Row:
    return row | {"interval": interval(row)}


def _with_intervals(row: Row) -> Row:
    low, high = row["roi_low"], row["roi_high"]
    return _with_interval(row) | {"roi_interval": None if low is None else f"{low:+.1%} to {high:+.1%}"}


def _told(happenings: int) -> str:
    return f"; the last {_HAPPENINGS_SHOWN} of {happenings:,}" if happenings > _HAPPENINGS_SHOWN else ""


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    # A chart is markup of ours; what came from outside is escaped in it.
    environment.filters |= {"shown": shown, "prose": _prose, "svg": Markup}
    return environment


def _prose(text: str) -> Markup:
    """A sentence whose `commands` are set as such."""
    from markupsafe import Markup

    said, command = Markup("{}"), Markup("<code>{}</code>")
    pieces = text.split("`")
    return Markup().join((command if number % 2 else said).format(piece) for number, piece in enumerate(pieces))


def _ours(name: str) -> Markup:
    """A file beside this one, which is markup already."""
    from markupsafe import Markup

    return Markup(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))  # noqa: S704
