"""What a command stands on: the settings, and the deployment that they describe. Loads the warehouse when asked."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.settings import Settings

if TYPE_CHECKING:
    from nba_consolidation.leases import Holder
    from nba_consolidation.wiring import Deployment


@dataclass(frozen=True)
class Session:
    """One call of the program."""

    settings: Settings

    @classmethod
    def of(cls, overrides: Mapping[str, Any]) -> Session:
        """The environment's settings with those of the command line in front. Raises SettingsError."""
        return cls(Settings.from_environment(options=overrides))

    def deployment(self) -> Deployment:
        """The deployment, nothing opened yet."""
        from nba_consolidation.wiring import deploy

        return deploy(self.settings)

    def with_tables(self) -> Deployment:
        """The deployment with its tables made, so that "empty" is never a failed read (incident 41)."""
        deployment = self.deployment()
        deployment.prepare()
        return deployment

    def existing(self) -> Deployment:
        """The same for commands that only look. Raises ConsolidationError where nothing was ever made."""
        if not self.deployment().begun:
            raise ConsolidationError(
                f"there is nothing in {self.settings.place} yet; stage and consolidate first, "
                "or name the right folder with --home"
            )
        return self.with_tables()

    def holder(self) -> Holder:
        """Who we are for a lease: this process, under a run id that tells when it began."""
        from nba_consolidation.leases import Holder

        return Holder.here(f"terminal-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}")


pass_session = click.make_pass_decorator(Session)
