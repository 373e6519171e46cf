"""What a model cost, as a person reads it: the sum against the budget, then by whom and for what."""

from __future__ import annotations

from rich.text import Text

from compass.domain.advice import Spending
from compass.domain.advised import CostEstimated
from compass.entrypoints.cli.render.page import Page
from compass.projections.costs import Costs, Share

BILLED = "Tokens are billed to your own key."


def money(usd: float) -> str:
    """USD in as many places as say something: calls cost fractions of a cent."""
    return f"{usd:.2f} USD" if usd >= 0.995 or usd == 0 else f"{usd:.4f} USD"


def spent_words(total: Spending, budget_usd: float | None) -> str:
    """One line: spent, of how much, for how many calls and tokens."""
    of = f" of {budget_usd:.2f}" if budget_usd is not None else ""
    words = (
        f"{money(total.usd)}{of} for {total.calls} {'call' if total.calls == 1 else 'calls'}, "
        f"{total.usage.input:,} tokens in and {total.usage.output:,} out"
    )
    if total.usage.cached:
        words += f" ({total.usage.cached:,} of them cached by the provider)"
    if total.reused:
        words += f"; {total.reused} answered from earlier ones"
    if total.failed:
        words += f"; {total.failed} failed"
    if not total.usage.counted:
        words += "; some tokens estimated"
    return words


def estimate_words(told: CostEstimated) -> str:
    """What it will cost, before anything is spent."""
    return f"the model will cost about {money(told.usual_usd)}, at most {money(told.most_usd)} ({told.basis}). {BILLED}"


def cost_lines(costs: Costs, month_usd: float | None, page: Page) -> list[Text]:
    """The whole of `compass cost`. `month_usd`: what the team's calls cost this month; None: not asked."""
    if not costs.total.calls and not costs.total.reused:
        lines = [Text("No language model was asked: nothing was spent.")]
        return [*lines, Text(costs.lost, style="yellow")] if costs.lost else lines
    lines = [Text(page.fit(f"#{costs.number}  {spent_words(costs.total, costs.budget_usd)}", 0), style="bold")]
    if costs.total.unpriced:
        unpriced = f"{costs.total.unpriced} calls have no known price: set [llm.prices] in compass.toml (docs/llm.md)"
        lines.append(Text(page.fit(unpriced, 0), style="yellow"))
    for title, shares in (
        ("agent", costs.by_agent), ("theory", costs.by_hypothesis), ("phase", costs.by_phase),
        ("model", costs.by_model), ("task", costs.by_task),
    ):  # fmt: skip
        lines += _table(title, shares, page)
    if month_usd is not None:
        lines.append(Text(f"this month, all investigations of the team: {money(month_usd)}", style="dim"))
    if costs.lost:
        lines.append(Text(page.fit(costs.lost, 0), style="yellow"))
    return [*lines, Text(BILLED, style="dim")]


def _table(title: str, shares: tuple[Share, ...], page: Page) -> list[Text]:
    lines = [Text(f"{'USD':>9} {'calls':>6} {'in':>9} {'out':>7}  by {title}", style="dim")]
    for share in shares:
        part = share.spending
        head = f"{part.usd:9.4f} {part.calls:>6} {part.usage.input:>9,} {part.usage.output:>7,}  "
        lines.append(Text(head).append(page.fit(share.name, len(head))))
    return lines
