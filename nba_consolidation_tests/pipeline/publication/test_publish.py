"""A publication: what it writes, what it leaves alone, what stops it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nba_consolidation.fencing.audits import NOT_PUBLISHED_ONCE
from nba_consolidation.fencing.errors import AuditFailed, FencedOut
from nba_consolidation.leases import Holder, LeaseHeld, LeaseTiming, hold, lease_key
from nba_consolidation.operations.unfinished_dates import audit_findings
from nba_consolidation.pipeline.publication import publish
from nba_consolidation.pipeline.publication.publish import PublishedDate, unpublished_dates
from nba_consolidation.schema import PUBLISHED, VALIDATED
from nba_consolidation.sql import Statement
from nba_consolidation_tests.pipeline.consolidation.test_incidents import store_of_the_past
from nba_consolidation_tests.pipeline.consolidation.workbench import (
    DATE,
    NEXT_DATE,
    NO_WAIT,
    Row,
    Workbench,
    prediction,
)


def validated(bench: Workbench) -> None:
    """Two dates, validated; nothing is published."""
    bench.stage(
        prediction(is_actionable=True),
        prediction(None, player_lookup="lukadoncic"),
        prediction(game_date=NEXT_DATE, is_actionable=True),
    )
    bench.consolidate(DATE, NEXT_DATE)
    bench.validate(DATE, NEXT_DATE)


def published(bench: Workbench) -> list[Row]:
    return bench.execute("SELECT * FROM published_predictions ORDER BY game_date, player_lookup")


def test_every_validated_row_is_published_with_all_that_it_has(bench: Workbench) -> None:
    validated(bench)
    counts = bench.publish(DATE, NEXT_DATE)
    assert counts == [PublishedDate(DATE, 2, 1, 1, 0, True), PublishedDate(NEXT_DATE, 1, 1, 0, 0, True)]
    rows = bench.execute("SELECT * FROM validated_predictions ORDER BY game_date, player_lookup")
    shared = set(VALIDATED.column_names) & set(PUBLISHED.column_names)
    shared -= {"is_actionable", "filter_reason", "lease_token", "run_id"}
    assert [{name: row[name] for name in shared} for row in published(bench)] == [
        {name: row[name] for name in shared} for row in rows
    ]
    assert [row["calibrated_confidence"] for row in published(bench)] == [Decimal("0.625")] * 3
    assert {row["run_id"] for row in published(bench)} == {"publication"}


def test_a_date_that_is_up_to_date_keeps_its_rows_and_who_published_them(bench: Workbench) -> None:
    validated(bench)
    bench.publish(DATE, NEXT_DATE)
    before = published(bench)
    bench.execute("UPDATE published_predictions SET edge = 9 WHERE game_date = ?", NEXT_DATE)
    assert [date.changed for date in bench.publish(DATE, NEXT_DATE)] == [False, True]
    after = published(bench)
    assert after[:2] == before[:2]
    assert after[2] == {**before[2], "lease_token": after[2]["lease_token"]}
    assert after[2]["lease_token"] > before[2]["lease_token"]


def test_dates_without_validated_and_published_rows_are_not_published(bench: Workbench) -> None:
    assert bench.publish(DATE) == []
    validated(bench)
    assert [date.game_date for date in bench.publish(DATE, DATE.replace(day=1))] == [DATE]


def test_what_is_no_longer_validated_is_no_longer_published(bench: Workbench) -> None:
    validated(bench)
    bench.publish(DATE)
    bench.execute("DELETE FROM validated_predictions WHERE game_date = ?", DATE)
    assert bench.publish(DATE) == [PublishedDate(DATE, 0, 0, 0, 0, True)]
    assert published(bench) == []


def test_a_date_that_was_validated_and_not_published_is_named(bench: Workbench) -> None:
    validated(bench)
    assert unpublished_dates(bench.warehouse) == (DATE, NEXT_DATE)
    bench.publish(DATE, NEXT_DATE)
    assert unpublished_dates(bench.warehouse) == ()
    bench.execute("UPDATE validated_predictions SET validated_at = '2026-01-20 00:00:01+00' WHERE game_date = ?", DATE)
    assert unpublished_dates(bench.warehouse) == (DATE,)
    assert unpublished_dates(bench.warehouse, NEXT_DATE) == ()


def test_a_date_between_validation_and_publication_is_unfinished_and_no_finding(bench: Workbench) -> None:
    validated(bench)
    assert len(NOT_PUBLISHED_ONCE.findings(bench.warehouse, [DATE, NEXT_DATE])) > 0
    assert audit_findings(bench.warehouse, NOT_PUBLISHED_ONCE, [DATE, NEXT_DATE]) == []
    bench.publish(DATE, NEXT_DATE)
    bench.execute("INSERT INTO published_predictions SELECT * FROM published_predictions WHERE game_date = ?", DATE)
    assert {row["game_date"] for row in audit_findings(bench.warehouse, NOT_PUBLISHED_ONCE, [DATE, NEXT_DATE])} == {
        DATE
    }


def test_an_older_lease_cannot_publish(bench: Workbench) -> None:
    validated(bench)
    with pytest.raises(FencedOut):
        bench.publish(leases=store_of_the_past())
    assert published(bench) == []


def test_publication_waits_for_the_consolidation_of_its_date(bench: Workbench) -> None:
    validated(bench)
    holder = Holder.here("consolidation")
    with (
        hold(bench.leases, [lease_key("consolidation", DATE)], holder, timing=LeaseTiming(), wait=NO_WAIT),
        pytest.raises(LeaseHeld),
    ):
        bench.publish()


def test_a_prediction_that_is_published_twice_is_found_and_published_once_again(bench: Workbench) -> None:
    validated(bench)
    bench.publish(DATE, NEXT_DATE)
    bench.execute("INSERT INTO published_predictions SELECT * FROM published_predictions WHERE game_date = ?", DATE)
    assert len(NOT_PUBLISHED_ONCE.findings(bench.warehouse, [DATE, NEXT_DATE])) == 2
    assert [date.changed for date in bench.publish(DATE, NEXT_DATE)] == [True, False]
    assert NOT_PUBLISHED_ONCE.findings(bench.warehouse, [DATE, NEXT_DATE]) == []


def test_a_publication_that_would_lose_a_row_is_rolled_back(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    validated(bench)
    bench.publish(DATE)
    before = published(bench)
    bench.execute("UPDATE validated_predictions SET edge = 7 WHERE game_date = ?", DATE)
    whole = publish._statements

    def without_the_insert(parameters: object) -> list[Statement]:
        return [statement for statement in whole(parameters) if statement.name != "publish"]  # type: ignore[arg-type]

    monkeypatch.setattr(publish, "_statements", without_the_insert)
    with pytest.raises(AuditFailed, match="not_published_once"):
        bench.publish(DATE)
    assert published(bench) == before
