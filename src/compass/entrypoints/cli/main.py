"""The `compass` command: collects the commands and turns errors into words and exit codes."""

from __future__ import annotations

import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Sequence
from typing import Annotated, cast

import typer

from compass import __version__
from compass.domain.failure import ExitCode
from compass.entrypoints.cli import commands
from compass.ports.errors import BadInputError, CompassError, ConfigurationError, NotFoundError

USAGE_ERRORS = (BadInputError, ConfigurationError, NotFoundError)
# typer carries its own copy of click since 0.21 and used the installed one before: its public names lead to either.
CommandLineError = cast(
    type[Exception], next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"compass {__version__}")
        raise typer.Exit


def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Investigate an incident: parallel specialists, theories the telemetry can refute, a human in command."""


def build(only: str = "") -> typer.Typer:
    """The application with every command registered, in the order of their names; or with those of one file alone."""
    app = typer.Typer(
        name="compass",
        help="Investigate an incident: parallel specialists, theories the telemetry can refute, a human in command.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        suggest_commands=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(options)
    for name in [only] if only else files():
        importlib.import_module(f"{commands.__name__}.{name}").register(app)
    return app


def files() -> tuple[str, ...]:
    """The files that hold commands. One that is called as a command registers that command, among others."""
    return tuple(info.name for info in pkgutil.iter_modules(commands.__path__))


def _wanted(arguments: Sequence[str]) -> str:
    """The file of the command that is asked for; empty where all are needed, as for help or a word that is none.
    To read every file takes longer than most commands run."""
    return arguments[0] if arguments and arguments[0] in files() else ""


def run() -> None:
    """Entry point. Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 inconclusive, 130 stopped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a character must not end the work
    code = _run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_pipe()
    sys.exit(int(code))


def _leave_pipe() -> None:
    """The reader went away (`compass list | head -1`): not an error, and nothing more can be said to it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(error: CompassError) -> None:
    from compass.entrypoints.cli.render.output import tell

    tell(f"compass: {error}")


def _run() -> int:
    try:
        result = build(_wanted(sys.argv[1:]))(standalone_mode=False)
    except typer.Abort:
        typer.echo("stopped", err=True)
        return ExitCode.STOPPED
    except CommandLineError as error:
        error.show()  # type: ignore[attr-defined]  # see above
        return ExitCode.USAGE
    except BrokenPipeError:
        _leave_pipe()
        return ExitCode.DONE
    except USAGE_ERRORS as error:
        _tell(error)
        return ExitCode.USAGE
    except CompassError as error:
        _tell(error)
        return ExitCode.FAILED
    except KeyboardInterrupt:
        typer.echo("stopped; an investigation goes on with `compass resume N` (see `compass list`)", err=True)
        return ExitCode.STOPPED
    return result if isinstance(result, int) else ExitCode.DONE


if __name__ == "__main__":
    run()
