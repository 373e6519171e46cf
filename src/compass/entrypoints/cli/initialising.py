"""`compass init`: from answers or options to a compass.toml that was checked by real reads."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from compass.domain.failure import ExitCode
from compass.entrypoints.cli import session
from compass.entrypoints.cli.answers import address_of, reference_of
from compass.entrypoints.cli.initial_model import Choice, choose_model
from compass.entrypoints.cli.interview import GRAFANA, KUBERNETES, SEPARATE, Chosen, Interview, Kind, Table
from compass.entrypoints.cli.render.doctor import check_rows, head_line
from compass.entrypoints.cli.render.output import console, meanwhile, page, say, show, tell
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.looking import Looked, State, known_types, look_at, unusable
from compass.entrypoints.written import before, usual_target, write_settings
from compass.ports.errors import BadInputError

GRAFANA_TOKEN = "GRAFANA_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the options said. `token` is a reference; `kubernetes` with the `context` "" is the current one.
    `model` is "provider:model"; with `no_model` none is asked for."""

    grafana: str | None = None
    metrics: str | None = None
    logs: str | None = None
    traces: str | None = None
    kubernetes: bool = False
    context: str = ""
    token: str | None = None
    tenant: str = ""
    output: Path | None = None
    yes: bool = False
    keep: bool = False
    force: bool = False
    model: str = ""
    model_url: str = ""
    no_model: bool = False

    @property
    def names_servers(self) -> bool:
        return self.kubernetes or any(url is not None for url in (self.grafana, self.metrics, self.logs, self.traces))


def run_init(wish: Wish) -> int:
    """Ask, or take the options; check; write. Returns the exit code; raises what is wrong with what was asked for."""
    target = (wish.output or usual_target(os.environ, Path.cwd())).expanduser().absolute()
    asks = not wish.yes and sys.stdin.isatty()
    if target.is_dir():
        raise BadInputError("this is a folder", where=str(target), hint="name the file, e.g. compass.toml")
    if target.exists() and not wish.force and not (asks and _agreed(target)):
        raise BadInputError("it exists, and nothing was written", where=str(target), hint="--force replaces it")
    if not asks and not wish.names_servers:
        raise BadInputError(
            "nothing says where your servers are, and there is no terminal to ask on", where="init",
            hint="--grafana URL, or --metrics, --logs, --traces URL, or --kubernetes",
        )  # fmt: skip
    chosen = _asked(target.parent) if not wish.names_servers else _told(wish, target.parent, asks=asks)
    if isinstance(chosen, ExitCode):
        return int(chosen)
    if not chosen.tables:
        say("nothing was chosen, and nothing was written; without servers: compass demo")
        return int(ExitCode.USAGE)
    existed = target.exists()
    session.run(lambda: write_settings(target, chosen.tables, chosen.unchecked))
    _tell(target, chosen, existed=existed)
    model = Choice(name=wish.model, url=wish.model_url, none=wish.no_model, keep=wish.keep)
    return int(choose_model(model, target, _ask if asks else None))


def _told(wish: Wish, base: Path, *, asks: bool) -> Chosen | ExitCode:
    """What the options name, checked; or the exit code where something of it cannot be read."""
    tables = tables_of(wish, os.environ)
    looked = _look(tables, base)
    bad = frozenset(one.source for one in looked if one.state is not State.OK)
    if bad and not wish.keep and not (asks and _ask("Write it as it is? y/n", "n").lower().startswith("y")):
        _say(f"nothing was written: {', '.join(sorted(bad))} cannot be read; --keep writes it all the same")
        wrong = any(one.state is State.WRONG for one in looked)
        return ExitCode.USAGE if wrong else ExitCode.FAILED
    return Chosen(tables, bad)


def _asked(base: Path) -> Chosen:
    """What a person answers. The questions stay outside of the event loop, which would hold Ctrl-C back."""
    _say("COMPASS only reads. Each server is asked for a little, to see what is there. Enter takes what is in [].")
    known, left_out = _possible(base)
    chosen = Interview(_ask, lambda name, table: _look({name: table}, base), _say, known, os.environ).run()
    _say(left_out)
    return chosen


def tables_of(wish: Wish, environment: Mapping[str, str]) -> dict[str, Table]:
    """The options as tables of compass.toml. Raises BadInputError for what is missing or wrong."""
    known, tables = known_types(), dict[str, Table]()
    urls = {"grafana": wish.grafana, "metrics": wish.metrics, "logs": wish.logs, "traces": wish.traces}
    token = wish.token
    if wish.grafana is not None and token is None:
        if not environment.get(GRAFANA_TOKEN):
            raise BadInputError(
                "a Grafana needs a service account's token", where="--token-env",
                hint=f"export {GRAFANA_TOKEN}=..., or --token-env, --token-file, --token-keyring with its name",
            )  # fmt: skip
        token = f"env:{GRAFANA_TOKEN}"
    for kind in (GRAFANA, *SEPARATE):
        url = urls[kind.name]
        if url is None:
            continue
        _check_known(kind, known)
        table: Table = {"type": kind.type, "url": address_of(url, f"--{kind.name}")}
        if token is not None and (kind is GRAFANA or wish.grafana is None):
            table["token"] = reference_of(token, environment, "--token-env")
        if wish.tenant and kind is not GRAFANA:
            table["tenant"] = wish.tenant
        tables[kind.name] = table
    if wish.kubernetes:
        _check_known(KUBERNETES, known)
        tables[KUBERNETES.name] = {"type": KUBERNETES.type, **({"context": wish.context} if wish.context else {})}
    return tables


def _check_known(kind: Kind, known: frozenset[str]) -> None:
    if kind.type not in known:
        raise BadInputError(
            f"this COMPASS has no source of type {kind.type}", where=f"--{kind.name}", hint=f"it has: {_list(known)}"
        )


def _list(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _possible(base: Path) -> tuple[frozenset[str], str]:
    """The types to ask for, and what is left out. A cluster is no question where nothing says how to reach one."""
    known, cluster = known_types(), {"type": KUBERNETES.type}
    if KUBERNETES.type not in known:
        return known, ""
    error = session.run(lambda: unusable(cluster, base, SystemClock()))
    return (known, "") if error is None else (known - {KUBERNETES.type}, f"Kubernetes is left out: {error.what}")


def _look(tables: Mapping[str, Table], base: Path) -> tuple[Looked, ...]:
    """Read from servers and show what was found."""
    with meanwhile("reading ..."):
        looked = session.run(lambda: look_at(tables, base, SystemClock()))
    out = console()
    show(out, [head_line(), *check_rows(looked, page(out))])
    return looked


def _say(text: str) -> None:
    for line in textwrap.wrap(text, max(40, console().width), break_long_words=False, break_on_hyphens=False):
        say(line)


def _ask(question: str, default: str) -> str:
    shown = f" [{default}]" if default else ""
    try:
        return input(f"{question}{shown}: ").strip() or default
    except (EOFError, KeyboardInterrupt):
        tell("\nnothing was written")
        raise typer.Abort from None


def _agreed(target: Path) -> bool:
    question = f"{target} exists. Replace its servers? The earlier file is kept as {before(target).name}. y/n"
    return _ask(question, "n").lower().startswith("y")


def _tell(target: Path, chosen: Chosen, *, existed: bool) -> None:
    say(f"written: {target}" + (f" (the earlier one: {before(target).name})" if existed else ""))
    for name in sorted(chosen.unchecked):
        say(f"  {name} was kept although it could not be read")
    found = usual_target(os.environ, Path.cwd())
    if found.absolute() != target:
        say(f"  it is not where COMPASS looks; set COMPASS_CONFIG={target}")
    say("next: compass doctor · compass investigate SERVICE --since 30m")
