"""The command group: the options of all commands, the list of commands, and how errors end the program."""

from __future__ import annotations

import copy
import errno
import importlib
import traceback
from collections import UserDict
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from nba_consolidation.cli.exit_codes import MEANINGS, Exit, exit_for
from nba_consolidation.cli.options import option_group
from nba_consolidation.cli.output import print_error
from nba_consolidation.cli.session import Session
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.observability import configure_logs, start_metrics
from nba_consolidation.setting_kinds import kind
from nba_consolidation.settings import Settings, unknown_variables

_COMMANDS = {
    "stage": ["stage"], "consolidate": ["consolidate", "validate", "publish"], "backfill": ["backfill"],
    "box_scores": ["box_scores"], "grade": ["grade"], "repair": ["repair", "restore"],
    "performance": ["analyse", "performance"], "recalibrate": ["calibration", "recalibrate"],
    "players": ["players"], "strategies": ["strategies"],
    "report": ["report"], "sql": ["sql"], "export": ["export"],
    "status": ["status"], "explain": ["explain"], "quarantine": ["quarantine"], "duplicates": ["duplicates"],
    "quality": ["quality"], "cleanup": ["cleanup"], "locks": ["locks"],
    "bootstrap": ["bootstrap"], "doctor": ["doctor"], "demo": ["demo"],
}  # fmt: skip
"""The commands of each module, in the order of the work, as the help lists them.

A group is listed with the module that adds the last of its subcommands, since only that module is imported for it.
"""
_QUALITY = "quality"
"""The command whose exit codes mean something else: 2 is for warnings."""
_EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items())


def _imported(module: str, name: str) -> click.Command:
    command: click.Command = getattr(importlib.import_module(f"nba_consolidation.cli.{module}"), name)
    return command


def _former_name(name: str) -> click.Command:
    """The command under the name that it had before, which the help does not list."""
    command = copy.copy(_imported(name, name))
    command.hidden = True
    return command


class _Commands(UserDict[str, Any]):
    """The commands by name. The module of a command is imported when the command is first read."""

    def __getitem__(self, name: str) -> click.Command:
        entry = super().__getitem__(name)
        command: click.Command = entry if isinstance(entry, click.Command) else entry()
        self.data[name] = command
        return command


def _commands() -> _Commands:
    by_name = _Commands()
    for module, names in _COMMANDS.items():
        by_name.update({name.replace("_", "-"): partial(_imported, module, name) for name in names})
    by_name["actuals"] = partial(_former_name, "box_scores")
    return by_name


class _App(click.Group):
    """Ends every error with a message and an exit code; a traceback is printed with --debug only."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(self.commands)

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
            if ctx.invoked_subcommand != _QUALITY:
                raise
            error.show()
            ctx.exit(Exit.NOT_CHECKED)
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
        if ctx.invoked_subcommand == _QUALITY and code is not Exit.INTERRUPTED:
            code = Exit.NOT_CHECKED  # no check has passed, failed or warned
        print_error(message, prefix="Interrupted" if code is Exit.INTERRUPTED else "Error")
        ctx.exit(code)


_OPTIONS = (
    "deployment", "project", "dataset", "staging_dataset", "home", "staging", "first_date",
    "lease_ttl", "lease_wait", "warehouse_wait", "memory_limit", "schema_evolution", "odds",
)  # fmt: skip
"""The settings that are options too, in the order of the help."""


def _option(name: str) -> Callable[[Any], Any]:
    """The option for a setting, as `Settings` declares it."""
    field, option = Settings.model_fields[name], f"--{name.replace('_', '-')}"
    if field.annotation is bool:
        return click.option(f"{option}/--no-{option[2:]}", default=None, help=field.description)
    default = "" if field.default is None else f"  [default: {field.default}]"
    return click.option(option, metavar=kind(Settings, name).metavar, help=f"{field.description}{default}")


@click.group(
    cls=_App,
    commands=_commands(),
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@option_group(*map(_option, _OPTIONS))
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
    changed = {name: value for name, value in options.items() if value is not None}
    ctx.obj = Session(Settings.from_environment(options=changed))
    configure_logs(*ctx.obj.settings.log_output)
    start_metrics(ctx.obj.settings.otlp_endpoint)
