"""`compass forget` and `compass retention`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from compass.domain.commands import command
from compass.entrypoints.carrying import carry_on
from compass.entrypoints.cli import session
from compass.entrypoints.cli.asked import said_yes
from compass.entrypoints.cli.render.output import say, show_json
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.learning import catch_up
from compass.entrypoints.live import config
from compass.entrypoints.retaining import Applied, Due, apply, due
from compass.ports.errors import BadInputError, StaleRunnerError
from compass.redaction import bound


def run_forget(reference: str, *, yes: bool) -> int:
    """Delete one investigation. Raises BadInputError where nobody can be asked and nobody said yes."""
    chosen = session.settings()

    async def work() -> tuple[int, int]:
        async with session.open_chronicle(chosen) as chronicle:
            investigation = await chronicle.find(reference)
            number = await chronicle.number(investigation)
            found = next((one for one in await chronicle.list(limit=1_000_000) if one.id == investigation), None)
            title = found.title if found else ""
            if not yes and not _sure(number, title):
                return number, -1
            await catch_up(chronicle)
            await carry_on(chronicle, {investigation})
            try:
                return number, await chronicle.erasure.forget(investigation)
            except StaleRunnerError as error:
                hint = f"{command('stop', number)}, or wait until it ends"
                raise StaleRunnerError(error.what, where=f"#{number}", hint=hint) from error

    number, erased = session.run(work)
    if erased < 0:
        say("nothing was deleted")
        return 0
    say(f"investigation {number} is forgotten: {erased} payloads, and what it taught")
    say("A recording it was read from, and reports you wrote, are files of yours and stay.")
    return 0


def _sure(number: int, title: str) -> bool:
    if not sys.stdin.isatty():
        raise BadInputError("nobody can be asked whether it is meant", where="compass forget", hint="--yes")
    return said_yes(f"Delete all of investigation {number}, “{bound(title, 200)}”? There is no way back. y/N ")


def run_retention(*, dry_run: bool, as_json: bool) -> int:
    """Apply the rules of compass.toml, or say what they would erase."""
    chosen, rules = session.settings(), config().retention
    now = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC)

    async def work() -> tuple[Due, Applied | None]:
        async with session.open_chronicle(chosen) as chronicle:
            wanted = await due(chronicle, rules, now)
            return wanted, None if dry_run else await apply(chronicle, wanted)

    wanted, applied = session.run(work)
    if as_json:
        show_json(applied or wanted)
        return 0
    for name, found in (("everything", wanted.everything), ("raw evidence", wanted.evidence)):
        for one in found:
            size = f"{one.payloads} payloads, {one.bytes / 1000:,.0f} kB"
            say(f"{name} of {one.number}  {one.last_event_at:%Y-%m-%d}  {size}  {bound(one.title, 60)}")
    if applied is None:
        say(f"{len(wanted.everything) + len(wanted.evidence)} investigations; --dry-run: nothing was erased")
    else:
        busy = f", {applied.busy} left because somebody works on them" if applied.busy else ""
        say(f"{applied.payloads} payloads erased in {applied.everything + applied.evidence} investigations{busy}")
    return 0
