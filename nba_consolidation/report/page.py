"""The page of a report: one HTML document that needs nothing else; light or dark; for a phone, a screen or paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from nba_consolidation import charts
from nba_consolidation.plots import BREAK_EVEN
from nba_consolidation.quality.results import Status
from nba_consolidation.report.contents import OUTCOMES, Players, Reliability, Report
from nba_consolidation.report.needs import Urgency
from nba_consolidation.tables import ALL_SYSTEMS, TIME_WINDOWS

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from nba_consolidation.warehouse.contract import Row

_NOTHING = "-"
_SYSTEMS_SHOWN = 8
_BETS_NEEDED = 30
"""Of fewer bets an interval spans nearly everything: they have their row in the table, and no chart."""
_HAPPENINGS_SHOWN = 40
_NUMBERS = ("count", "share", "points", "ratio")
_URGENCY = {Urgency.NOW: ("now", "bad"), Urgency.TODAY: ("today", "soon"), Urgency.WHEN_THERE_IS_TIME: ("later", "")}
_SECTIONS = (("glance", "At a glance"), ("needs", "What needs a person"), ("hit-rates", "Hit rates"),
             ("calibration", "Calibration"), ("players", "Players"), ("work", "Work and leases"),
             ("checks", "Checks"))  # fmt: skip

_HIT_RATE = (("bets", "bets", "count"), ("hit rate", "hit_rate", "share"), ("95 % interval", "interval", "count"))
_COLUMNS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "hit_rate_columns": (("system", "system_id", "text"), ("window", "time_window", "text"), *_HIT_RATE,
                         ("push", "push", "count"), ("passed", "passed", "count"), ("voided", "voided", "count"),
                         ("MAE", "mae", "points"), ("bias", "bias", "points"), ("ROI at -110", "roi_110", "share")),
    "bucket_columns": (("system", "system_id", "text"), ("confidences", "what", "text"), ("bucket", "bucket", "text"),
                       ("bets", "bets", "count"), ("promised", "mean_confidence", "share"),
                       ("came", "hit_rate", "share"), ("interval", "interval", "count")),
    "player_columns": (("player", "player_lookup", "text"), ("status", "status", "text"), ("since", "since", "text"),
                       ("until", "until", "text"), *_HIT_RATE, ("why", "reason", "text")),
    "variance_columns": (("player", "player_lookup", "text"), ("bias", "bias_flag", "flag"),
                         ("mean error", "bias", "points"), ("scatter", "variance_flag", "flag"),
                         ("points SD, 10", "points_sd_10", "points"), ("peers' SD, 20", "peer_sd_20", "points")),
    "policy_columns": (("policy", "policy", "text"), ("acts", "acting", "text"),
                       ("flagged now", "flagged_players", "count"), ("ever", "ever_flagged", "count"),
                       ("later bets", "bets", "count"), ("hit rate", "hit_rate", "share"),
                       ("95 % interval", "interval", "count"), ("than all others", "difference", "share"),
                       ("verdict", "verdict", "flag")),
    "override_columns": (("player", "player_lookup", "text"), ("status", "status", "text"),
                         ("from", "first_date", "text"), ("to", "last_date", "text"), ("by", "author", "text"),
                         ("why", "reason", "text")),
    "merged_columns": (("date", "game_date", "text"), ("runs", "consolidations", "count"),
                       ("tables", "staging_tables", "count"), ("staged", "staged", "count"),
                       ("new", "inserted", "count"), ("newer", "updated", "count"), ("stale", "stale", "count"),
                       ("superseded", "superseded", "count"), ("quarantined", "quarantined", "count"),
                       ("last", "last_consolidated_at", "moment")),
    "graded_columns": (("date", "game_date", "text"), ("active", "active", "count"),
                       *((name.replace("_", " "), name, "count") for name in OUTCOMES),
                       ("last", "last_graded_at", "moment")),
    "rule_columns": (("column", "column_name", "text"), ("rule", "rule", "text"), ("rows", "quarantined", "count"),
                     ("tables", "staging_tables", "count"), ("why", "reason", "text")),
    "happening_columns": (("when", "at", "moment"), ("what", "what", "flag"), ("lease", "lease", "text"),
                          ("run", "run_id", "text"), ("holder", "holder_id", "text"), ("for or by", "other", "text"),
                          ("seconds", "seconds", "points"), ("detail", "detail", "text")),
    "check_columns": (("check", "name", "text"), ("status", "status", "text"), ("value", "value", "ratio"),
                      ("threshold", "threshold", "text"), ("what is so", "message", "text")),
}  # fmt: skip


def page(report: Report) -> str:
    """The whole document. Whatever came from outside is escaped."""
    work = report.work
    in_dates = [row for row in work.standing if report.first <= row["game_date"] <= report.last]
    performance = [_with_interval(row) for row in sorted(report.performance, key=_by_system_and_window)]
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            title=_title(report),
            verdict=_verdict(report),
            urgency=_URGENCY,
            sections=_SECTIONS,
            numbers=_NUMBERS,
            css=_markup("page.css"),
            js=_markup("page.js"),
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
            biased=[row for row in report.players.rows if row["bias_flag"] not in ("normal", "not_enough")],
            scattered=[row for row in report.players.rows if row["variance_flag"] == "high_for_volume"],
            broken_rules=[vars(rule) for rule in work.broken_rules],
            happenings=[vars(entry) for entry in report.happenings[-_HAPPENINGS_SHOWN:]],
            happenings_told=_told(len(report.happenings)),
            checks=[vars(check) | {"status": check.status.value} for check in report.checks],
            charts=_charts(report),
            **_COLUMNS,
        )
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
    """Of all systems together over the dates; the interval as statsmodels has Wilson's."""
    correct, wrong = report.work.graded_total("correct"), report.work.graded_total("wrong")
    if not correct + wrong:
        return {"rate": _NOTHING, "more": "no decided bet"}
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(correct, correct + wrong, method="wilson")
    return {
        "rate": f"{correct / (correct + wrong):.1%}",
        "more": f"{low:.1%} to {high:.1%}, n = {correct + wrong:,}",
    }


def _charts(report: Report) -> dict[str, Any]:
    last = [row for row in report.performance if row["time_window"] == "30d" and row["bets"] >= _BETS_NEEDED]
    shown = sorted(last, key=lambda row: -row["bets"])[: _SYSTEMS_SHOWN + 1]
    drawn: dict[str, Any] = {"systems": "", "over_time": {}, "reliability": {}, "players": "", "volume": ""}
    if shown:
        drawn["systems"] = _svg(
            charts.intervals(
                [_interval_row(row) for row in sorted(shown, key=_by_system_and_window)],
                "Hit rate of each system over the last 30 days, with its interval; the table below has the figures.",
                even=BREAK_EVEN,
            )
        )
    over_time = {row["system_id"]: [] for row in sorted(shown, key=_by_system_and_window)}  # type: ignore[var-annotated]
    for row in report.over_time:
        if row["system_id"] in over_time:
            over_time[row["system_id"]].append(row)
    scale = charts.limits([row for rows in over_time.values() for row in rows]) if shown else (0.0, 1.0)
    drawn["over_time"] = {
        _named(system): _svg(
            charts.hit_rate_over_time(
                rows, f"Hit rate of {_named(system)} over 30 days, by date, with its interval.", scale
            )
        )
        for system, rows in over_time.items()
        if len({row["game_date"] for row in rows}) > 1
    }
    most = sorted(report.reliability, key=lambda found: -found.bets)[:_SYSTEMS_SHOWN]
    drawn["reliability"] = {
        found.system_id: {"found": found, "svg": _svg(charts.reliability(
            [vars(bucket) for bucket in found.before], [vars(bucket) for bucket in found.after],
            f"Reliability of {found.system_id}: hit rate by confidence; the figures are in the table below.",
        ))}
        for found in sorted(most, key=lambda found: found.system_id)
    }  # fmt: skip
    bet_on = [row for row in report.players.rows if row["bets"]]
    if bet_on:
        drawn["players"] = _svg(
            charts.funnel(bet_on, "Hit rate of each player by how much his bets are worth; those flagged are named in "
                          "the table.", [row["player_lookup"] for row in report.players.told])
        )  # fmt: skip
    if any(row["active_rows"] for row in report.work.standing):
        drawn["volume"] = _svg(
            charts.volume(report.work.standing, "Active predictions of each game date, of the last 30 days.")
        )
    return drawn


def _interval_row(row: Row) -> Row:
    name = _named(row["system_id"])
    return {
        "label": name, "value": row["hit_rate"], "low": row["hit_rate_low"], "high": row["hit_rate_high"],
        "tip": f"{name}: {row['hit_rate']:.1%} ({_interval(row)}), n = {row['bets']:,}",
    }  # fmt: skip


def _bucket_rows(found: Reliability) -> list[Row]:
    return [
        vars(bucket) | {"system_id": found.system_id, "what": what, "interval": _interval(vars(bucket)),
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
    return row | {"interval": _interval(row)}


def _interval(row: Mapping[str, Any]) -> str | None:
    low, high = row["hit_rate_low"], row["hit_rate_high"]
    return None if low is None else f"{low:.1%} to {high:.1%}"


def _by_system_and_window(row: Row) -> tuple[bool, str, int]:
    return row["system_id"] == ALL_SYSTEMS, row["system_id"], TIME_WINDOWS.index(row["time_window"])


def _named(system: str) -> str:
    return "all systems" if system == ALL_SYSTEMS else system


def _told(happenings: int) -> str:
    return f"; the last {_HAPPENINGS_SHOWN} of {happenings:,}" if happenings > _HAPPENINGS_SHOWN else ""


def _shown(value: object, form: str) -> str:
    """A cell of a table."""
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return {"share": f"{value:.1%}", "points": f"{value:.2f}", "ratio": f"{value:g}"}.get(form, f"{value:,}")
    return str(value).replace("_", " ") if form == "flag" else str(value)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"shown": _shown, "prose": _prose}
    return environment


def _markup(name: str) -> Markup:
    """A file of ours, which is markup already."""
    from markupsafe import Markup

    return Markup(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))  # noqa: S704


def _prose(text: str) -> Markup:
    """A sentence whose `commands` are set as such."""
    from markupsafe import Markup, escape

    pieces = [str(escape(piece)) for piece in text.split("`")]
    return Markup("".join(f"<code>{piece}</code>" if number % 2 else piece for number, piece in enumerate(pieces)))  # noqa: S704


def _svg(chart: str) -> Markup:
    """A chart of ours: what came from outside is escaped in it."""
    from markupsafe import Markup

    return Markup(chart)  # noqa: S704
