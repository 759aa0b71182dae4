"""The session of every command: the settings, the deployment that they describe, and the output of the result."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.output import OutputPart, print_result
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.settings import Settings

if TYPE_CHECKING:
    from nba_consolidation.leases import Holder, LeaseStore
    from nba_consolidation.wiring import Deployment


@dataclass(frozen=True)
class Session:
    """One call of the program."""

    settings: Settings
    as_json: bool = False

    def show(self, document: Mapping[str, Any], *parts: OutputPart) -> None:
        """Prints the result: with --json the document as JSON, else the parts."""
        print_result(self.as_json, document, *parts)

    def deployment(self, *, report_after: float = 2.0) -> Deployment:
        """The deployment; nothing is opened yet. A wait for the warehouse is reported after so many seconds."""
        from nba_consolidation.wiring import deploy

        return deploy(self.settings, functools.partial(click.echo, err=True), report_after=report_after)

    def leases(self) -> LeaseStore | None:
        """The lease store, without the warehouse; None where nothing was ever created."""
        from nba_consolidation.wiring import leases_of

        return leases_of(self.settings) if self.settings.exists else None

    def with_tables(self) -> Deployment:
        """The deployment with all tables created."""
        deployment = self.deployment()
        deployment.create_tables()
        return deployment

    def existing(self) -> Deployment:
        """As `with_tables`. Raises ConsolidationError where nothing was ever created."""
        self._ensure_exists()
        return self.with_tables()

    def to_read(self, *, report_after: float = 2.0) -> Deployment:
        """The deployment for commands that only read the warehouse. Locally, a table that is missing is empty for them.

        Raises ConsolidationError where nothing was ever created.
        """
        self._ensure_exists()
        return self.reader(report_after=report_after)

    def reader(self, *, report_after: float = 2.0) -> Deployment:
        """As `to_read`, also where nothing was ever created."""
        return self.deployment(report_after=report_after).to_read()

    def _ensure_exists(self) -> None:
        if not self.settings.exists:
            raise ConsolidationError(
                f"{self.settings.place} does not exist yet. Stage and consolidate first, or name the folder with --home"
            )

    def holder(self) -> Holder:
        """Identifies this process as a holder of leases, with a run id that says when it started."""
        from nba_consolidation.leases import Holder

        return Holder.here(f"terminal-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}")


def publish_upcoming(deployment: Deployment, holder: Holder) -> list[dt.date]:
    """Publishes the upcoming game dates; returns those that changed."""
    return [date.game_date for date in deployment.publisher.publish_upcoming(holder) if date.changed]


def session_command(command: Callable[..., int | None]) -> Callable[..., None]:
    """Adds --json, passes the Session first, and ends the program with the exit code that the command returns.

    A group that is a command too does nothing itself if a subcommand follows.
    """

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
    @click.pass_context
    @functools.wraps(command)
    def run(ctx: click.Context, /, *, as_json: bool, **options: Any) -> None:
        if ctx.invoked_subcommand is not None:
            return
        if code := command(replace(ctx.find_root().obj, as_json=as_json), **options):
            ctx.exit(code)

    return run
