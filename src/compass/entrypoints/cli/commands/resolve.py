"""`compass resolve`: close an incident with what it was and what fixed it."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import (
    At,
    ChangeId,
    Confidence,
    Fix,
    Json,
    MechanismId,
    Reason,
    Reference,
    TruthBeside,
    Was,
    Which,
    either,
)


def register(app: typer.Typer) -> None:
    app.command()(resolve)


def resolve(
    which: Which = None, was: Was = "", mechanism: MechanismId = "", at: At = "", change: ChangeId = "",
    fix: Fix = "",
    reason: Reason = "", confidence: Confidence = None, truth: TruthBeside = None,
    investigation: Reference = None, as_json: Json = False,
) -> int:  # fmt: skip
    """Say what an incident was and what fixed it: later incidents like it will know. On a terminal it asks."""
    from compass.entrypoints.cli.asked import answered
    from compass.entrypoints.cli.render.verdicts import show_kept
    from compass.entrypoints.cli.verdicts import Told, resolve, with_alike

    named = either(which, investigation)
    words = answered(was, "What was it (an account's number, or words)? ", "--was 1, or --was 'disk of orders full'")
    fixed = answered(fix, "What fixed it (one line; Enter leaves it out)? ", "", needed=False)
    told = Told(words=words, mechanism=mechanism, entity=at, change=change, reason=reason, confidence=confidence)
    kept = resolve(named, told, fixed, truth)
    show_kept(with_alike(kept, fixed, asking=not as_json), as_json=as_json)
    return 0
