"""The command group: the options of all commands, the list of commands, and how errors end the program."""

from __future__ import annotations

import copy
import errno
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import click

from nba_consolidation.cli.backfill import backfill
from nba_consolidation.cli.bootstrap import bootstrap
from nba_consolidation.cli.box_scores import box_scores
from nba_consolidation.cli.cleanup import cleanup
from nba_consolidation.cli.consolidate import consolidate, publish, validate
from nba_consolidation.cli.demo import demo
from nba_consolidation.cli.doctor import doctor
from nba_consolidation.cli.duplicates import duplicates
from nba_consolidation.cli.exit_codes import MEANINGS, Exit, exit_for
from nba_consolidation.cli.explain import explain
from nba_consolidation.cli.grade import grade
from nba_consolidation.cli.locks import locks
from nba_consolidation.cli.output import print_error
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
from nba_consolidation.settings import Settings, kind, unknown_variables

_COMMANDS = (
    stage,
    consolidate,
    validate,
    publish,
    backfill,
    box_scores,
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
_EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items())


class _App(click.Group):
    """Ends every error with a message and an exit code; a traceback is printed with --debug only."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(self.commands)  # in the order of the work, not of the alphabet

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConsolidationError as error:
            message = "\n".join([str(error), *getattr(error, "__notes__", ())])
            self._end(ctx, message, exit_for(error))
        except KeyboardInterrupt:
            message = "Uncommitted changes were rolled back, and staged rows are safe. Run the command again."
            self._end(ctx, message, Exit.INTERRUPTED)
        except click.UsageError as error:
            if ctx.invoked_subcommand != quality.name:
                raise
            error.show()
            ctx.exit(Exit.NOT_CHECKED)  # 2 would mean warnings
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # the outermost handler of unexpected errors
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # the reader, such as `| head`, has closed the pipe; click ends quietly
            message = f"unexpected {type(error).__name__}: {error}. For a traceback put --debug before the command."
            self._end(ctx, message, Exit.FAILED)

    def _end(self, ctx: click.Context, message: str, code: Exit) -> None:
        if ctx.params.get("debug"):
            print_error(traceback.format_exc())
        if ctx.invoked_subcommand == quality.name and code is not Exit.INTERRUPTED:
            code = Exit.NOT_CHECKED  # no check has passed, failed or warned
        print_error(message, prefix="Interrupted" if code is Exit.INTERRUPTED else "Error")
        ctx.exit(code)


_Command = TypeVar("_Command", bound=Callable[..., Any])
_OPTIONS = (
    "deployment", "project", "dataset", "staging_dataset", "home", "staging", "first_date",
    "lease_ttl", "lease_wait", "warehouse_wait", "memory_limit", "schema_evolution", "odds",
)  # fmt: skip
"""The settings that are options too, in the order of the help."""


def _setting_options(command: _Command) -> _Command:
    """One option for each of `_OPTIONS`, as `Settings` declares it."""
    for name in reversed(_OPTIONS):
        field, option = Settings.model_fields[name], name.replace("_", "-")
        default = "" if field.default is None else f"  [default: {field.default}]"
        if field.annotation is bool:
            decorate = click.option(f"--{option}/--no-{option}", default=None, help=f"{field.description}")
        else:
            decorate = click.option(f"--{option}", metavar=kind(name).metavar, help=f"{field.description}{default}")
        command = decorate(command)
    return command


@click.group(
    cls=_App,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _WIDTH},
)
@_setting_options
@click.option("--debug", is_flag=True, help="Print the traceback of an error.")
@click.version_option(package_name="nba-consolidation")
@click.pass_context
def main(ctx: click.Context, /, debug: bool, **options: Any) -> None:  # noqa: ARG001 (_App reads debug)
    """Turn staged NBA player-prop predictions into one consolidated table, exactly once.

    Every setting is also an environment variable, NBA_CONSOLIDATION_ and its name (NBA_CONSOLIDATION_HOME);
    an option here overrides it. Results go to stdout, progress and errors to stderr. With --json a command prints one
    JSON document: dates and times in ISO 8601, decimals as strings, so that no digit is lost.
    """
    for warning in unknown_variables():
        print_error(warning, prefix="Warning")
    given = {name: value for name, value in options.items() if value is not None}
    ctx.obj = Session(Settings.from_environment(options=given))
    configure_logs(*ctx.obj.settings.log_output)
    start_metrics(ctx.obj.settings.otlp_endpoint)


for _command in _COMMANDS:
    main.add_command(_command)

_former_name = copy.copy(box_scores)  # the command was called `actuals`
_former_name.hidden = True
main.add_command(_former_name, "actuals")
