"""The models that are checked, each protection that is taken out, and where the code of each action is."""

from collections.abc import Mapping
from dataclasses import replace

from nba_consolidation_tests.protocol.model import (
    DROPPED_UNMERGED,
    DUPLICATE,
    FOREIGN_RELEASE,
    STALE_WRITER,
    Model,
)

_STAGING = "nba_consolidation.warehouse.staging.interface.StagingArea"
_STORE = "nba_consolidation.leases.interface.LeaseStore"
_SQL = "nba_consolidation/fencing/sql"
CODE: Mapping[str, tuple[str, ...]] = {
    "stage": (f"{_STAGING}.write",),
    "try_acquire": (
        "nba_consolidation.pipeline.consolidation.consolidate.Consolidator.consolidate",
        f"{_STORE}.try_acquire",
        f"{_STORE}.renew",
        "nba_consolidation.leases.interface.LeaseRecord.expired",
    ),
    "freeze": (f"{_STAGING}.list_tables", "nba_consolidation.pipeline.consolidation.staging_manifest.freeze"),
    "ensure_held": (f"{_SQL}/02_fence_rows.sql", "nba_consolidation.leases.held_lease.HeldLease.ensure_held"),
    "fence": (f"{_SQL}/03_fence.sql", "nba_consolidation.pipeline.consolidation.transaction.consolidation"),
    "fenced_out": (f"{_SQL}/04_fenced_out.sql", "nba_consolidation.fencing.errors.FencedOut"),
    "run": (
        "nba_consolidation.fencing.fenced_writer.LeasedDates.write_each",
        "nba_consolidation.warehouse.interface.Warehouse.run",
    ),
    "release": (f"{_STORE}.release",),
    "drop": ("nba_consolidation.pipeline.consolidation.staging_manifest.finished", f"{_STAGING}.drop"),
    "clean_up": ("nba_consolidation.operations.staging_cleanup.CleanUp.clean_up",),
    "predecessor_release": ("nba_consolidation_tests.leases.predecessor.PredecessorLock.release",),
    "die": (),
}
"""By action: the functions and statements that it models. `die`: a process ends between any two steps."""

_BOTH_DATES = {("early", 1): {0: 1, 1: 1}}
_ONE_DATE = {("early", 1): {0: 1}}
_REDELIVERED = Model(_ONE_DATE | {("early", 2): {0: 3}}, dates=1, processes=2, arrivals=(("early", 2),))
MODELS: Mapping[str, Model] = {
    "two processes, two dates, one table with rows of both": Model(_BOTH_DATES, processes=2),
    "three processes, one date, one table that is redelivered": replace(_REDELIVERED, processes=3),
    "two processes, one date, a redelivered table and a late one": replace(
        _REDELIVERED,
        contents={**_REDELIVERED.contents, ("late", 1): {0: 2}},
        arrivals=(*_REDELIVERED.arrivals, ("late", 1)),
    ),
}
LARGE_MODELS: Mapping[str, Model] = {
    "two processes, two dates, a table of both and a late one": Model(
        _BOTH_DATES | {("late", 1): {0: 2}}, processes=2, arrivals=(("late", 1),)
    ),
    "three processes, two dates, one table with rows of both": Model(_BOTH_DATES, processes=3),
}
WITHOUT: Mapping[str, tuple[Model, str]] = {
    "no fence": (replace(_REDELIVERED, fence=False), DUPLICATE),
    "fence row missing": (replace(_REDELIVERED, fence_rows_first=False), DUPLICATE),
    "token that can repeat": (replace(_REDELIVERED, token_grows=False), STALE_WRITER),
    "no compare-and-swap on release": (replace(_REDELIVERED, release_compares=False), FOREIGN_RELEASE),
    "manifest not frozen": (replace(_REDELIVERED, manifest_frozen=False), DROPPED_UNMERGED),
    "drop without the unchanged check": (replace(_REDELIVERED, drop_compares=False), DROPPED_UNMERGED),
}
"""By missing protection: the model without it, and the invariant that then breaks."""
