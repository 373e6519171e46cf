"""`compass doctor`: check everything that COMPASS works with, all at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from compass.domain.failure import ExitCode
from compass.entrypoints.cli import session
from compass.entrypoints.cli.render.doctor import doctor_lines
from compass.entrypoints.cli.render.output import console, meanwhile, page, show, show_json
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.config import Config
from compass.entrypoints.live import config
from compass.entrypoints.looking import Looked, State, failed, look_at, said, unconnected
from compass.entrypoints.models import language_model, llm_settings
from compass.entrypoints.settings import Settings
from compass.llm.failures import FOR_GOOD
from compass.ports.errors import CompassError, ConfigurationError, StorageError
from compass.ports.language_model import ModelHealth
from compass.storage.checkup import check_database

DATABASE_S = 60.0  # the embedded server may have to be made first
CONFIG, DATABASE, MODEL = "compass.toml", "database", "model"
NONE_CHOSEN = "no model chosen: that is normal, nothing needs one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """`not_connected` holds (part, what cannot be seen without it). `exit_code` is the command's."""

    config: str | None
    checks: tuple[Looked, ...]
    not_connected: tuple[tuple[str, str], ...]
    exit_code: int


def run_doctor(*, as_json: bool) -> int:
    """Check, show, and return 0 when all is well, 1 when something is lost, 2 when something is wrongly set."""
    with meanwhile("reading a little of everything ..."):
        report = session.run(lambda: examine(session.settings()))
    if as_json:
        show_json(report)
    else:
        out = console()
        show(out, doctor_lines(report.config, report.checks, report.not_connected, page(out)))
    return report.exit_code


async def examine(settings: Settings) -> Doctor:
    """All checks. Raises nothing for what is broken: that is what the report is for."""
    try:
        chosen, rows = config(), []
    except ConfigurationError as error:
        chosen, rows = Config(), [failed(error, source=CONFIG)]
    if not rows and not chosen.sources:
        rows = [_nothing(chosen)]
    looked, database, models = await asyncio.gather(
        look_at(chosen.sources, chosen.base, SystemClock()), check_storage(settings), check_model(chosen)
    )
    checks = (*rows, *looked, database, *models)
    # Of a server that is wrongly set nobody knows what it would give.
    certain = looked and all(one.state is not State.WRONG for one in looked)
    gone = unconnected(looked) if certain else ()
    return Doctor(
        config=str(chosen.path) if chosen.path is not None else None, checks=checks,
        not_connected=tuple((part.name, part.hides) for part in gone), exit_code=int(exit_of(checks)),
    )  # fmt: skip


def exit_of(checks: tuple[Looked, ...]) -> ExitCode:
    """What is wrongly set comes first: waiting does not cure it."""
    states = {check.state for check in checks if check.source != MODEL or check.state is not State.UNSET}
    if states & {State.WRONG, State.UNSET}:
        return ExitCode.USAGE
    return ExitCode.FAILED if State.LOST in states else ExitCode.DONE


async def check_storage(settings: Settings) -> Looked:
    """The database as every command uses it."""
    clock = SystemClock()
    began = clock.monotonic_s()
    try:
        async with asyncio.timeout(DATABASE_S):
            found = await check_database(database_url=settings.database_url, data_dir=settings.data_dir)
    except TimeoutError:
        slow = StorageError(f"did not answer within {DATABASE_S:g} s", hint="is it running and reachable?")
        return failed(slow, source=DATABASE)
    except CompassError as error:
        return failed(error, source=DATABASE, part="chronicle")
    left = ", ".join(found.skipped)
    skipped = (f"{left} left out: the server has no pgvector; only the latest incidents are found by their words",)
    applied = f"{found.applied} migrations applied" + (f", {len(found.now)} of them now" if found.now else "")
    return Looked(
        source=DATABASE, part="chronicle", state=State.OK, ms=round((clock.monotonic_s() - began) * 1000),
        detail=said(f"PostgreSQL {found.server}, {found.where}; {applied}"),
        figures={"version": found.server, "migrations": str(found.applied)}, hints=skipped if found.skipped else (),
    )  # fmt: skip


def _nothing(chosen: Config) -> Looked:
    there = "names no server" if chosen.path is not None else "there is none: no live server is connected"
    return Looked(
        source=CONFIG, state=State.UNSET, detail=there,
        hints=(
            "compass init asks for your Grafana, or for separate servers, and writes it",
            "without it these work: compass demo, and compass investigate --recording DIR",
        ),
    )  # fmt: skip


async def check_model(chosen: Config) -> tuple[Looked, ...]:
    """One tiny real call to each chosen model, which costs next to nothing. None chosen is nothing wrong."""
    try:
        settings = llm_settings(chosen)
    except ConfigurationError as error:
        return (failed(error, source=MODEL),)
    if not settings.fast:
        return (Looked(source=MODEL, state=State.UNSET, detail=NONE_CHOSEN),)
    model = language_model(chosen, settings)
    assert model is not None
    try:
        checks = await model.check()
    finally:
        await model.aclose()
    return tuple(_answered(one) for one in checks)


def _answered(one: ModelHealth) -> Looked:
    state = State.OK if one.ok else State.WRONG if one.failure in FOR_GOOD else State.LOST
    name = f"{one.provider}:{one.model}"
    return Looked(
        source=MODEL, type=one.provider, part=one.role.value, state=state, ms=round(one.elapsed_ms),
        detail=said(f"{name}: {one.detail}" if one.ok else one.detail),
        hints=() if one.ok else ("investigations go on without it; compass llm list, compass llm use",),
    )  # fmt: skip
