"""`compass eval`: how often COMPASS is right on labelled incidents, and how well it knows that."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

RUN = "run"
Places = Annotated[list[Path], typer.Argument(metavar="DIR...", help="Recordings, found below these folders.")]
Truth = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Labels, one <id>.yaml a recording. Default: truth/ beside them.")
]
Labels = Annotated[
    Path | None, typer.Option(metavar="FILE", help="YAML, fault type → mechanism ids: extends the built-in table.")
]
Jobs = Annotated[int | None, typer.Option(min=1, help="Recordings at the same time. Default: one a processor.")]
Only = Annotated[str, typer.Option(metavar="TEXT,...", help="Only ids that hold one of these texts.")]
Limit = Annotated[float, typer.Option("--time-limit", min=1, help="Seconds for one recording; later is a miss.")]


class DefaultGroup(TyperGroup):
    """`compass eval DIR` is `compass eval run DIR`: the first word is a folder unless it names a subcommand.

    A word that is neither a folder nor an option, and is nearly a subcommand, is left to the answer that suggests it.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names and not self._slip(args[0]):
            args = [RUN, *args]
        return super().parse_args(ctx, args)

    def _slip(self, word: str) -> bool:
        nearly = not word.startswith("-") and get_close_matches(word, self.commands)
        return bool(nearly) and not Path(word).exists()


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        cls=DefaultGroup, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
        help="Score COMPASS on labelled recordings: `compass eval DIR...` is `compass eval run DIR...`.",
    )  # fmt: skip
    group.command(RUN)(run)
    group.command()(diff)
    group.command()(fit)
    app.add_typer(group, name="eval")


def run(
    places: Places,
    truth: Truth = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as JSON; - for standard output.")
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Run everything N times and say whether anything changed.")] = 1,
    rival: Annotated[
        str, typer.Option(metavar="NAME,...", help="Also nsigma, baro, last-change, alerting-service, random.")
    ] = "",
    labels: Labels = None,
    jobs: Jobs = None,
    only: Only = "",
    time_limit: Limit = 300.0,
    table: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another table of likelihoods than the one that ships.")
    ] = None,
    model: Annotated[
        str,
        typer.Option(metavar="SORT", help="With a scripted model: perfect, mediocre, hostile; or none."),
    ] = "none",
    every_call: Annotated[
        bool, typer.Option("--every-call", help="Ask the scripted model everything every round, and reuse nothing.")
    ] = False,
    learning: Annotated[
        str,
        typer.Option(metavar="off|on|both", help="In the order of time, without or with what earlier ones taught."),
    ] = "",
    wrong: Annotated[
        str, typer.Option(metavar="SHARE,...", help="With --learning: also with this share of mistaken corrections.")
    ] = "",
    others: Annotated[
        bool,
        typer.Option("--others", help="With --learning: also with what the other sets taught, nothing of its own."),
    ] = False,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --learning: keep finished investigations there, and go on from it."),
    ] = None,
) -> int:
    """Investigate labelled recordings and print how often the answer was right. Nothing leaves this machine."""
    from compass.entrypoints.cli.evaluating import Wish, default_jobs, run_evaluation

    return run_evaluation(Wish(
        places=places, truth=truth, json=json, runs=repeat, rivals=rival, labels=labels,
        jobs=jobs or default_jobs(), limit_s=time_limit, only=only, table=table, model=model,
        every_call=every_call, learning=learning, wrong=wrong, others=others, resume=resume,
    ))  # fmt: skip


def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="A report that --json wrote.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="A later one.")],
) -> int:
    """Compare two reports: what became better or worse, set by set and case by case."""
    from compass.entrypoints.cli.evaluating import run_diff

    return run_diff(before, after)


def fit(
    places: Places,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write the fitted table.")],
    truth: Truth = None,
    validate: Annotated[
        str, typer.Option(metavar="SET,...", help="Sets that only validate: nothing is fitted to them.")
    ] = "",
    called: Annotated[
        list[str] | None,
        typer.Option(metavar="SET=WORDS", help="What the written table calls a set, where its name is not to be told."),
    ] = None,
    labels: Labels = None,
    jobs: Jobs = None,
    only: Only = "",
    time_limit: Limit = 300.0,
) -> int:
    """Fit the table of likelihoods to labelled recordings; needs the extra [fit]."""
    from compass.entrypoints.cli.evaluating import Wish, default_jobs
    from compass.entrypoints.cli.fitting import run_fit

    wish = Wish(
        places=places, truth=truth, labels=labels, jobs=jobs or default_jobs(), limit_s=time_limit, only=only
    )  # fmt: skip
    return run_fit(wish, out, validate, called or ())
