"""`compass investigate`: from telemetry to ranked, tried-to-refute accounts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.domain.incident import Severity
from compass.entrypoints.cli.options import Json, NoModel, NoTeam


def register(app: typer.Typer) -> None:
    app.command()(investigate)


def investigate(
    service: Annotated[str | None, typer.Argument(help="The service that the page named, if any.")] = None,
    recording: Annotated[
        Path | None, typer.Option("--recording", "-r", help="A recording, or a folder of recordings.")
    ] = None,
    symptom: Annotated[str | None, typer.Option(help="What was reported, in words.")] = None,
    since: Annotated[str | None, typer.Option(help="How far back to look before the page: 30m, or a time.")] = None,
    at: Annotated[
        str | None, typer.Option(help="When the page came: 14:05, or 10m (before the end of the data).")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Live servers: exactly from here on, with --to. Default: from --since.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Live servers: exactly until here. Default: now.")] = None,
    alert: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="A page as Alertmanager's or Grafana's webhook gets it; - reads it here."),
    ] = None,
    severity: Annotated[Severity | None, typer.Option(help="Severity, as declared.")] = None,
    sequential: Annotated[
        bool, typer.Option("--sequential", help="Afterwards run the same steps one after another and compare times.")
    ] = False,
    ask: Annotated[bool, typer.Option("--ask", help="Show what and where, and ask before going on to why.")] = False,
    work: Annotated[float, typer.Option(min=1, help="Work budget in units (1 = one bounded query).")] = 400.0,
    no_model: NoModel = False,
    no_team: NoTeam = False,
    as_json: Json = False,
) -> int:
    """Investigate an incident and rank what may have caused it. Without arguments: choose from what is firing now.
    On a terminal it is a conversation while it runs: 1-9 tests an account deeper, ? shows the keys."""
    from compass.entrypoints.cli.investigating import Request
    from compass.entrypoints.cli.many import investigate_all
    from compass.investigation.settings import Limits
    from compass.ports.errors import BadInputError

    request = Request(
        service=service, symptom=symptom, since=since, start=start, end=end, at=at, severity=severity,
        sequential=sequential, ask=ask, limits=Limits(work=work), quiet=as_json, model=not no_model, team=not no_team,
    )  # fmt: skip
    if recording is None:
        from compass.entrypoints.cli.starting import start as start_live

        return start_live(request, alert, as_json=as_json)
    for option, given in (("--from", start), ("--to", end), ("--alert", alert)):
        if given is not None:
            raise BadInputError(
                "this is for live servers", where=option, hint="a recording has its window and its page"
            )
    return investigate_all(recording, request, as_json=as_json)
