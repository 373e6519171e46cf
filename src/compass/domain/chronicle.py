"""The chronicle: an append-only list of events. Every kind is listed here, once, with its payload.

Events chain over salted digests of their payloads; a payload may be erased later
(a Tombstone stays in its place) and the chain remains valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from compass.domain.advised import (
    AdviceTaken,
    ChangesRead,
    CostEstimated,
    MechanismStated,
    ModelAsked,
    ModelLost,
    ModelSent,
    NamesRead,
    NamesRejected,
    PersonAnswered,
    PlansPreferred,
    TheoryArgued,
)
from compass.domain.briefed import TeamBriefed
from compass.domain.commanded import (
    CommandGiven,
    DataGiven,
    DataRequested,
    Decided,
    DecisionReviewed,
    Escalated,
    ScopeSet,
    SetAside,
)
from compass.domain.disproof import DisproofAttempt, DisproofPlan
from compass.domain.documents import DocumentsRead
from compass.domain.entity import EntityRef
from compass.domain.failure import FailureMode, Status
from compass.domain.hypothesis import Account, Hypothesis
from compass.domain.incident import Change, Dependency, Incident, Onset
from compass.domain.learned import Corrected, LearningUndone, NearMissNoted, PatternJudged, Recalled, Resolved
from compass.domain.limits import Limits
from compass.domain.observation import Observation
from compass.domain.posterior import Evidence, Posterior
from compass.domain.recheck import Rechecked
from compass.domain.telemetry import Asked, Health
from compass.domain.told import ToolAnswered, ToolsAsked, ToolsConsulted
from compass.domain.unread import UnreadCounted


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An investigation begins. `mode` is parallel | sequential; `gated`: a person is asked before it goes on to why.
    `mode`, `gated` and `limits` are what it was told: whoever resumes goes on with the same. Where an older chronicle
    has no limits, they are the usual ones."""

    incident: Incident
    engine: str
    mode: str
    commander: str  # "human" or "policy:unattended"
    specialists: tuple[str, ...]
    seed: int = 0
    source_uri: str = ""  # what resume needs to find the telemetry again; never printed or exported
    model: str = ""  # the language model chosen for it; empty: none, which is normal
    budget_usd: float | None = None  # what it may spend on the model without anybody's consent
    limits: Limits = Limits()
    gated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesChecked:
    health: tuple[Health, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnsetEstimated:
    onset: Onset


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextLearned:
    """Entities, dependencies, containment (child → parent) and changes that everybody may use."""

    entities: tuple[EntityRef, ...]
    dependencies: tuple[Dependency, ...]
    changes: tuple[Change, ...]
    containment: tuple[tuple[EntityRef, EntityRef], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundStarted:
    """Round `number` begins on the board as of `board_seq`."""

    number: int
    phase: str  # screen | disprove | deepen
    board_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFinished:
    """All agents are in (or missed the soft deadline): what they found gets its labels, in canonical order."""

    number: int
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    agent: str
    step: str
    text: str
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """`work` in work units, `elapsed_ms` by the monotonic clock; `found` is one line for the live view."""

    agent: str
    step: str
    round: int
    found: str
    anomalies: int
    normals: int
    work: float
    elapsed_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFailed:
    """An agent or one of its steps failed; the rest go on. `hides` says what is not examined because of it."""

    agent: str
    step: str
    round: int
    error: str
    hides: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStopped:
    agent: str
    reason: str
    work: float
    elapsed_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Labels (E1, E2 ...) are given by the fold when the round ends, so that they do not depend on arrival."""

    observation: Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    hypothesis: Hypothesis


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRegistered:
    plan: DisproofPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    attempt: DisproofAttempt


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsFormed:
    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceWeighed:
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PosteriorUpdated:
    posterior: Posterior


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered:
    """What, where, why: each with a stored answer shown first."""

    question: str  # what | where | why
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GapNamed:
    """Something that could not be observed, and what it hides."""

    gap: str
    hides: str
    suggestion: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureDeclared:
    """A mode of DESIGN §5. `said` is what the person is told."""

    mode: FailureMode
    said: str
    look_at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsolvedPattern:
    """Stored when no theory fitted: the signs seen, for later incidents to match."""

    signs: tuple[str, ...]
    entities: tuple[EntityRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingMeasured:
    """Wall seconds of the work as run, by agent, and of a real sequential run with cold caches where one was made."""

    elapsed_s: float
    agents_s: Mapping[str, float] = field(default_factory=dict)
    sequential_s: float | None = None
    parallel_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServersAsked:
    """Every request that a runner made to live servers, in the order they ended."""

    requests: tuple[Asked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A runner took over after a crash. `after_seq` is the last event it found. `model` is the language model at hand
    in its run, empty: none; `budget_usd` what that may cost. One that was lost before is asked once more. `limits` are
    those of its run; None in an older chronicle, which says nothing of them. `told`: what the investigation itself was
    told, where this run works by others, for what a person ordered; whoever resumes the investigation goes by it."""

    runner: str
    after_seq: int
    model: str = ""
    budget_usd: float | None = None
    limits: Limits | None = None
    told: Limits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    status: Status
    exit_code: int
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A report was written; `sha256` of its text."""

    format: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownPayload:
    """A kind from a newer version: kept as it is, shown as unknown, never dropped."""

    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """The payload was erased (retention or deletion); the digest stays."""

    erased_at: str = ""


Payload = (
    Opened | SourcesChecked | OnsetEstimated | ContextLearned | UnreadCounted | RoundStarted | RoundFinished
    | StepStarted | StepFinished | AgentFailed | AgentStopped | Observed | Proposed | PlanRegistered | Attempted
    | AccountsFormed | EvidenceWeighed | PosteriorUpdated | QuestionAnswered | Decided | GapNamed | FailureDeclared
    | UnsolvedPattern | TimingMeasured | ServersAsked | CommandGiven | Resumed | Ended | Reported | Rechecked
    | ModelSent | ModelAsked | ModelLost | MechanismStated | TheoryArgued | PlansPreferred | ChangesRead | NamesRead
    | AdviceTaken | PersonAnswered | CostEstimated | DecisionReviewed | SetAside | ScopeSet | Escalated
    | DataRequested | DataGiven | Recalled | Resolved | Corrected | NearMissNoted | LearningUndone | PatternJudged
    | ToolAnswered | ToolsAsked | ToolsConsulted | NamesRejected | TeamBriefed | DocumentsRead
)  # fmt: skip

KINDS: dict[str, type] = {
    "investigation.opened": Opened,
    "sources.checked": SourcesChecked,
    "onset.estimated": OnsetEstimated,
    "context.learned": ContextLearned,
    "series.unread": UnreadCounted,
    "round.started": RoundStarted,
    "round.finished": RoundFinished,
    "step.started": StepStarted,
    "step.finished": StepFinished,
    "agent.failed": AgentFailed,
    "agent.stopped": AgentStopped,
    "observation.recorded": Observed,
    "hypothesis.proposed": Proposed,
    "plan.registered": PlanRegistered,
    "disproof.attempted": Attempted,
    "accounts.formed": AccountsFormed,
    "evidence.weighed": EvidenceWeighed,
    "posterior.updated": PosteriorUpdated,
    "question.answered": QuestionAnswered,
    "decision.recorded": Decided,
    "gap.named": GapNamed,
    "failure.declared": FailureDeclared,
    "pattern.unsolved": UnsolvedPattern,
    "timing.measured": TimingMeasured,
    "servers.asked": ServersAsked,
    "command.given": CommandGiven,
    "investigation.resumed": Resumed,
    "investigation.ended": Ended,
    "report.written": Reported,
    "signals.rechecked": Rechecked,
    "model.sent": ModelSent,
    "model.asked": ModelAsked,
    "model.lost": ModelLost,
    "mechanism.stated": MechanismStated,
    "theory.argued": TheoryArgued,
    "plans.preferred": PlansPreferred,
    "changes.read": ChangesRead,
    "names.read": NamesRead,
    "names.rejected": NamesRejected,
    "advice.taken": AdviceTaken,
    "person.answered": PersonAnswered,
    "cost.estimated": CostEstimated,
    "decision.reviewed": DecisionReviewed,
    "hypothesis.set_aside": SetAside,
    "scope.set": ScopeSet,
    "investigation.escalated": Escalated,
    "data.requested": DataRequested,
    "data.given": DataGiven,
    "memory.recalled": Recalled,
    "incident.resolved": Resolved,
    "incident.corrected": Corrected,
    "near_miss.noted": NearMissNoted,
    "learning.undone": LearningUndone,
    "pattern.judged": PatternJudged,
    "tools.asked": ToolsAsked,
    "tool.answered": ToolAnswered,
    "tools.consulted": ToolsConsulted,
    "team.briefed": TeamBriefed,
    "documents.read": DocumentsRead,
}
KIND_OF: dict[type, str] = {payload: kind for kind, payload in KINDS.items()}
VERSION = 1

# --- envelope -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to append. `key` makes appending idempotent: the same key is stored once.

    `cause` is the key of the event that led to this one.
    """

    key: str
    payload: Payload
    actor: str
    cause: str | None = None

    @property
    def kind(self) -> str:
        return KIND_OF[type(self.payload)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A committed event. `seq` is gapless within an investigation; `epoch` the runner's lease (None: a human command).

    `digest` = SHA-256 over the previous event's digest, the envelope and the salted digest of the payload.
    """

    id: UUID
    team: str
    investigation: UUID
    seq: int
    epoch: int | None
    key: str
    kind: str
    version: int
    actor: str
    cause: str | None
    occurred_at: datetime
    recorded_at: datetime
    payload: Payload | Tombstone | UnknownPayload
    digest: bytes
