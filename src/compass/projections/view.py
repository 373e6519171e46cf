"""What a person is shown, in the order they ask: what, where, why, what next. Made from the board alone.

The same view feeds the terminal, `--json` and the post-mortem, so that they never disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compass.domain.disproof import DisproofAttempt
from compass.domain.entity import EntityRef
from compass.domain.failure import FailureMode, Status
from compass.domain.mechanism import Mitigation
from compass.domain.observation import Observation
from compass.domain.recheck import AlertState, Recovery
from compass.projections.asked import OrdersLine, RequestLine
from compass.projections.team.shown import CriticalLine, TeamPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An observation with its label, as a line of evidence."""

    label: str
    observation: Observation

    @property
    def text(self) -> str:
        return self.observation.text


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLine:
    """One attempt to refute: what had to be seen, what was found, what became of it. `evidence` are labels.

    `power` in [0, 1] is how often such an attempt refutes a wrong theory.
    """

    hypothesis: str
    strategy: str
    expectation: str
    attempt: DisproofAttempt
    power: float = 0.0
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalLine:
    """A theory that was proposed, by `author` model | human | knowledge. It has a probability (as an account) only when
    it `stands`.

    `standing` is waiting | open | stands | refuted | untestable, `said` the same in words. `reasoning` and
    `would_disprove` are the model's words; `cites` are labels. `needs`: the data that would test what is untestable.
    """

    label: str
    by: str
    mechanism: str
    entity: EntityRef
    claim: str
    standing: str
    said: str
    reasoning: str
    would_disprove: str
    cites: tuple[str, ...]
    needs: tuple[str, ...]
    attempts: tuple[AttemptLine, ...]
    author: str = "model"
    set_aside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NameLine:
    """What a language model reads a log template as: its reading, not evidence. `meaning` is a sign; `label` (E12) the
    fact that carries it."""

    label: str
    template: str
    meaning: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadLine:
    """An unknown name that moved since the onset, by the series of it that moved most. `meaning` (a signal kind), `why`
    and `sign` are a language model's reading (`by`), not evidence; "" where there is none. `rejected`: by people."""

    label: str  # U1
    name: str
    entity: EntityRef
    text: str
    series: int
    moved: int
    meaning: str = ""
    why: str = ""
    by: str = ""
    sign: str = ""
    rejected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadPart:
    """Series that the signal catalogue does not know: how many there are, how many names moved, and `most` of those."""

    names: int
    series: int
    moved: int
    most: tuple[UnreadLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """A language model's reading of a change by its diff: shown, never scored. `cites` are labels it was given."""

    could: bool
    why: str
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """A recent change. `offset_s` is seconds after the onset (negative: before). `verdict` is one phrase.

    `order` is before | after, or unclear where the uncertainties of change and onset overlap (then `offset_s` must not
    be read as an order), or empty without an onset.
    """

    id: str
    at_ns: int
    kind: str
    entity: EntityRef | None
    summary: str
    offset_s: float
    verdict: str
    refuted: str | None = None
    weight: float = 0.0
    uncertainty_ns: int = 0
    order: str = ""
    read: ReadLine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerLine:
    """The likeliest trigger of an account; `change` "none" = no change did it. `weight` within the account."""

    change: str
    summary: str
    weight: float
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """One ranked account. `confidence` is its posterior; `label` (H1 ...) is stable, `rank` is not.

    `central` is what its likeliest trigger changed: a limit in the diff, a limit that fell. `proposed_by`: the language
    model that proposed it, empty for the engine's own. `author`: model | human | knowledge | team, or empty.
    `set_aside`: a person's reason (maybe empty) where one set it aside; it then stands behind the others.
    """

    rank: int
    id: str
    label: str
    mechanism: str
    family: str
    entity: EntityRef
    claim: str
    confidence: float
    onset_ns: int
    evidence_for: tuple[Fact, ...]
    evidence_against: tuple[Fact, ...]
    attempts: tuple[AttemptLine, ...]
    best_attempt: AttemptLine | None
    explains: tuple[str, ...]
    trigger: TriggerLine | None
    check: tuple[str, ...]
    mitigation: Mitigation | None
    refuted: bool
    central: tuple[Fact, ...] = ()
    proposed_by: str = ""
    author: str = ""
    set_aside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A part whose requests are normal: by which signals, and which other signs there are abnormal all the same."""

    entity: EntityRef
    normal: tuple[str, ...]
    otherwise: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The answers to *what* and *where*. A known part is in one of four lists.

    `affected` shows a symptom. `unaffected`: a signal of its requests was measured and is normal (`checked` says
    which). `strained`: something inside is abnormal, without a symptom. `unmeasured`: known from topology or state
    only, or measured in ways that say nothing about requests.
    """

    symptoms: tuple[Fact, ...]
    affected: tuple[EntityRef, ...]
    unaffected: tuple[EntityRef, ...]
    notices: tuple[EntityRef, ...]
    strained: tuple[EntityRef, ...] = ()
    unmeasured: tuple[EntityRef, ...] = ()
    checked: tuple[Checked, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceLine:
    """Where it began: the probability of all `theories` about one place together, refuted ones too."""

    entity: EntityRef
    confidence: float
    theories: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalLine:
    """A signal measured again: `before` is how bad it was, `usual` its baseline, `now` its level in the last third of
    the new window, all in `unit`; None where not known, and `note` says why. `label` (E4) is the fact it began with.
    """

    label: str
    entity: EntityRef
    text: str
    before: float | None
    usual: float | None
    now: float | None
    unit: str
    state: Recovery
    symptom: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """An alert that the investigation knew, as it stood then. `paged`: it is the one that somebody was paged by."""

    name: str
    entity: EntityRef | None
    state: AlertState
    paged: bool
    since_ns: int | None
    ended_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckLine:
    """The same signals again, over the `window_s` seconds before `at_ns`. `said` is one sentence of it.

    `not_measured` counts facts that rest on neither series nor lines; `lost` says what could not be asked.
    """

    at_ns: int
    window_s: float
    state: Recovery
    said: str
    signals: tuple[SignalLine, ...]
    alerts: tuple[AlertLine, ...]
    not_measured: int
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LostLine:
    """A source that did not give its `parts`: since when (None: not known), `why` in its words, what that `hides`, and
    which `agents` asked it in vain."""

    source: str
    parts: tuple[str, ...]
    since_ns: int | None
    why: tuple[str, ...]
    hides: tuple[str, ...]
    agents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastLine:
    """A similar incident of the team's past. `on`: its date; `was`: what it turned out to be, in words; `here`: what
    became of that in this investigation ("" where it could not be proposed); `pattern`: what people say of it as a
    pattern ("" nothing, else as in `domain.learned.PatternVerdict`)."""

    number: int
    title: str
    on: str
    similarity: float
    because: tuple[str, ...]
    was: str
    fix: str
    here: str = ""
    source: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldLine:
    """What a tool of the team's own said when it was asked: text of a stranger, and no evidence. `missing`: what of it
    is left out. `specialists`: whom it was offered to, everybody where none is named."""

    label: str
    source: str
    tool: str
    arguments: str
    entity: EntityRef | None
    specialists: tuple[str, ...]
    text: str
    missing: tuple[str, ...]
    at_ns: int

    @property
    def asked(self) -> str:
        """Which tool of which server, and about what."""
        about = f" about {self.entity.name}" if self.entity is not None else ""
        return f"{self.tool} of {self.source}{about}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """A passage of the team's documents that was found for this incident: no evidence. `place` says where it stands in
    words, `age` how old its last change was; `about`: labels of theories, none: the page and what is affected."""

    label: str  # D1
    document: str
    kind: str
    heading: tuple[str, ...]
    first_line: int
    last_line: int
    place: str
    text: str
    about: tuple[str, ...] = ()
    team: str = ""
    commit: str = ""
    changed_at: str = ""
    age: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One investigation as a person reads it. Times are integer nanoseconds since the epoch, UTC.

    `gaps` are (what was not seen, what that hides), without those that only repeat that a source is `lost`.
    """

    id: str
    number: int
    title: str
    system: str
    service: str | None
    symptom: str
    runbook: str
    runbook_steps: tuple[str, ...]
    status: Status
    failure: FailureMode | None
    said: str
    look_at: tuple[str, ...]
    detected_ns: int
    onset_ns: int | None
    onset_uncertainty_ns: int
    onset_method: str
    now_ns: int
    situation: Situation
    changes: tuple[ChangeLine, ...]
    places: tuple[PlaceLine, ...]
    accounts: tuple[AccountLine, ...]
    refuted: tuple[AccountLine, ...]
    not_listed: float
    no_incident: float
    advice: tuple[str, ...]
    gaps: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str, str], ...]  # (part, status, detail)
    agents: Mapping[str, float]  # name → busy seconds
    elapsed_s: float | None
    parallel_s: float | None
    sequential_s: float | None
    engine: str
    table_sha256: str
    rechecks: tuple[RecheckLine, ...] = ()  # in the order they were made
    proposals: tuple[ProposalLine, ...] = ()  # by a language model; those that stand are among the accounts, too
    names: tuple[NameLine, ...] = ()  # a language model's readings of log templates
    unread: UnreadPart | None = None  # None: every series is understood
    lost: tuple[LostLine, ...] = ()
    past: tuple[PastLine, ...] = ()  # similar incidents, the most similar first
    past_searched: int | None = None  # among how many; None: nobody asked
    past_lost: str = ""  # why the past could not be asked
    model_lost: str = ""  # why the language model was not asked any more (mode llm_unavailable), in words
    note: str = ""  # why another time is looked at than the page's, where that is so
    documents: tuple[DocumentLine, ...] = ()  # what the team's documents say, the leading account's first
    told: tuple[ToldLine, ...] = ()  # what the team's own tools say, in the order they were asked
    requests: tuple[RequestLine, ...] = ()  # what COMPASS asks people for
    orders: OrdersLine = OrdersLine()
    critical: tuple[CriticalLine, ...] = ()  # what the team must see, whatever else is said: it is shown first
    team: TeamPart | None = None  # what the team wrote down, as far as it bears on this; None: nothing was told
