"""`compass patterns`: what came back, what people say of it, and whether being reminded of it helped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from compass.entrypoints.cli.options import Json, Reason

if TYPE_CHECKING:
    from compass.domain.learned import PatternVerdict

Which = Annotated[str, typer.Argument(metavar="N|MECHANISM@NAME", help="A pattern, as compass patterns lists it.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        name="patterns", invoke_without_command=True, rich_markup_mode=None,
        help="What came back, what people say of it, and whether being reminded of it helped.",
    )  # fmt: skip
    group.callback()(patterns)
    for command in (validate, reject, unmark, effectiveness, prune):
        group.command()(command)
    app.add_typer(group)


def patterns(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that people put away.")] = False,
    as_json: Json = False,
) -> None:
    """Show patterns of resolved incidents: counts, success, last seen, what fixed them, what people say of them."""
    if context.invoked_subcommand is not None:
        return
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.remembered import read_past
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.patterns import pattern_lines

    past = read_past()
    if as_json:
        show_json(past.patterns)
        return
    out = console()
    show(out, pattern_lines(past, session.mechanisms_of(session.settings()), page(out), everything=everything))


def validate(which: Which, reason: Reason = "", as_json: Json = False) -> None:
    """Say that it is a pattern: it is shown as such where it proposes. Its weight stays what its incidents make it."""
    from compass.domain.learned import PatternVerdict

    _judge(which, PatternVerdict.VALIDATED, reason, as_json=as_json)


def reject(which: Which, reason: Reason = "", as_json: Json = False) -> None:
    """Say that it is none: it proposes and counts no more. Incidents and what was said of them stay."""
    from compass.domain.learned import PatternVerdict

    _judge(which, PatternVerdict.REJECTED, reason, as_json=as_json)


def unmark(which: Which, reason: Reason = "", as_json: Json = False) -> None:
    """Take back what was said of a pattern, or that it was pruned."""
    from compass.domain.learned import PatternVerdict

    _judge(which, PatternVerdict.OPEN, reason, as_json=as_json)


def _judge(which: str, verdict: PatternVerdict, reason: str, *, as_json: bool) -> None:
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.judging import judge
    from compass.entrypoints.cli.render.output import say, show_json
    from compass.entrypoints.cli.render.patterns import judged_lines

    judged = judge(which, verdict, reason)
    if as_json:
        show_json(judged)
        return
    for line in judged_lines(judged, session.mechanisms_of(session.settings())):
        say(line)


def effectiveness(as_json: Json = False) -> None:
    """Of each pattern: how often it was recalled, how often that was right or misled, and how sure that is."""
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.remembered import read_past
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.patterns import effect_lines

    past = read_past()
    if as_json:
        show_json(past.effects)
        return
    out = console()
    show(out, effect_lines(past.effects, session.mechanisms_of(session.settings()), page(out)))


def prune(
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Without it nothing changes.")] = False,
    older_than: Annotated[
        float, typer.Option("--older-than", min=1.0, metavar="DAYS", help="Not seen for so long: stale.")
    ] = 720.0,
    as_json: Json = False,
) -> None:
    """Put patterns away that are stale, surely mislead, or were never met again; without --apply only say which.

    What people validated stays. What was pruned comes back when it is seen again, or by unmark.
    """
    from compass.entrypoints.cli import judging, session
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.patterns import prune_lines

    pruned = judging.prune(older_than, apply=apply)
    if as_json:
        show_json(pruned)
        return
    out, mechanisms = console(), session.mechanisms_of(session.settings())
    show(out, prune_lines(pruned.prunable, mechanisms, page(out), applied=pruned.applied))
