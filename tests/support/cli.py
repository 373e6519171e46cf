"""Run the command line as a person would: another process, pipes or a terminal, exit codes."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psycopg

from compass.domain.chronicle import Event
from compass.domain.listed import InvestigationSummary
from compass.entrypoints.clock import SystemClock
from compass.storage.connect import open_chronicle
from tests.support.forked import Forked, bare, can_fork, fork

P = TypeVar("P")
COMMAND = (sys.executable, "-m", "compass.entrypoints.cli.main")
PATIENCE_S = 180.0
"""How long a command may take on a machine that is busy with something else. No test is about this."""
Process = subprocess.Popen[str] | Forked


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err

    def json(self) -> object:
        return json.loads(self.out)


@dataclass(slots=True)
class Cli:
    """Commands of one team over one database. `environment` is added to an otherwise bare environment.

    Each is a process of its own; `fresh`: each starts an interpreter of its own too (see tests/support/forked).
    """

    environment: Mapping[str, str]
    team: str = "default"
    url: str | None = None
    data_dir: Path | None = None
    fresh: bool = False
    running: list[Process] = field(default_factory=list)

    def __call__(self, *arguments: str | Path, cwd: Path | None = None, **environment: str) -> Done:
        """Run to the end. No command of the product may ever print a traceback."""
        return self.wait(self.start(*arguments, cwd=cwd, **environment))

    def start(
        self, *arguments: str | Path, cwd: Path | None = None, terminal: int | None = None, **environment: str
    ) -> Process:
        """Start and go on: for commands that are stopped, killed or raced. `terminal` is what it reads and draws on."""
        told, environ = [str(argument) for argument in arguments], self.environ(environment)
        process: Process
        if not self.fresh and can_fork(environ):
            process = fork(told, environ, cwd, terminal)
        else:
            nothing, pipe = (subprocess.DEVNULL, subprocess.PIPE) if terminal is None else (terminal, terminal)
            process = subprocess.Popen(
                [*COMMAND, *told], stdin=nothing, stdout=pipe, stderr=pipe, encoding="utf-8", errors="replace",
                env=environ, cwd=cwd,
            )  # fmt: skip
        self.running.append(process)
        return process

    def wait(self, process: Process) -> Done:
        out, err = process.communicate(timeout=PATIENCE_S)
        assert "Traceback" not in err, err
        return Done(code=process.returncode, out=out, err=err)

    def close(self) -> None:
        """Nothing that a test started outlives it."""
        for process in self.running:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.communicate()

    def events(self, reference: str | None = None) -> tuple[Event, ...]:
        """The chronicle, read through the storage API."""

        async def read() -> tuple[Event, ...]:
            chronicle = await open_chronicle(
                clock=SystemClock(), database_url=self.url, data_dir=self.data_dir, team=self.team
            )
            try:
                return await chronicle.read(await chronicle.find(reference))
            finally:
                await chronicle.close()

        return asyncio.run(read())

    def list(self) -> tuple[InvestigationSummary, ...]:
        async def read() -> tuple[InvestigationSummary, ...]:
            chronicle = await open_chronicle(
                clock=SystemClock(), database_url=self.url, data_dir=self.data_dir, team=self.team
            )
            try:
                return await chronicle.list()
            finally:
                await chronicle.close()

        return asyncio.run(read())

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a command."""
        own = bare() | {"TERM": "dumb", "COMPASS_TEAM": self.team}
        if self.url is not None:
            own["COMPASS_DATABASE_URL"] = self.url
        if self.data_dir is not None:
            own["COMPASS_DATA_DIR"] = str(self.data_dir)
        return {**own, **self.environment, **more}


def payloads(events: Sequence[Event], kind: type[P]) -> list[P]:
    """The payloads of one kind, in order."""
    return [event.payload for event in events if isinstance(event.payload, kind)]


def wait_for(cli: Cli, count: int, after: int = 0) -> int:
    """Wait until the latest investigation holds at least `count` events: its number. Those up to `after` do not count.

    Looks often and cheaply: a runner does not wait for whoever looks.
    """
    assert cli.url is not None
    cli.list()  # so that there are tables
    ends = time.monotonic() + PATIENCE_S
    with psycopg.connect(cli.url, autocommit=True) as watching:
        while time.monotonic() < ends:
            row = watching.execute(
                "select number from compass.investigation where team = %s and number > %s and next_seq > %s"
                " order by number desc limit 1",
                (cli.team, after, count),
            ).fetchone()
            if row is not None:
                return int(row[0])
            time.sleep(0.005)
    raise AssertionError(f"no {count} events within {PATIENCE_S} s")


_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_TOOK = re.compile(r"\btook \d.*$", re.MULTILINE)  # to the end of its line: it may have been cut there


def normalised(text: str) -> str:
    """Without what differs from run to run: ids, and how long the run itself took."""
    text = _ID.sub("<id>", text)
    text = _TOOK.sub("took <time>", text)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def ranked(view: object) -> list[tuple[str, str, float]]:
    """(label, mechanism, confidence) of the living accounts of a view as JSON."""
    assert isinstance(view, dict)
    return [(a["label"], a["mechanism"], round(a["confidence"], 12)) for a in view["accounts"]]


def freeze(cli: Cli, process: Process) -> None:
    """Stop a process between two transactions: a frozen one that holds a row would block everybody else."""
    assert cli.url is not None
    with psycopg.connect(cli.url, autocommit=True) as watching:
        for _ in range(500):
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.005)  # the server finishes what it was told; a transaction left open stays open
            row = watching.execute(
                "select count(*) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()"
                " and state <> 'idle'"
            ).fetchone()
            if row == (0,):
                return
            process.send_signal(signal.SIGCONT)
            time.sleep(0.003)
    raise AssertionError("it never paused between two transactions")


def forget_the_lease(cli: Cli) -> None:
    """What ten seconds of waiting do; nothing where nobody holds one."""
    assert cli.url is not None
    with psycopg.connect(cli.url, autocommit=True) as database:
        database.execute("update compass.investigation set lease_until = now() where team = %s", (cli.team,))


def lease(cli: Cli, number: str, ends_in_s: float) -> None:
    """Let the lease of an investigation end then, whatever the machine is busy with meanwhile.

    With zero it has run out: nobody need wait until a dead runner's does by itself. With an hour a frozen runner's
    stays: nobody need be quick to find it held.
    """
    assert cli.url is not None
    with psycopg.connect(cli.url, autocommit=True) as connection:
        changed = connection.execute(
            "update compass.investigation set lease_until = clock_timestamp() + make_interval(secs => %s)"
            " where team = %s and number = %s and lease_runner is not null",
            (ends_in_s, cli.team, number),
        )
        assert changed.rowcount == 1


def on_terminal(
    cli: Cli, *arguments: str | Path, rows: int = 24, columns: int = 80, prompt: str = "", keys: str = "",
    **environment: str,
) -> Done:  # fmt: skip
    """Run on a pseudo-terminal of a given size; everything it drew is `out`. `keys` are typed when `prompt` is seen.
    Where it stays open after the end, Enter leaves it."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = cli.start(*arguments, terminal=terminal, **{"TERM": "xterm-256color", **environment})
    os.close(terminal)
    drawn, stays = bytearray(), True
    while True:
        try:
            chunk = os.read(controller, 65536)
        except OSError:  # the last process closed the terminal
            break
        if not chunk:
            break
        drawn += chunk
        if keys and prompt.encode() in drawn:
            os.write(controller, keys.encode())
            keys = ""
        if stays and b"Enter: leave" in drawn:
            os.write(controller, b"\n")
            stays = False
    os.close(controller)
    return Done(code=process.wait(PATIENCE_S), out=drawn.decode("utf-8", "replace").replace("\r\n", "\n"), err="")


_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def plain(text: str) -> str:
    """Without the escape sequences of colours and cursor."""
    return _ESCAPE.sub("", text)


GOLDEN = Path(__file__).parents[1] / "golden"
README = Path(__file__).parents[2] / "README.md"
_SHARE = re.compile(r"\d(?=[\d.]* %)|(?<=\d\.)\d(?= %)")


def check_golden(name: str, text: str) -> None:
    """Compare with the committed text; digits of percentages count by their number only, as fits may move them.

    COMPASS_UPDATE_GOLDEN=1 writes the file anew: read the difference before committing it.
    """
    got = _SHARE.sub("#", normalised(text))
    path = GOLDEN / name
    if os.environ.get("COMPASS_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(got, encoding="utf-8")
    assert got == path.read_text(encoding="utf-8"), f"{name}: COMPASS_UPDATE_GOLDEN=1 pytest writes it anew"


def readme_screen(renewed: str | None = None) -> str:
    """The first screen that README shows, its percentages masked as in a golden file. `renewed` replaces it."""
    start, rest = README.read_text(encoding="utf-8").split("$ compass demo\n", 1)
    shown, end = rest.split("```", 1)
    if renewed is not None:
        shown = renewed.strip("\n") + "\n"
        README.write_text(f"{start}$ compass demo\n{shown}```{end}", encoding="utf-8")
    return _SHARE.sub("#", normalised(shown))
