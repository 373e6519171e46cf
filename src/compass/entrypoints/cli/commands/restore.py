"""`compass restore`: take back that an account was set aside."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import AccountNumber, Confidence, Json, Reason, Reference


def register(app: typer.Typer) -> None:
    app.command("restore")(restore)


def restore(
    account: AccountNumber,
    reason: Reason = "",
    confidence: Confidence = None,
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Take back that account N was set aside."""
    from compass.entrypoints.cli.commanding import order
    from compass.entrypoints.cli.render.given import show_given

    show_given(order(investigation, "restore", account, reason=reason, confidence=confidence), as_json=as_json)
