"""The decisions of a sensor, without Dagster and without a clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba_consolidation.orchestration.sensors.decision import ArrivalDecision, Cursor, Pace, decide

D1, D2, D3, D5 = (dt.date(2026, 1, day) for day in (15, 16, 17, 19))
PACE = Pace(quiet=60, patience=600)


class Watch:
    """A sensor with its cursor stored as text, as Dagster does."""

    def __init__(self, cursor: str | None = None) -> None:
        self.cursor = cursor

    def look(self, now: float, listing: Mapping[dt.date, str], running: tuple[dt.date, ...] = ()) -> list[str]:
        """The requested ranges."""
        decision = self.decide(now, listing, running)
        return [f"{request.first.day}" + f"-{request.last.day}" * (request.first != request.last)
                for request in decision.requests]  # fmt: skip

    def decide(
        self, now: float, listing: Mapping[dt.date, str], running: tuple[dt.date, ...] = (), **options: object
    ) -> ArrivalDecision:
        decision = decide(listing, Cursor.load(self.cursor), running, now, PACE, what="consolidate", **options)  # type: ignore[arg-type]
        self.cursor = decision.cursor.dump()
        return decision


def test_a_date_is_requested_once_after_its_quiet_period() -> None:
    watch = Watch()
    assert watch.look(0, {D1: "a"}) == []
    assert watch.look(59, {D1: "a"}) == []
    assert watch.look(60, {D1: "a"}) == ["15"]
    assert watch.look(61, {D1: "a"}) == []
    assert watch.look(10_000, {D1: "a"}) == []


def test_a_change_restarts_the_quiet_period() -> None:
    watch = Watch()
    watch.look(0, {D1: "a"})
    assert watch.look(50, {D1: "b"}) == []
    assert watch.look(109, {D1: "b"}) == []
    assert watch.look(110, {D1: "b"}) == ["15"]


def test_a_steady_stream_does_not_keep_a_date_waiting_for_ever() -> None:
    watch = Watch()
    requested = [now for now in range(0, 1500, 30) if watch.look(now, {D1: f"state-{now}"})]
    assert requested == [600, 1230]  # the next wait begins with the next arrival


def test_a_date_that_still_arrives_holds_no_other_back() -> None:
    watch = Watch()
    watch.look(0, {D1: "a", D2: "a"})
    assert watch.look(60, {D1: "a", D2: "b"}) == ["15"]
    assert watch.look(120, {D1: "a", D2: "b"}) == ["16"]


def test_adjacent_dates_are_one_run_and_a_gap_makes_two() -> None:
    watch, listing = Watch(), {D5: "a", D3: "a", D1: "a", D2: "a"}
    watch.look(0, listing)
    assert watch.look(60, listing) == ["15-17", "19"]


def test_dates_that_arrived_during_an_outage_are_requested_after_one_quiet_period() -> None:
    watch = Watch()
    watch.look(0, {})
    listing = {dt.date(2025, 10, 21) + dt.timedelta(days): "a" for days in range(170)}
    assert watch.look(90_000, listing) == []
    (request,) = watch.decide(90_060, listing).requests
    assert (request.last - request.first).days == 169


def test_dates_of_a_run_in_progress_are_not_requested_until_it_has_ended() -> None:
    watch = Watch()
    watch.look(0, {D1: "a", D2: "a"})
    assert watch.look(60, {D1: "a", D2: "a"}, (D1,)) == ["16"]
    assert watch.look(5000, {D1: "a", D2: "a"}, (D1,)) == []
    assert watch.look(5001, {D1: "a", D2: "a"}) == ["15"]


def test_incident_18_a_late_table_is_requested_even_if_it_arrived_during_a_run_of_its_date() -> None:
    watch = Watch()
    watch.look(0, {D1: "a"})
    assert watch.look(60, {D1: "a"}) == ["15"]
    assert watch.look(70, {D1: "a+late"}, (D1,)) == []
    assert watch.look(200, {D1: "late"}) == []  # the merged table is gone, which changed the date just now
    assert watch.look(260, {D1: "late"}) == ["15"]


def test_a_poisoned_date_is_not_requested_again_and_holds_no_other_back() -> None:
    watch = Watch()
    watch.look(0, {D1: "a", D2: "poison", D3: "a"})
    assert watch.look(60, {D1: "a", D2: "poison", D3: "a"}) == ["15-17"]
    watch.look(90, {D1: "new", D2: "poison", D3: "new"})
    assert watch.look(150, {D1: "new", D2: "poison", D3: "new"}) == ["15", "17"]


def test_a_poisoned_date_is_requested_again_once_its_tables_changed() -> None:
    watch = Watch()
    watch.look(0, {D1: "poison"})
    assert watch.look(60, {D1: "poison"}) == ["15"]
    watch.look(90, {D1: "mended"})
    assert watch.look(150, {D1: "mended"}) == ["15"]


def test_a_date_whose_tables_are_gone_is_forgotten() -> None:
    watch = Watch()
    watch.look(0, {D1: "a", D2: "a"})
    watch.look(60, {D1: "a", D2: "a"})
    watch.look(90, {D2: "a"})
    assert list(Cursor.load(watch.cursor).dates) == [D2]


def test_a_date_later_than_today_waits_for_its_day() -> None:
    watch = Watch()
    watch.decide(0, {D1: "a", D2: "a"}, until=D1)
    decision = watch.decide(60, {D1: "a", D2: "a"}, until=D1)
    assert [request.last for request in decision.requests] == [D1]
    assert "1 later than today" in watch.decide(61, {D1: "a", D2: "a"}, until=D1).reason
    assert watch.look(90, {D1: "a", D2: "a"}) == ["16"]


def test_a_run_key_has_job_dates_and_state() -> None:
    def key(listing: Mapping[dt.date, str]) -> str:
        watch = Watch()
        watch.look(0, listing)
        (request,) = watch.decide(60, listing).requests
        return request.run_key

    assert key({D1: "a"}).startswith("consolidate:2026-01-15:")
    assert key({D1: "a", D2: "a"}).startswith("consolidate:2026-01-15..2026-01-16:")
    keys = [key({D1: "a"}), key({D1: "b"}), key({D1: "a", D2: "a"}), key({D1: "a", D2: "b"}), key({D1: "b", D2: "a"})]
    assert len(set(keys)) == 5
    assert key({D1: "a"}) == keys[0]


def test_a_lost_cursor_requests_again_under_the_same_run_key() -> None:
    keys = []
    for _ in range(2):
        watch = Watch()
        watch.look(0, {D1: "a"})
        keys.append(watch.decide(60, {D1: "a"}).requests)
    assert keys[0] == keys[1]


def test_a_state_that_comes_back_is_requested_under_another_run_key_if_states_recur() -> None:
    watch, keys = Watch(), []
    for now, state in ((0, "20 points"), (1000, "21 points"), (2000, "20 points")):
        watch.decide(now, {D1: state}, recurs=True)
        keys += [request.run_key for request in watch.decide(now + 60, {D1: state}, recurs=True).requests]
    assert len(keys) == len(set(keys)) == 3


def test_a_clock_that_is_set_back_makes_no_date_wait_longer() -> None:
    watch = Watch()
    watch.look(1_000_000, {D1: "a"})
    watch.look(0, {D1: "a"})
    assert watch.look(60, {D1: "a"}) == ["15"]


@pytest.mark.parametrize(
    "text",
    [
        None, "", "no json", "1", "[]", "null", '"x"', "{}", '{"format":0,"dates":{}}', '{"format":1}',
        '{"format":1,"dates":[]}', '{"format":1,"dates":{"2026-13-01":["a",0,0,null]}}',
        '{"format":1,"dates":{"2026-01-15":["a",0]}}', '{"format":1,"dates":{"2026-01-15":[1,0,0,null]}}',
        '{"format":1,"dates":{"2026-01-15":["a","x",0,null]}}', '{"format":1,"dates":{"2026-01-15":["a",0,0,7]}}',
        '{"format":1,"dates":{"2026-01-15":["a",1' + "0" * 400 + ',0,null]}}', "[" * 100_000,
    ],
)  # fmt: skip
def test_an_unreadable_cursor_becomes_an_empty_one(text: str | None) -> None:
    assert Cursor.load(text) == Cursor()


def test_a_cursor_stored_as_text_is_the_same_cursor() -> None:
    watch = Watch()
    watch.look(0.5, {D1: "a", D2: "a"})
    decision = watch.decide(60.5, {D1: "a", D2: "b"})
    assert Cursor.load(decision.cursor.dump()) == decision.cursor


def test_the_cursor_of_a_whole_season_is_small() -> None:
    season = {dt.date(2025, 10, 21) + dt.timedelta(days): "0123456789abcdef" for days in range(174)}
    watch = Watch()
    watch.look(1_790_000_000, season)
    watch.look(1_790_000_060, season)
    assert len(watch.cursor or "") < 16_000


def test_the_reason_names_what_the_sensor_waits_for() -> None:
    watch = Watch()
    assert watch.decide(0, {}).reason == "no dates have data"
    reason = watch.decide(0, {D1: "a", D2: "a"}, (D2,)).reason
    assert reason == "dates: 1 still arriving, 1 with a run in progress"


steps = st.lists(
    st.tuples(
        st.sampled_from(["arrives", "tick", "tick", "ends", "raises"]),
        st.integers(0, 4),
        st.integers(1, 400),
    ),
    min_size=20,  # Hypothesis makes lists short, and a date that is requested twice takes five steps
    max_size=60,
)


# Kills: requests are not remembered; dates of a run in progress are requested.
@settings(max_examples=40)
@given(steps=steps)
def test_every_state_that_lasts_is_requested_exactly_once(
    steps: list[tuple[str, int, int]],
) -> None:
    """Arrivals, ticks, runs that end and ticks that are lost, in any order; then a quiet period."""
    listing: dict[dt.date, str] = {}
    watch, requested = Watch(), list[tuple[dt.date, str]]()
    running: set[dt.date] = set()
    now = 0.0

    def tick() -> None:
        decision = watch.decide(now, listing, tuple(running))
        for request in decision.requests:
            days = (request.last - request.first).days + 1
            dates = [request.first + dt.timedelta(day) for day in range(days)]
            assert not running & set(dates)
            requested.extend((date, listing[date]) for date in dates)
            running.update(dates)

    for number, (what, place, seconds) in enumerate(steps):
        now += seconds
        date = D1 + dt.timedelta(place)
        if what == "arrives":
            listing[date] = f"state-{number}"
        elif what == "tick":
            tick()
        elif what == "ends":
            running.discard(date)
        else:  # the tick fails: no run is requested, and its cursor is not saved
            decide(listing, Cursor.load(watch.cursor), running, now, PACE, what="consolidate")
    for _ in range(3):
        running.clear()
        now += PACE.quiet
        tick()
    assert len(requested) == len(set(requested))
    assert set(listing.items()) <= set(requested)
