"""`compass correct`: what it really was, and what had misled."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.domain.learned import Visibility
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
    app.command()(correct)


def correct(
    which: Which = None, was: Was = "", mechanism: MechanismId = "", at: At = "", change: ChangeId = "",
    fix: Fix = "",
    misled: Annotated[
        list[str] | None, typer.Option(metavar="E7", help="A fact that had misled; may be given several times.")
    ] = None,
    visible: Annotated[
        Visibility, typer.Option(help="Could COMPASS have seen it with what was connected?")
    ] = Visibility.UNKNOWN,
    missing: Annotated[
        str, typer.Option(metavar="TEXT", help="The metric, log or span that would have shown it.")
    ] = "",
    reason: Reason = "", confidence: Confidence = None, truth: TruthBeside = None,
    investigation: Reference = None, as_json: Json = False,
) -> int:  # fmt: skip
    """Thanks for the correction: what actually was it, and what resolved it? On a terminal it asks."""
    from compass.entrypoints.cli.asked import answered
    from compass.entrypoints.cli.render.verdicts import show_kept
    from compass.entrypoints.cli.verdicts import Told, correct, with_alike

    named = either(which, investigation)
    words = answered(was, "What actually was it (an account's number, or words)? ", "--was 'disk full' --at ledger")
    fixed = answered(fix, "What actually resolved it (one line; Enter leaves it out)? ", "", needed=False)
    told = Told(words=words, mechanism=mechanism, entity=at, change=change, reason=reason, confidence=confidence)
    kept = correct(named, told, fixed, misled or [], visible, missing, truth)
    show_kept(with_alike(kept, fixed, asking=not as_json), as_json=as_json)
    return 0
