"""The command group: global options, how errors end, and which commands there are. No command is written here."""

from __future__ import annotations

import datetime as dt
import errno
import traceback
from pathlib import Path
from typing import Any

import click

from nba_consolidation.cli.backfill import backfill
from nba_consolidation.cli.bootstrap import bootstrap
from nba_consolidation.cli.box_scores import actuals
from nba_consolidation.cli.cleanup import cleanup
from nba_consolidation.cli.consolidate import consolidate, publish, validate
from nba_consolidation.cli.demo import demo
from nba_consolidation.cli.doctor import doctor
from nba_consolidation.cli.duplicates import duplicates
from nba_consolidation.cli.exit_codes import MEANINGS, Exit, exit_for
from nba_consolidation.cli.explain import explain
from nba_consolidation.cli.grade import grade
from nba_consolidation.cli.locks import locks
from nba_consolidation.cli.output import say
from nba_consolidation.cli.performance import analyse, calibration, performance
from nba_consolidation.cli.players import players
from nba_consolidation.cli.quality import quality
from nba_consolidation.cli.quarantine import quarantine
from nba_consolidation.cli.recalibrate import recalibrate
from nba_consolidation.cli.repair import repair, restore
from nba_consolidation.cli.report import report
from nba_consolidation.cli.session import Session
from nba_consolidation.cli.stage import stage
from nba_consolidation.cli.status import status
from nba_consolidation.cli.strategies import strategies
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.observability import configure_logs, start_metrics
from nba_consolidation.settings import LOCAL, PRODUCTION

_COMMANDS = (
    stage,
    consolidate,
    validate,
    publish,
    backfill,
    actuals,
    grade,
    repair,
    restore,
    analyse,
    performance,
    calibration,
    players,
    strategies,
    recalibrate,
    report,
    status,
    explain,
    quarantine,
    duplicates,
    quality,
    cleanup,
    locks,
    bootstrap,
    doctor,
    demo,
)
_WIDTH = 100
_INTERRUPTED = "What was not committed was rolled back, and nothing staged is lost: run it again."
_EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items())


class _App(click.Group):
    """Ends every error in a message and an exit code: no traceback for what a person can act on."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(self.commands)  # in the order of the work, not of the alphabet

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConsolidationError as error:
            message = "\n".join([str(error), *getattr(error, "__notes__", ())])
            self._end(ctx, message, exit_for(error))
        except KeyboardInterrupt:
            self._end(ctx, _INTERRUPTED, Exit.INTERRUPTED)
        except click.UsageError as error:
            if ctx.invoked_subcommand != quality.name:
                raise
            error.show()
            ctx.exit(Exit.NOT_CHECKED)  # 2 would tell of warnings
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # the outermost shell: what nobody foresaw is told all the same
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # `| head` has seen enough; click knows how to end quietly
            message = f"unexpected {type(error).__name__}: {error}. See where with --debug before the command."
            self._end(ctx, message, Exit.FAILED)

    def _end(self, ctx: click.Context, message: str, code: Exit) -> None:
        if ctx.params.get("debug"):
            say(traceback.format_exc())
        if ctx.invoked_subcommand == quality.name and code is not Exit.INTERRUPTED:
            code = Exit.NOT_CHECKED  # whatever it was, no check has passed, failed or warned
        say(message, prefix="Interrupted" if code is Exit.INTERRUPTED else "Error")
        ctx.exit(code)


@click.group(
    cls=_App,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _WIDTH},
)
@click.option("--deployment", type=click.Choice([LOCAL, PRODUCTION]), help="Files here, or BigQuery and Firestore.")
@click.option("--project", help="Google Cloud project of the production deployment.")
@click.option("--dataset", help="BigQuery dataset of the tables, or project.dataset.")
@click.option("--staging-dataset", help="BigQuery dataset of the staging tables, if another one.")
@click.option("--home", type=click.Path(path_type=Path), help="Folder of the warehouse, the leases and staging/.")
@click.option("--staging", type=click.Path(path_type=Path), help="The staging folder, if it lies elsewhere.")
@click.option("--first-date", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="First game date there can be.")
@click.option("--lease-ttl", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
              help="How long a lease lasts without a heartbeat.")  # fmt: skip
@click.option("--lease-wait", type=click.FloatRange(min=0), metavar="SECONDS",
              help="How long to wait for a held lease.")  # fmt: skip
@click.option("--warehouse-wait", type=click.FloatRange(min=0), metavar="SECONDS",
              help="How long to wait for the warehouse file.")  # fmt: skip
@click.option("--memory-limit", metavar="SIZE", help="Memory for the warehouse, 2GB for instance; beyond, it spills.")
@click.option("--schema-evolution/--no-schema-evolution", default=None,
              help="Add columns that the live table lacks, instead of refusing the staging table.")  # fmt: skip
@click.option(
    "--odds", type=int, metavar="ODDS", help="American odds for the return on bets, -110 or +105 for instance."
)
@click.option("--debug", is_flag=True, help="Show where an error came from.")
@click.version_option(package_name="nba-consolidation")
@click.pass_context
def main(ctx: click.Context, /, debug: bool, first_date: dt.datetime | None, **given: Any) -> None:  # noqa: ARG001 (_App reads debug)
    """Turn staged NBA player-prop predictions into one consolidated table, exactly once.

    Every setting is also an environment variable, NBA_CONSOLIDATION_ and its name (NBA_CONSOLIDATION_HOME);
    an option here comes first. Results go to stdout, progress and errors to stderr. With --json a command prints one
    JSON document: dates and times in ISO 8601, decimals as strings, so that no digit is lost.
    """
    given["first_date"] = None if first_date is None else first_date.date()
    ctx.obj = Session.of({name: value for name, value in given.items() if value is not None})
    configure_logs(*ctx.obj.settings.logs)
    start_metrics(ctx.obj.settings.otlp_endpoint)


for _command in _COMMANDS:
    main.add_command(_command)
