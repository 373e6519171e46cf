"""The board: everything the investigation knows, folded from the chronicle. A value; nobody edits it.

`projections.board.fold` makes it. Specialists and strategies read it and return events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from compass.domain.advice import ASSUMED_CALL_USD, ModelCall, ReadChange, ReadName, Spending, Task
from compass.domain.advised import ProposedFact
from compass.domain.briefed import Discounted
from compass.domain.commanded import DataGiven, DataRequested, DecisionMade
from compass.domain.disproof import DisproofAttempt, DisproofPlan
from compass.domain.documents import DocumentsRead, Quoted
from compass.domain.entity import EntityRef
from compass.domain.failure import FailureMode, Status
from compass.domain.hypothesis import Account, Hypothesis
from compass.domain.incident import Change, Dependency, Incident, Onset
from compass.domain.learned import Cause, Recalled, Word
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Observation, Verdict
from compass.domain.posterior import Evidence, Posterior
from compass.domain.recheck import Rechecked
from compass.domain.team import TeamKnowledge
from compass.domain.telemetry import Health
from compass.domain.time import Window
from compass.domain.told import ToolAnswered, ToolsConsulted
from compass.domain.unread import Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingNote:
    """Seconds: as run, a real sequential run of the same steps with cold caches (None: not measured)."""

    elapsed_s: float
    agents_s: Mapping[str, float] = field(default_factory=dict)
    sequential_s: float | None = None
    parallel_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """Why somebody proposed a theory, in their words. `cites` are observation ids, `shown` all those it was made from.
    `predicts` are the signs it requires or expects. `testable`: some strategy could plan an attempt on it then."""

    by: str
    reasoning: str
    would_disprove: str
    cites: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    predicts: tuple[str, ...] = ()
    testable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What a language model added, all of it proposals. `model` empty: none was chosen. `lost`: why it is not asked any
    more; `again`: but a resume gave it another chance, which it has not had yet. `heard` is the last round it was heard
    after; `asked` are the tasks of the hearings that have ended, `asking` those since. `under_way` are calls that were
    sent and not settled, by id of their ModelSent. Other mappings: by hypothesis id, change id, template or series id.
    `readers` are the models that read the `names`; `rejected` are ids of series whose reading people rejected."""

    model: str = ""
    budget_usd: float | None = None
    lost: str = ""
    again: bool = False
    heard: int = 0
    asked: frozenset[Task] = frozenset()
    asking: frozenset[Task] = frozenset()
    stated: Mapping[str, Mechanism] = field(default_factory=dict)
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    preferred: tuple[str, ...] = ()
    changes: Mapping[str, ReadChange] = field(default_factory=dict)
    names: Mapping[str, ReadName] = field(default_factory=dict)
    readers: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, ProposedFact] = field(default_factory=dict)
    rejected: frozenset[str] = frozenset()
    dropped: int = 0
    spending: Spending = Spending()
    under_way: Mapping[str, ModelCall] = field(default_factory=dict)

    @property
    def charged_usd(self) -> float:
        """What counts against a budget, as `ModelCall.budget_usd`: what was spent, and what calls may cost whose answer
        nobody has seen."""
        unpriced = self.spending.unpriced * ASSUMED_CALL_USD
        return self.spending.usd + unpriced + sum(call.budget_usd for call in self.under_way.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What people ordered, as it stands now. `aside`: theories (by id) that are worked on no more, and why.

    `look` and `avoid` bound what is worked on (neither: everywhere). `requested` and `given` are by request id.
    """

    aside: Mapping[str, str] = field(default_factory=dict)
    look: tuple[EntityRef, ...] = ()
    avoid: tuple[EntityRef, ...] = ()
    look_areas: tuple[str, ...] = ()  # names of specialists
    avoid_areas: tuple[str, ...] = ()
    paused: bool = False
    escalated: tuple[str, ...] = ()  # to whom, in order
    requested: Mapping[str, DataRequested] = field(default_factory=dict)
    given: Mapping[str, DataGiven] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What people said it turned out to be: the latest word that is not taken back. `cause` None: nobody has said.
    `words` are those that are not taken back, in order, with the keys of their events; `undone` the keys of those that
    are; `near_miss`: nothing broke."""

    cause: Cause | None = None
    fix: str = ""
    accepted: str = ""
    corrected: bool = False
    near_miss: bool = False
    words: tuple[tuple[str, Word], ...] = ()
    undone: tuple[str, ...] = ()

    @property
    def holds(self) -> str:
        """The key of the event that says what it was; "" where none does."""
        return self.words[-1][0] if self.words else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Insertion order of every mapping is canonical (the chronicle's)."""

    incident: Incident | None = None
    onset: Onset | None = None
    health: tuple[Health, ...] = ()
    entities: tuple[EntityRef, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    containment: Mapping[EntityRef, EntityRef] = field(default_factory=dict)  # child → parent
    changes: tuple[Change, ...] = ()
    unread: Unread | None = None  # series that the catalogue does not know; None: there are none
    specialists: tuple[str, ...] = ()
    round: int = 0
    phase: str = ""
    round_open: bool = False
    round_seq: int = 0  # the event that opened the current round: its snapshot is the fold up to here
    seq: int = 0
    observations: Mapping[str, Observation] = field(default_factory=dict)  # by id
    observation_labels: Mapping[str, str] = field(default_factory=dict)  # id → E1 ...
    hypotheses: Mapping[str, Hypothesis] = field(default_factory=dict)  # by id
    plans: Mapping[str, DisproofPlan] = field(default_factory=dict)
    attempts: Mapping[str, DisproofAttempt] = field(default_factory=dict)  # by plan id
    accounts: tuple[Account, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    posterior: Posterior | None = None
    steps_done: frozenset[tuple[str, str]] = frozenset()  # (agent, step)
    failed: tuple[tuple[str, str, str], ...] = ()  # (agent, step, error)
    stopped_agents: Mapping[str, str] = field(default_factory=dict)  # agent → reason
    gaps: tuple[tuple[str, str], ...] = ()  # (gap, hides)
    answers: Mapping[str, str] = field(default_factory=dict)  # what, where, why
    status: Status = Status.RUNNING
    failure: FailureMode | None = None
    stop_requested: bool = False
    reopened: int = 0  # how often somebody took it up again
    deepened: int = 0  # how many requests for deeper attempts have had their round
    deep_rounds: int = 0  # rounds that people ordered: they are not taken from the engine's own
    believed_round: int = 0  # the last round whose findings the posterior has taken in
    unweighed: bool = False  # a theory was proposed since
    requests: tuple[tuple[str, str], ...] = ()  # commands of people, in order: (command, argument)
    said: str = ""
    look_at: tuple[str, ...] = ()
    decisions: tuple[tuple[str, str, str], ...] = ()  # (decision, by, because)
    opened_at: datetime | None = None  # by the chronicle's clock
    made: tuple[DecisionMade, ...] = ()  # the same with their records, events and reviews
    timing: TimingNote | None = None
    rechecks: tuple[Rechecked, ...] = ()
    advice: Advice = Advice()
    orders: Orders = Orders()
    memory: Recalled | None = None  # what the team's past says; None: not asked (yet)
    verdicts: Verdicts = Verdicts()
    told: Mapping[str, ToolAnswered] = field(default_factory=dict)  # by label: X1 ...; nothing of it is weighed
    consulted: ToolsConsulted | None = None
    team: TeamKnowledge | None = None  # what the team wrote down, as it was when the investigation began
    discounted: Mapping[str, Discounted] = field(default_factory=dict)  # by id: in no way among the observations
    documents: DocumentsRead | None = None  # what the team wrote; None: not read (yet); nothing of it is weighed

    @property
    def quoted(self) -> dict[str, Quoted]:
        """Passages of the team's documents by label: D1 ..."""
        found = self.documents.quoted if self.documents is not None else ()
        return {f"D{number}": one for number, one in enumerate(found, start=1)}

    @property
    def asked(self) -> tuple[str, ...]:
        """Hypothesis ids that people asked to test more deeply, in order."""
        return tuple(argument for command, argument in self.requests if command == "test")

    @property
    def baseline(self) -> Window:
        """From the start of what may be read to the earliest possible onset."""
        incident, onset = self._opened()
        return Window(
            start_ns=incident.window.start_ns, end_ns=max(incident.window.start_ns, onset.instant.earliest_ns)
        )

    @property
    def during(self) -> Window:
        """From the earliest possible onset to now."""
        incident, onset = self._opened()
        return Window(start_ns=min(onset.instant.earliest_ns, incident.now_ns), end_ns=incident.now_ns)

    def known(self, observation: str) -> Observation:
        """The observation of an id, whether it counts or was set aside. Raises KeyError where there is none."""
        aside = self.discounted.get(observation)
        return aside.observation if aside is not None else self.observations[observation]

    def anomalies(self) -> tuple[Observation, ...]:
        return tuple(o for o in self.observations.values() if o.verdict is Verdict.ANOMALY)

    def _opened(self) -> tuple[Incident, Onset]:
        if self.incident is None or self.onset is None:
            raise ValueError("the board has no incident or no onset yet")
        return self.incident, self.onset
