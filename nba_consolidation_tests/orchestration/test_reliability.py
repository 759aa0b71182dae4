"""The job `reliability`: what it shows of players, when it warns, and what consumers then read."""

from __future__ import annotations

import base64
import datetime as dt
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from nba_consolidation.leases import Holder
from nba_consolidation.orchestration.checks.reliability import ReviewOutcome, few_blacklisted
from nba_consolidation.pipeline.analysis.reliability import queries
from nba_consolidation.pipeline.analysis.reliability.overrides import Override
from nba_consolidation.pipeline.daily_report.chart_files import png
from nba_consolidation.pipeline.daily_report.charts import player_funnel
from nba_consolidation.schema import PLAYER_RELIABILITY
from nba_consolidation_tests.orchestration.conftest import Graph, checks, materialised
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded, Row, bets

NEXT = DATE + dt.timedelta(1)
PLAYERS = "player_reliability"


@pytest.fixture
def graph(graph: Graph) -> Graph:
    """Ten dates of bets on twelve players, who win every other one."""
    Graded(graph.settings.home).add(
        row
        for day in range(10)
        for player in range(12)
        for row in bets(day % 2, 1 - day % 2, player_lookup=f"player{player}", game_date=DATE - dt.timedelta(day))
    )
    return graph


def blacklist(graph: Graph, *players: str) -> None:
    for player in players:
        decision = Override(player, player, "blacklisted", DATE, None, "ann", "a knee")
        graph.deployment.reviewer.decide(decision, Holder.here("person"))


def check(run: dg.ExecuteInProcessResult, name: str) -> dg.AssetCheckEvaluation:
    (evaluation,) = (one for one in run.get_asset_check_evaluations() if one.check_name == name)
    return evaluation


def size(png: bytes) -> tuple[int, ...]:
    from matplotlib.image import imread

    return tuple(imread(BytesIO(png)).shape)


def test_a_review_shows_counts_and_every_player_who_is_not_simply_normal(graph: Graph) -> None:
    blacklist(graph, "player3")
    run = graph.run(DATE, NEXT, job="reliability")
    assert run.success
    seen = materialised(run, PLAYERS)
    assert set(seen) == {str(DATE), str(NEXT)}
    metadata = seen[str(NEXT)]
    assert (metadata["players"], metadata["blacklisted"], metadata["overridden"], metadata["written_rows"]) == (
        12,
        1,
        1,
        12,
    )
    assert metadata["dagster/partition_row_count"] == 12
    (flagged,) = (record.data for record in metadata["flagged"].records)
    assert (flagged["player"], flagged["reason"]) == ("player3", "override by ann: a knee")
    assert (flagged["bets"], flagged["hit rate"]) == ("10", "50.0 %")
    low, high = (float(one.removesuffix(" %")) for one in flagged["95 % interval"].split(" to "))
    assert low < 50 < high
    assert " to " in flagged["95 % of margin"]
    assert [record.data["policy"] for record in metadata["policies"].records] == ["false_discovery", "edge_3_under_40"]
    again = materialised(graph.run(DATE, NEXT, job="reliability"), PLAYERS)
    assert [metadata["written_rows"] for metadata in again.values()] == [0, 0]


def test_the_picture_is_a_png_on_the_last_date_only(graph: Graph) -> None:
    seen = materialised(graph.run(DATE, NEXT, job="reliability"), PLAYERS)
    assert [date for date, metadata in seen.items() if "hit_rates_of_players" in metadata] == [str(NEXT)]
    head, _, encoded = seen[str(NEXT)]["hit_rates_of_players"].partition(",")
    assert head == "![plot](data:image/png;base64"
    assert len(size(base64.b64decode(encoded.removesuffix(")")))) == 3


def test_the_picture_names_only_who_is_flagged(graph: Graph) -> None:
    graph.run(NEXT, job="reliability")
    rows = queries.players(graph.deployment.warehouse, NEXT, NEXT)

    def picture(*labelled: str) -> bytes:
        chart = player_funnel(rows, labelled)
        assert chart
        return png([chart], "a title")

    assert size(picture()) == size(picture("player0"))
    assert picture() != picture("player0")
    assert picture() == picture("nobody")


def test_a_date_of_which_nothing_is_known_shows_no_figure_and_no_picture(graph: Graph) -> None:
    first = dt.date(2025, 8, 1)
    run = graph.run(first, job="reliability")
    assert run.success
    metadata = materialised(run, PLAYERS)[str(first)]
    assert metadata["players"] == 0
    assert "hit_rates_of_players" not in metadata
    assert checks(run)["few_blacklisted"]
    assert checks(run)["policy_holds"]


@pytest.mark.parametrize(("flagged", "passes"), [(1, True), (2, False)])
def test_who_blacklists_more_than_a_tenth_is_warned_of(graph: Graph, flagged: int, passes: bool) -> None:
    """Of twelve players of whom enough is known, one is a twelfth and two are a sixth."""
    blacklist(graph, *(f"player{number}" for number in range(flagged)))
    run = graph.run(NEXT, job="reliability")
    assert run.success
    evaluation = check(run, "few_blacklisted")
    assert (evaluation.passed, evaluation.severity) == (passes, dg.AssetCheckSeverity.WARN)
    assert (evaluation.metadata["players_checked"].value, evaluation.metadata["blacklisted"].value) == (12, flagged)


def test_of_whom_too_little_is_known_is_not_counted_among_the_judged() -> None:
    rows: list[Row] = [dict.fromkeys(PLAYER_RELIABILITY.column_names) | {"status": status}
                       for status in ["blacklisted", *["normal"] * 8, *["not_enough"] * 50]]  # fmt: skip
    assert not few_blacklisted(ReviewOutcome(NEXT, rows, [])).passed
    assert few_blacklisted(ReviewOutcome(NEXT, [*rows, {"status": "normal"}], [])).passed


def test_a_policy_whose_flagged_players_do_better_afterwards_is_warned_of(tmp_path: Path) -> None:
    """A real run over bets on which the edge rule flagged players, who from then on won every time."""
    graph = Graph(tmp_path / "edge", player_policy="edge_3_under_40")
    home, flagged = Graded(graph.settings.home), [f"flagged{number}" for number in range(6)]
    rows: list[Row] = []
    for day in range(40):
        date, won = DATE - dt.timedelta(40 - day), day >= 8
        edged = {"game_date": date, "predicted_points": Decimal("25.5")}
        rows += [row for player in flagged for row in bets(won, not won, player_lookup=player, **edged)]
        rows += bets(6, 6, game_date=date, player_lookup="others")
    home.add(rows)
    run = graph.run(DATE - dt.timedelta(33), DATE, job="reliability")
    assert run.success
    evaluation = check(run, "policy_holds")
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
    policies: Any = evaluation.metadata["policies"].value
    (row,) = [record.data for record in policies.records]
    assert (row["policy"], row["verdict"]) == ("edge_3_under_40", "better")
