"""Put the pieces together. The only place that knows which implementation stands behind which port."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from compass.agents import specialists
from compass.analysis.likelihood import load_table
from compass.disproof import all_strategies
from compass.domain.incident import Incident
from compass.domain.team import TeamKnowledge
from compass.entrypoints.briefed import NOTHING, Told, catalogue_with, rules_with
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.config import Config
from compass.entrypoints.live import config, live_source, tools_of, usable
from compass.entrypoints.settings import Settings
from compass.investigation.runner import Means
from compass.investigation.settings import Crew, Limits
from compass.mechanisms.loader import Catalogue, load_catalogue
from compass.ports.errors import BadInputError
from compass.ports.telemetry import Telemetry
from compass.ports.tools import Ask, Tools
from compass.signals.catalogue import RawRule
from compass.sources.recording import RecordingSource

RECORDING = "recording:"
LIVE = "live:"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChoice:
    """A source and how to find it again after a crash. `asks`: what the team's own tools are asked, by `open_tools`."""

    uri: str
    open: Callable[[], Telemetry]
    asks: tuple[Ask, ...] = ()
    open_tools: Callable[[], Tools] | None = None


def recording_choice(path: Path, metric_rules: Sequence[RawRule] = ()) -> SourceChoice:
    """Telemetry from a recording on disk, read with a team's own rules for what metrics mean in front of the others.

    Raises BadInputError when it is none, or a rule is wrong.
    """
    folder = path.resolve()
    return SourceChoice(uri=f"{RECORDING}{folder}", open=lambda: RecordingSource.open(folder, metric_rules))


def live_choice(chosen: Config, incident: Incident) -> SourceChoice:
    """Telemetry from the servers of compass.toml. Raises ConfigurationError when none is named or one is wrong."""
    chosen, _ = usable(chosen)
    names = ",".join(chosen.sources)
    asks, open_tools = tools_of(chosen)
    return SourceChoice(
        uri=f"{LIVE}{names}", open=lambda: live_source(chosen, incident), asks=asks, open_tools=open_tools
    )


def choice_of(uri: str, incident: Incident, team: TeamKnowledge | None = None) -> SourceChoice:
    """The source of an earlier investigation, from what its chronicle says. Live servers are asked again."""
    chosen = config()
    chosen = replace(chosen, signals=rules_with(chosen.signals, team, incident.now_ns)[0])
    if uri.startswith(LIVE):
        return live_choice(chosen, incident)
    if uri.startswith(RECORDING):
        return recording_choice(Path(uri.removeprefix(RECORDING)), chosen.signals)
    raise BadInputError(f"this investigation's source is of an unknown sort: {uri.split(':')[0]}", where="resume")


def crew(settings: Settings, catalogue: Catalogue | None = None) -> Crew:
    """Specialists, catalogue (none given: that of the settings) and strategies."""
    catalogue = catalogue or load_catalogue(settings.mechanisms)
    known = {strategy.id: strategy for strategy in all_strategies()}
    mechanisms = {mechanism.id: mechanism for mechanism in catalogue.mechanisms}
    return Crew(specialists=specialists(mechanisms, known), mechanisms=mechanisms, strategies=known)


def means(
    settings: Settings, choice: SourceChoice, limits: Limits, *, sequential: bool = False, told: Told = NOTHING,
    now_ns: int = 0,
) -> Means:  # fmt: skip
    """All that an investigation works with. `told` is what the team wrote down, `now_ns` the incident's now."""
    catalogue, wrong = catalogue_with(settings, told.knowledge, now_ns)
    return Means(
        crew=replace(crew(settings, catalogue), asks=choice.asks), table=load_table(), open_telemetry=choice.open,
        clock=SystemClock(), limits=limits, sequential=sequential, open_tools=choice.open_tools,
        team=told.knowledge, team_lost=(*told.lost, *wrong),
    )  # fmt: skip


def runner_name() -> str:
    """Who holds the lease: host, process and a start time, so that a reused process id is another runner."""
    return f"{socket.gethostname()}:{os.getpid()}:{SystemClock().now_ns()}"
