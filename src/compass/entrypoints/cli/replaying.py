"""Replay: check the chain, fold again, recompute the posterior from what was recorded."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from compass.analysis.likelihood import load_table
from compass.analysis.posterior import ENGINE
from compass.entrypoints.cli import session
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.render.screen import first_screen
from compass.entrypoints.cli.render.timeline import timeline_lines
from compass.investigation.beliefs import posterior_of
from compass.projections.timeline import Moment, moments
from compass.projections.view import View

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`same` None: the recorded posterior came from another engine or table, so figures may differ."""

    events: int
    verified: bool
    moments: tuple[Moment, ...]
    same: bool | None
    largest_difference: float
    view: View


def replay_report(reference: str | None) -> tuple[Report, int]:
    """The report, and what commands about the investigation must name (`session.must_name`).

    Raises StorageError when the chain is broken, NotFoundError when there is no such investigation.
    """
    chosen = session.settings()

    async def work() -> tuple[Report, int]:
        """The final posterior once more, from the recorded board. `same` is None where there was none, or where another
        engine or table made it: then a difference is no defect."""
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            count = await chronicle.verify(loaded.id)
        board, table = loaded.board, load_table()
        difference, same = 0.0, None
        if board.posterior is not None:
            again = posterior_of(board, session.mechanisms_for(chosen, board), table)
            difference = max(
                (abs(again.accounts.get(key, 0.0) - p) for key, p in board.posterior.accounts.items()), default=0.0
            )
            comparable = board.posterior.engine == ENGINE and board.posterior.table_sha256 == table.sha256
            same = difference <= TOLERANCE if comparable else None
        report = Report(
            events=count, verified=True, moments=moments(loaded.events, board), same=same,
            largest_difference=difference, view=loaded.view,
        )  # fmt: skip
        return report, loaded.of

    return session.run(work)


def replay_lines(report: Report, page: Page) -> list[Text]:
    """The timeline, the result, and whether it still comes out the same."""
    said = {
        True: "the posterior recomputed from the recorded evidence is the same",
        False: f"the recomputed posterior differs by up to {report.largest_difference:.3g}",
        None: "recorded by another engine or table: figures are shown as they were",
    }[report.same]
    check = f"{report.events} events, digest chain valid; {said}"
    return [
        *timeline_lines(report.view, report.moments, page), Text(""), *first_screen(report.view, page), Text(""),
        Text(page.fit(check, 0), style="green" if report.same is not False else "red"),
    ]  # fmt: skip
