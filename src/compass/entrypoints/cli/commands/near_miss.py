"""`compass near-miss`: nothing broke, but it could have."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import At, ChangeId, Json, MechanismId, Reference, Was, Which, either


def register(app: typer.Typer) -> None:
    app.command("near-miss")(near_miss)


def near_miss(
    which: Which = None, was: Was = "", mechanism: MechanismId = "", at: At = "", change: ChangeId = "",
    stopped_by: Annotated[
        str, typer.Option("--stopped-by", metavar="TEXT", help="What kept it from becoming an incident.")
    ] = "",
    investigation: Reference = None, as_json: Json = False,
) -> int:  # fmt: skip
    """Note a near miss: what could have happened, and what stopped it. It teaches as an incident does."""
    from compass.entrypoints.cli.asked import answered
    from compass.entrypoints.cli.render.verdicts import show_kept
    from compass.entrypoints.cli.verdicts import Told, near_miss

    named = either(which, investigation)
    words = answered(was, "What could have happened (an account's number, or words)? ", "--was 'disk full' --at ledger")
    stopped = answered(stopped_by, "What stopped it (one line; Enter leaves it out)? ", "", needed=False)
    show_kept(
        near_miss(named, Told(words=words, mechanism=mechanism, entity=at, change=change), stopped),
        as_json=as_json,
    )
    return 0
