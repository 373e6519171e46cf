"""`compass replay`: fold an old chronicle again, and check it."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import Json, Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command("replay")(replay)


def replay(which: Which = None, investigation: Reference = None, as_json: Json = False) -> int:
    """Replay an investigation from its chronicle and check that it still gives the same result."""
    from compass.domain.failure import ExitCode
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.replaying import replay_lines, replay_report

    report, of = replay_report(either(which, investigation))
    if as_json:
        show_json(report)
    else:
        out = console()
        show(out, replay_lines(report, page(out, of=of)))
    return int(ExitCode.FAILED if report.same is False else ExitCode.DONE)
