"""`compass reject`: set an account aside."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import AccountNumber, Confidence, Json, Reason, Reference


def register(app: typer.Typer) -> None:
    app.command("reject")(reject)


def reject(
    account: AccountNumber,
    reason: Reason = "",
    confidence: Confidence = None,
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Set account N aside: nothing more is tried on it, and its probability stays what the evidence makes it."""
    from compass.entrypoints.cli.commanding import order
    from compass.entrypoints.cli.render.given import show_given

    show_given(order(investigation, "reject", account, reason=reason, confidence=confidence), as_json=as_json)
