"""What a language model is asked for, what it may say, and the record of each call.

A model proposes and never decides: none of these values holds a probability, an outcome or a query (DESIGN §1, §9).
Every reply is typed; what does not fit the type is no reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Task(StrEnum):
    """The six things a model is asked for. The value names its prompt file."""

    PROPOSE = "propose"  # theories from what one specialist observed
    CHOOSE = "choose"  # which of the registered attempts to make next
    CHANGES = "changes"  # which changes could have done this and which could not
    CLASSIFY = "classify"  # what unknown log templates and series mean
    ANSWER = "answer"  # a person's question, from the chronicle
    PROSE = "prose"  # sentences of the report, from facts with ids


class Role(StrEnum):
    """Which of the two chosen models does it: the small one for routine, the large one for synthesis."""

    FAST = "fast"
    DEEP = "deep"


class LlmFailure(StrEnum):
    """How a call can fail. Each has words for the person and a defined result; none stops an investigation."""

    NO_KEY = "no_key"
    WRONG_KEY = "wrong_key"
    NO_MODEL = "no_model"  # the provider does not know or does not offer the model
    QUOTA = "quota"  # paid for no more
    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    SERVER = "server"  # the provider failed (5xx)
    CONTEXT = "context"  # more than the model takes in
    FILTERED = "filtered"  # a content filter of the provider
    CUT_OFF = "cut_off"  # the reply ended in the middle
    INVALID = "invalid"  # not the asked-for type, also when asked again
    REFUSAL = "refusal"  # the model declined
    BUDGET = "budget"  # not sent: it would have cost more than was agreed
    VETOED = "vetoed"  # not sent: the safety officer's stop
    INTERRUPTED = "interrupted"  # sent, and nobody was left to see the answer


# --- what it may say ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedMechanism:
    """A mechanism that the catalogue does not have. Signs are words of `domain.sign`, alternatives split by "|"."""

    claim: str
    requires: tuple[str, ...]
    expects: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedTheory:
    """`mechanism` is an id of the catalogue, or empty where `stated` says a new one. `entity` and `cites` are ids that
    the prompt gave; `since` is a time it gave, or empty. `would_disprove` is what must not be seen if it is true."""

    entity: str
    mechanism: str = ""
    stated: StatedMechanism | None = None
    since: str = ""
    reasoning: str = ""
    would_disprove: str = ""
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedTheories:
    theories: tuple[SuggestedTheory, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenTests:
    """Ids of registered plans, the first to be made first."""

    plans: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadChange:
    """Whether a change could bring about the symptom, by its diff. Shown to people; scores nothing."""

    change: str
    could: bool
    why: str
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadChanges:
    changes: tuple[ReadChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadName:
    """What a log template or a series means. `meaning` is a sign (`log.*`) or a signal kind, or empty: it says nothing.

    For series, `unit` is UCUM, `worse` up | down | neither, and `scope` what it describes: itself (what its labels
    name) | calls (what that calls) | node | database | cache | queue.
    """

    id: str
    meaning: str = ""
    unit: str = ""
    worse: str = ""
    scope: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNames:
    names: tuple[ReadName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence and the ids of what it rests on. A factual sentence without any is dropped."""

    text: str
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """`tests` are labels of theories (H2) whose deeper test would help to answer."""

    sentences: tuple[Sentence, ...] = ()
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """`section` is one that the prompt named."""

    section: str
    sentences: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    paragraphs: tuple[Paragraph, ...] = ()


REPLY_OF: dict[Task, type] = {
    Task.PROPOSE: SuggestedTheories,
    Task.CHOOSE: ChosenTests,
    Task.CHANGES: ReadChanges,
    Task.CLASSIFY: ReadNames,
    Task.ANSWER: Answered,
    Task.PROSE: Prose,
}

# --- the record of a call -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the provider counted them; an estimate where `counted` is false (nothing was reported).

    `cached` is the part of `input` that the provider had kept and charges less for, `written` the part that it kept now
    (some charge more for it).
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    counted: bool = True
    written: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input=self.input + other.input, output=self.output + other.output, cached=self.cached + other.cached,
            counted=self.counted and other.counted, written=self.written + other.written,
        )  # fmt: skip


ASSUMED_CALL_USD = 0.25
"""What a budget sets aside and takes for a call whose price nobody knows: 6,000 tokens in and 2,000 out at 15 and
75 USD a million tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One call, as it was. `id` is derived from what was sent, to which model, for which reply.

    `prompt` is exactly what left, after the gate; `reply` what came, through the same gate. `cost_usd` None: no price
    is known for the model. `reused`: answered from an identical earlier call, nothing was sent or billed. `agent`,
    `hypothesis` (an id, or empty) and `phase` say for whom. `dropped` counts claims that cite what is not there.
    """

    id: str
    task: Task
    role: Role
    provider: str
    model: str
    prompt_version: str
    prompt: str
    reply: str = ""
    agent: str = ""
    hypothesis: str = ""
    phase: str = ""
    usage: Usage = Usage()
    cost_usd: float | None = 0.0
    elapsed_ms: float = 0.0
    tries: int = 1
    reused: bool = False
    dropped: int = 0
    failure: LlmFailure | None = None
    said: str = ""  # in words for the person, when it failed

    @property
    def charged_usd(self) -> float:
        """What it cost as far as that is known: nothing for a reused call, and nothing where no price is known."""
        return 0.0 if self.reused or self.cost_usd is None else self.cost_usd

    @property
    def budget_usd(self) -> float:
        """What counts against a budget: ASSUMED_CALL_USD where a call was sent and no price is known."""
        return ASSUMED_CALL_USD if not self.reused and self.cost_usd is None else self.charged_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """USD that calls to models cost over a time: of one team, and of every team in the same database. `unpriced`: how
    many calls have no known price."""

    team: float = 0.0
    everybody: float = 0.0
    team_unpriced: int = 0
    everybody_unpriced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCost:
    """What the model cost one earlier investigation of the team. `observations` is how large it was."""

    investigation: UUID
    observations: int
    calls: int
    tokens: int
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Totals of calls: what was sent and billed, what was answered without sending. `unpriced`: of unknown price."""

    calls: int = 0
    reused: int = 0
    failed: int = 0
    unpriced: int = 0
    usage: Usage = Usage()
    usd: float = 0.0

    def plus(self, call: ModelCall) -> Spending:
        sent = not call.reused
        return Spending(
            calls=self.calls + sent, reused=self.reused + call.reused, failed=self.failed + (call.failure is not None),
            unpriced=self.unpriced + (sent and call.cost_usd is None),
            usage=self.usage + call.usage if sent else self.usage, usd=self.usd + call.charged_usd,
        )  # fmt: skip
