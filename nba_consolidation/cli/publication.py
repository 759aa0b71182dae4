"""What commands do after they changed player_prop_predictions: they validate and publish the dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nba_consolidation.errors import ConsolidationError

if TYPE_CHECKING:
    from nba_consolidation.leases import Holder
    from nba_consolidation.pipeline.publication.publish import PublishedDate
    from nba_consolidation.pipeline.validation.validate import ValidatedDate
    from nba_consolidation.wiring import Deployment


@dataclass(frozen=True)
class Publication:
    """The validated and the published dates after a change, or the error that stopped it."""

    validated: Sequence[ValidatedDate] = ()
    published: Sequence[PublishedDate] = ()
    error: ConsolidationError | None = None


def validate_and_publish(
    deployment: Deployment, requested: Collection[dt.date] | None, holder: Holder
) -> Publication | None:
    """Validates and publishes unfinished dates. Returns an error, so that the report is printed first.

    requested: the dates of the command, all by default. Others are completed too, but do not fail the command.
    """
    from nba_consolidation.fencing.errors import DatesPoisoned
    from nba_consolidation.operations.unfinished_dates import complete

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
    error.add_note("Everything before is committed. Run `nba-consolidation validate` for the rest.")
    return error
