"""Failures become few messages: one per cause, each date of it once in a window, again only where it got worse."""

from __future__ import annotations

from collections.abc import Sequence

from nba_consolidation.operations.alerts.grouping import (
    ATTEMPTS,
    Alert,
    Failure,
    Outbox,
    Pending,
    after_attempt,
    collect,
)
from nba_consolidation.operations.alerts.notifiers import NotSent, deliver

WINDOW = 3600.0


def failure(date: str = "2026-01-15", cause: str = "volume", severity: str = "error", run: str = "r1") -> Failure:
    return Failure(date, cause, severity, f"{cause} is wrong", run)


def collected(outbox: Outbox, *failures: Failure, now: float = 0.0, least: str = "warning") -> Outbox:
    return collect(outbox, failures, now=now, window=WINDOW, channels=["log"], least=least)


def contents(outbox: Outbox) -> list[tuple[str, tuple[str, ...]]]:
    return [(pending.alert.cause, pending.alert.dates) for pending in outbox.pending]


def test_dates_with_one_cause_are_one_message_and_two_causes_are_two() -> None:
    outbox = collected(Outbox(), failure(), failure("2026-01-16"), failure(cause="LeaseHeld"))
    assert contents(outbox) == [("volume", ("2026-01-15", "2026-01-16")), ("LeaseHeld", ("2026-01-15",))]


def test_a_retry_of_the_run_tells_nothing_and_neither_does_the_next_tick() -> None:
    outbox = collected(Outbox(), failure(run="r1"), failure(run="r2"))
    assert [pending.alert.run_ids for pending in outbox.pending] == [("r1", "r2")]
    again = collected(Outbox(outbox.sent), failure(run="r3"), now=WINDOW - 1)
    assert contents(again) == []


def test_after_the_window_or_when_it_got_worse_it_is_told_again() -> None:
    outbox = collected(Outbox(), failure(severity="warning"))
    assert contents(collected(Outbox(outbox.sent), failure(), now=1)) == [("volume", ("2026-01-15",))]
    assert contents(collected(Outbox(outbox.sent), failure(severity="warning"), now=WINDOW)) != []
    assert contents(collected(Outbox(outbox.sent), failure("2026-01-16"), now=1)) == [("volume", ("2026-01-16",))]


def test_what_is_less_than_wanted_is_not_told_and_not_taken_for_told() -> None:
    outbox = collected(Outbox(), failure(severity="warning"), least="error")
    assert (contents(outbox), outbox.sent) == ([], {})


def test_what_was_told_is_forgotten_with_the_window_so_that_the_cursor_stays_small() -> None:
    outbox = collected(Outbox(), *(failure(f"2026-01-{day:02}") for day in range(1, 29)))
    assert set(collected(outbox, failure("2026-03-01"), now=WINDOW).sent) == {"2026-03-01 volume"}


def test_the_outbox_survives_its_cursor() -> None:
    outbox = collected(Outbox(), failure(), failure(cause="x"))
    assert Outbox.from_json(outbox.to_json()) == outbox


def test_a_message_says_how_bad_what_which_dates_where_and_what_to_do() -> None:
    (pending,) = collected(Outbox(), failure(), failure("2026-01-16", run="r2")).pending
    assert pending.alert.subject() == "[error] volume: 2026-01-15, 2026-01-16"
    text = pending.alert.text("https://dagster.example/")
    assert "volume is wrong" in text
    assert "https://dagster.example/runs/r1, https://dagster.example/runs/r2" in text
    assert "What to do: check which systems" in text
    assert "docs/operating.md, volume" in text


def test_a_season_of_poisoned_dates_is_a_short_message() -> None:
    many = [failure(f"2026-{month:02}-{day:02}") for month in range(1, 7) for day in range(1, 29)]
    (pending,) = collected(Outbox(), *many).pending
    assert pending.alert.subject().endswith("and 158 more")
    assert len(pending.alert.text(None)) < 1000


class Channel:
    """Fails so many times."""

    def __init__(self, name: str, failures: int = 0) -> None:
        self.name = name
        self.sent: list[Alert] = []
        self._failures = failures

    def send(self, alert: Alert) -> None:
        if self._failures:
            self._failures -= 1
            raise NotSent("no network")
        self.sent.append(alert)


def pending(channels: Sequence[str]) -> Outbox:
    return Outbox({}, (Pending(Alert("volume", "error", ("2026-01-15",), ("x",), ("r",)), tuple(channels)),))


def test_an_alert_that_one_channel_refused_is_tried_there_again_and_not_sent_twice_elsewhere() -> None:
    slack, mail = Channel("slack", failures=1), Channel("email")
    outbox = deliver(pending(["slack", "email"]), [slack, mail])
    assert [left.channels for left in outbox.pending] == [("slack",)]
    assert deliver(outbox, [slack, mail]).pending == ()
    assert (len(slack.sent), len(mail.sent)) == (1, 1)


def test_an_alert_is_not_tried_for_ever() -> None:
    broken, outbox = Channel("slack", failures=10**6), pending(["slack"])
    for _ in range(ATTEMPTS - 1):
        outbox = deliver(outbox, [broken])
        assert outbox.pending
    assert deliver(outbox, [broken]).pending == ()


def test_a_channel_that_is_no_longer_set_holds_nothing_up() -> None:
    assert deliver(pending(["gone"]), []).pending == ()
    assert after_attempt(pending(["x"]).pending[0], []) is None


def test_where_a_channel_hangs_the_others_messages_have_their_turn_at_the_next_delivery() -> None:
    now = [0.0]
    tried: list[str] = []

    class Hanging:
        name = "log"

        def send(self, alert: Alert) -> None:
            tried.append(alert.cause)
            now[0] += 8
            raise NotSent("no answer")

    outbox = collected(Outbox(), *(failure(cause=cause) for cause in "abcde"))
    outbox = deliver(outbox, [Hanging()], lambda: now[0])
    assert tried == ["a", "b", "c"]
    assert [(p.alert.cause, p.attempts) for p in outbox.pending] == [("d", 0), ("e", 0), ("a", 1), ("b", 1), ("c", 1)]
    now[0] += 60
    deliver(outbox, [Hanging()], lambda: now[0])
    assert tried[3:] == ["d", "e", "a"]
