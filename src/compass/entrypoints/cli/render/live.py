"""While agents work: one line each, what it is checking, anomaly or normal, elapsed. Shows committed events only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from compass.domain import chronicle as c
from compass.domain.advice import ModelCall, Spending
from compass.domain.advised import CostEstimated, ModelAsked, ModelLost
from compass.domain.commanded import POLICY, DataRequested, Decided
from compass.domain.disproof import Outcome
from compass.domain.documents import DocumentsRead
from compass.domain.told import ToolsAsked, ToolsConsulted
from compass.entrypoints.cli.render.costs import BILLED, estimate_words, spent_words
from compass.entrypoints.cli.render.words import cut, duration, lost_words
from compass.projections.lost import documents_health, lost_lines, tools_health
from compass.projections.view import LostLine
from compass.redaction import bound

MOST_CHARS = 400  # of a line in a pipe
PHASES = {
    "screen": "looking for what is abnormal", "disprove": "trying to refute",
    "deepen": "testing deeper what people asked for",
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Agent:
    """One agent's line. Mutable on purpose: it is the screen's state, not the investigation's."""

    doing: str = "waiting"
    anomalies: int = 0
    normals: int = 0
    busy_ms: float = 0.0
    failed: bool = False


@dataclass(slots=True)
class LiveView:
    """On a terminal a small table that is redrawn; in a pipe one line for each finished step. `quiet`: no table, which
    would erase what stands there."""

    console: Console
    quiet: bool = False
    agents: dict[str, _Agent] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    gone: tuple[LostLine, ...] = ()
    lost: dict[str, str] = field(default_factory=dict)  # error → the source that is lost with it
    round: str = ""
    model: str = ""
    budget_usd: float | None = None
    spending: Spending = Spending()
    model_lost: str = ""
    ordered: str = ""  # the last order of a person
    _live: Live | None = None

    def __enter__(self) -> LiveView:
        if self.console.is_terminal and not self.quiet:
            self._live = Live(console=self.console, transient=True, refresh_per_second=8)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to a question."""
        self.__exit__(None, None, None)
        try:
            yield
        finally:
            self.__enter__()

    def __call__(self, event: c.Event) -> None:
        """Take in one committed event."""
        payload = event.payload
        line = self.take(payload)
        if self._live is not None:
            self._live.update(self.table())
        elif line:
            self.console.print(bound(line, MOST_CHARS), highlight=False, markup=False, soft_wrap=True)

    def take(self, payload: object) -> str:
        """Take in one payload; the line that tells of it, "" for none."""
        if isinstance(payload, c.Opened):
            self.agents = {name: _Agent() for name in payload.specialists}
            self.model, self.budget_usd = payload.model, payload.budget_usd
            return f"{self.model}: {BILLED}" if self.model else ""
        if isinstance(payload, c.SourcesChecked):
            self.gone = lost_lines(payload.health)
            self.lost = {why: line.source for line in self.gone for why in line.why}
            return "\n".join(map(lost_words, self.gone))
        if isinstance(payload, ToolsAsked):
            calls = f"{payload.calls} call{'s' * (payload.calls != 1)}"
            self.round = f"asking the team's own tools: {', '.join(payload.sources)} ({calls})"
            return self.round
        if isinstance(payload, ToolsConsulted):
            return self._consulted(payload)
        if isinstance(payload, DocumentsRead):
            return self._read(payload)
        if isinstance(payload, c.RoundStarted):
            self.round = f"round {payload.number}: {PHASES.get(payload.phase, payload.phase)}"
            return self.round
        if isinstance(payload, c.StepStarted):
            self._agent(payload.agent).doing = payload.text
        elif isinstance(payload, c.StepFinished):
            return self._finished(payload)
        elif isinstance(payload, c.Proposed):
            self.labels[payload.hypothesis.id] = payload.hypothesis.label
        elif isinstance(payload, c.Attempted) and payload.attempt.outcome in (Outcome.REFUTED, Outcome.SURVIVED):
            attempt = payload.attempt
            label = self.labels.get(attempt.hypothesis, "")
            how = attempt.strategy.replace("_", " ") + (f", {attempt.trigger} as trigger" if attempt.trigger else "")
            return f"  {label:<4} {attempt.outcome.value} ({how}) {attempt.found}"
        elif isinstance(payload, c.AgentFailed):
            agent = self._agent(payload.agent)
            if payload.error in self.lost:  # told once, for all who ask it
                agent.doing = f"{self.lost[payload.error]} is lost"
                return ""
            agent.failed, agent.doing = True, payload.error
            return f"  {payload.agent:<14} failed: {payload.error}"
        elif isinstance(payload, Decided | DataRequested):
            return self._decided(payload)
        elif isinstance(payload, ModelAsked):
            return self._asked(payload.call)
        elif isinstance(payload, CostEstimated):
            return f"  {estimate_words(payload)}"
        elif isinstance(payload, ModelLost):
            self.model_lost = payload.said
            return f"  {payload.said}"
        return ""

    def _consulted(self, payload: ToolsConsulted) -> str:
        lost = lost_lines([tools_health(payload)])
        self.gone = (*self.gone, *lost)
        said = f"  {'tools':<14} {payload.asked - payload.failed} of {payload.asked} calls answered"
        return "\n".join([said, *map(lost_words, lost)])

    def _read(self, payload: DocumentsRead) -> str:
        if payload.lost:
            lost = lost_lines(documents_health(payload))
            self.gone = (*self.gone, *lost)
            return "\n".join(map(lost_words, lost))
        names = ", ".join(dict.fromkeys(one.document for one in payload.quoted))
        return f"  {'documents':<14} {len(payload.quoted)} passages found: {names}" if names else ""

    def _decided(self, payload: Decided | DataRequested) -> str:
        """What people order is never mistaken for what the machine does."""
        if isinstance(payload, DataRequested):
            label = self.labels.get(payload.hypothesis, "")
            return f"  COMPASS asks for data ({label}): {payload.question}  {payload.command}".rstrip()
        who = "policy" if payload.by.startswith(POLICY) else "YOU"
        if who == "YOU":
            self.ordered = payload.decision
        return f"  {who:<14} {payload.decision}"

    def _asked(self, call: ModelCall) -> str:
        self.spending = self.spending.plus(call)
        became = f"failed: {call.said}" if call.failure else "answered again" if call.reused else "answered"
        return (
            f"  {call.agent or 'model':<14} {call.task.value} {became} ({spent_words(self.spending, self.budget_usd)})"
        )

    def _finished(self, payload: c.StepFinished) -> str:
        agent = self._agent(payload.agent)
        agent.anomalies += payload.anomalies
        agent.normals += payload.normals
        agent.busy_ms += payload.elapsed_ms
        agent.doing = payload.found or agent.doing
        if payload.round > 1:
            return ""  # what attempts found is told by the attempt itself
        verdict = f"{payload.anomalies} abnormal, {payload.normals} normal"
        elapsed = duration(payload.elapsed_ms / 1000)
        return f"  {payload.agent:<14} {payload.found or payload.step} ({verdict}, {elapsed})"

    def _agent(self, name: str) -> _Agent:
        return self.agents.setdefault(name, _Agent())

    def table(self) -> Text:
        """A line an agent, below what is lost and what it costs."""
        width = self.console.width
        text = Text(self.round + "\n", style="bold")
        for line in self.gone:
            text.append(f"{cut(bound(lost_words(line), MOST_CHARS), width)}\n", style="yellow")
        if self.model_lost:
            text.append(f"{cut(bound(self.model_lost, MOST_CHARS), width)}\n", style="yellow")
        if self.ordered:
            text.append(f"{cut(bound(f'you: {self.ordered}', MOST_CHARS), width)}\n", style="bold green")
        if self.spending.calls:
            words = f"{self.model}: {spent_words(self.spending, self.budget_usd)}. {BILLED}"
            text.append(f"{cut(bound(words, MOST_CHARS), width)}\n", style="dim")
        for name, agent in self.agents.items():
            style = "red" if agent.failed else "yellow" if agent.anomalies else ""
            counts = f"{agent.anomalies:>4} abnormal {agent.normals:>4} normal {duration(agent.busy_ms / 1000):>6}"
            room = max(10, width - 16 - len(counts) - 1)
            text.append(f"{name:<15} ", style="bold cyan")
            text.append(f"{cut(bound(agent.doing, 300), room):<{room}} ")
            text.append(counts + "\n", style=style)
        return text
