"""The `compass` command: collects the commands and turns errors into words and exit codes."""

from __future__ import annotations

import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from compass import __version__
from compass.domain.failure import ExitCode
from compass.entrypoints.cli import commands
from compass.entrypoints.cli.stopped import StoppedError
from compass.ports.errors import BadInputError, CompassError, ConfigurationError, NotFoundError

USAGE_ERRORS = (BadInputError, ConfigurationError, NotFoundError)
# typer carries its own copy of click since 0.21 and used the installed one before: its public names lead to either.
CommandLineError = cast(
    type[Exception], next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
)


class _Passed(Exception):  # noqa: N818  # it only carries one through typer
    """What typer would end with an exit code of its own, a pipe without a reader (1) and Ctrl-C (130, not a word)."""

    def __init__(self, error: OSError | KeyboardInterrupt) -> None:
        super().__init__(str(error))
        self.error = error


@contextmanager
def _past_typer() -> Iterator[None]:
    try:
        yield
    except (OSError, KeyboardInterrupt) as error:
        raise _Passed(error) from error


class _Commands(TyperGroup):
    def make_context(self, *arguments: Any, **named: Any) -> Any:
        with _past_typer():
            return super().make_context(*arguments, **named)

    def invoke(self, ctx: Any) -> Any:
        with _past_typer():
            return super().invoke(ctx)


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
        cls=_Commands,
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
    _streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a character must not end the work
    code = _run()
    try:
        sys.stdout.flush()
    except OSError as error:
        code = _unwritten(error) or code
    sys.exit(int(code))


def _streams() -> None:
    """A stream that the caller closed (`>&-`) is none in Python, and the next file or connection that is opened would
    get its number. An answer that nobody can get is not worked for; the others lead nowhere."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  # for the life of the process
    closed = sys.stdout is None
    if closed:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if closed:
        typer.echo("compass: standard output is closed: there is nowhere to write the answer", err=True)
        sys.exit(int(ExitCode.FAILED))


def _unwritten(error: OSError) -> int:
    """Nothing more can be written to standard output; the exit code. A reader that went away (`compass list | head -1`)
    is no error."""
    # What is still in the buffer must not fail again when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return ExitCode.DONE
    typer.echo(f"compass: standard output cannot be written: {error.strerror}", err=True)
    return ExitCode.FAILED


def _output_fails(error: OSError) -> bool:
    """Whether standard output is what an error of the system is about, which it does not say: then it fails again."""
    if error.filename is not None:
        return False
    try:
        sys.stdout.flush()
        if not sys.stdout.isatty():
            os.write(sys.stdout.fileno(), b"\n")  # an unbuffered one has kept nothing that could fail again
    except OSError:
        return True
    return False


def _tell(error: CompassError) -> None:
    from compass.entrypoints.cli.render.output import tell

    tell(f"compass: {error}")


def _stopped(words: str) -> int:
    from compass.entrypoints.cli.render.output import tell

    tell(f"stopped; {words}")
    return ExitCode.STOPPED


def _run() -> int:
    try:
        return _called()
    except OSError as error:
        if isinstance(error, BrokenPipeError) or _output_fails(error):
            return _unwritten(error)
        raise
    except KeyboardInterrupt:
        return _stopped("an investigation goes on with `compass resume N` (see `compass list`)")
    except StoppedError as error:
        return _stopped(str(error))


def _called() -> int:
    try:
        result = build(_wanted(sys.argv[1:]))(standalone_mode=False)
    except _Passed as passed:
        raise passed.error from None
    except typer.Abort:
        typer.echo("stopped", err=True)
        return ExitCode.STOPPED
    except CommandLineError as error:
        error.show()  # type: ignore[attr-defined]  # see above
        return ExitCode.USAGE
    except USAGE_ERRORS as error:
        _tell(error)
        return ExitCode.USAGE
    except CompassError as error:
        _tell(error)
        return ExitCode.FAILED
    return result if isinstance(result, int) else ExitCode.DONE


if __name__ == "__main__":
    run()
