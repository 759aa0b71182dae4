"""When Dagster requests an asset by itself: once its inputs changed, or at a time of the week.

An order by the clock loses what comes late. Here only arrival is a matter of time, and the sensors', which look at the
data; every asset downstream follows its inputs. Dagster's built-in conditions do not serve: `eager` and `on_cron` lose
an input that changes while a run reads the older one, and race over dates that depend on earlier dates.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeAlias

import dagster as dg
from dagster import AutomationCondition

from nba_consolidation.settings import GAME_TIME_ZONE

Condition: TypeAlias = AutomationCondition[Any]

DAYS_BACK = 14
"""The league corrects box scores for some days. Older dates are for a backfill."""

AUTOMATED = {"nba_consolidation/automated": "true"}
"""The tag of every run that a condition requested."""

LAST_DATES = dg.TimeWindowPartitionMapping(start_offset=-DAYS_BACK, end_offset=-1)
"""A date depends on the dates before it, of which there may be none yesterday."""

_WINDOW = AutomationCondition.in_latest_time_window(dt.timedelta(days=DAYS_BACK + 1))
_REQUESTED = AutomationCondition.newly_requested() | AutomationCondition.initial_evaluation()
_RETRY = AutomationCondition.cron_tick_passed("*/30 * * * *")
"""A run that died, and a date whose inputs changed before its partition existed, are otherwise never requested."""
_FAILED = AutomationCondition.execution_failed() & _RETRY


def is_automated(tags: Mapping[str, str]) -> bool:
    """Whether a condition requested the run with these tags."""
    return AUTOMATED.items() <= tags.items()


def after_changes(*optional: str) -> Condition:
    """Once an input of one of the last dates changed, all inputs exist, and none is being made.

    optional: the inputs that may be missing; the others have a partition for every date of the asset.
    """
    missing = AutomationCondition.any_deps_missing()
    if optional:
        missing = missing.ignore(dg.AssetSelection.assets(*optional))
    present = AutomationCondition.any_deps_match(~AutomationCondition.missing())
    overdue = AutomationCondition.missing() & present & _RETRY
    return _WINDOW & (_newly_changed().since(_REQUESTED) | overdue | _FAILED) & ~missing & _idle()


def after_changes_of_present() -> Condition:
    """Once an input changed after the date was made; a sensor requests it for the first time."""
    changed = (_newly_changed() & ~AutomationCondition.missing()).since(_REQUESTED)
    return _WINDOW & (changed | _FAILED) & _idle()


def finished_date_after_changes(*optional: str) -> Condition:
    """As `after_changes`, once the date is over; and in any case at 13:00 of the next day."""
    unchanged: Condition = AutomationCondition.cron_tick_passed("0 13 * * *", GAME_TIME_ZONE.key)
    yesterday = AutomationCondition.in_latest_time_window(dt.timedelta(days=2)) & unchanged.since_last_handled()
    requested = after_changes(*optional) | (yesterday & ~AutomationCondition.in_progress())
    return requested & ~AutomationCondition.in_latest_time_window()


def today_after_changes(*ignored: str) -> Condition:
    """Once an input of today changed, but for those that are ignored."""
    changed = _newly_changed(*ignored).since(_REQUESTED)
    return AutomationCondition.in_latest_time_window() & (changed | _FAILED) & _idle()


def at_time(cron: str) -> Condition:
    """At these times in New York; after an outage once, for today."""
    passed: Condition = AutomationCondition.cron_tick_passed(cron, GAME_TIME_ZONE.key)
    latest = AutomationCondition.in_latest_time_window()
    return latest & passed.since_last_handled() & ~AutomationCondition.in_progress()


def _newly_changed(*ignored: str) -> Condition:
    """Whether an input has just changed, other than in a run that made the asset, too."""
    updated = AutomationCondition.newly_updated() & ~AutomationCondition.executed_with_root_target()
    changed = AutomationCondition.any_deps_match(updated)
    return changed.ignore(dg.AssetSelection.assets(*ignored)) if ignored else changed


def _idle() -> Condition:
    """Whether neither the asset nor an input is being made, or is about to be."""
    requested = AutomationCondition.any_deps_match(AutomationCondition.will_be_requested())
    return ~AutomationCondition.any_deps_in_progress() & ~requested & ~AutomationCondition.in_progress()
