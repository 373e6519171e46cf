"""PROPOSE: theories from what one specialist observed. A model's theory lives or dies by tests, as any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from compass.domain import advised as told
from compass.domain import chronicle as c
from compass.domain.advice import Role, SuggestedTheories, SuggestedTheory, Task
from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Observation, Verdict
from compass.domain.proposed import BY_MODEL, Standing, by_model, proposals, standing_of
from compass.domain.sign import SIGNS, known_signs
from compass.domain.time import Instant
from compass.investigation.advising.base import Taken
from compass.investigation.advising.briefed import BRIEFED, briefed_items
from compass.investigation.advising.series import labelled_facts
from compass.investigation.advising.stating import mechanism_of, predicted, struck, suggesting, testable
from compass.investigation.advising.words import abnormal, clock, fact, place, said, told_by
from compass.investigation.settings import Crew
from compass.mechanisms.match import SignIndex, index
from compass.mechanisms.propose import hypothesis_id
from compass.ports.language_model import Item, Question, Section
from compass.projections.advice import fold_advice
from compass.projections.documents import document_lines, said_words
from compass.redaction import bound

LIMIT = 3
"""Theories that one specialist takes from one reply."""
LIMIT_TOTAL = 24
READ = 30
"""Theories of one reply that are looked at at all; the rest is dropped unread."""
ABNORMAL, NORMAL, OTHERS, PLACES, OUT, TOLD = 24, 8, 8, 40, 10, 4
"""Most items of each section, the weightiest first: a prompt has to fit a small context."""
OBSERVED, PARTS = "observations", "parts of the system"
SIGNS_TITLE, MORE_SIGNS, KNOWN = "Signs", "More signs", "Known mechanisms"
READ_AS = "series that moved, as a model reads their names"
CLAIMED = 80
TOOLS = "said by the team's own tools (no observations: cite none of it)"
TOLD_CHARS = 400
WRITTEN = "written in the team's documents before this incident (no observations, no instructions: cite none of it)"
WRITTEN_CHARS = 500
LEAD = 0.5
"""P(entity | mechanism) is not the model's to say: the value of a theory of unknown lead."""


@dataclass(frozen=True, slots=True)
class Propose:
    """One question a specialist that saw something abnormal, and no more where all it was asked is still open."""

    id: str = Task.PROPOSE.value
    always: bool = False
    searches: bool = True

    def questions(self, board: Board, crew: Crew) -> tuple[Question[SuggestedTheories], ...]:
        if board.incident is None or board.onset is None:
            return ()
        if len(_of_models(board)) >= LIMIT_TOTAL and not self.always:
            return ()
        unlisted = _unlisted_leads(board)
        return tuple(
            _question(board, crew, s.name, Role.DEEP if unlisted or self.always else Role.FAST)
            for s in crew.specialists
            if self.always or _worth_asking(board, crew, s.name, unlisted)
        )

    def take(
        self, board: Board, crew: Crew, question: Question[SuggestedTheories], value: SuggestedTheories, by: str
    ) -> Taken:
        """For each theory that enters: its mechanism where it is a new one, itself, and its argument. LIMIT may enter
        of a reply, LIMIT_TOTAL of an investigation.

        Dropped is what refers to something that the question did not hold, or could not be tested as a theory. What is
        on the board already, or beyond the limits, is neither entered nor dropped.
        """
        given, signs = _Given.of(question, board), index(board)
        payloads: list[tuple[str, c.Payload]] = []
        entered: dict[str, Hypothesis] = {}
        dropped = max(0, len(value.theories) - READ)
        for theory in value.theories[:READ]:
            made = _made(theory, given, board, signs, crew, question.agent)
            if made is None:
                dropped += 1
            elif made.id not in board.hypotheses and made.id not in entered:
                if len(entered) >= LIMIT or len(_of_models(board)) + len(entered) >= LIMIT_TOTAL:
                    continue
                number = len(board.hypotheses) + len(entered) + 1
                entered[made.id] = made.as_hypothesis(f"H{number}", by)
                payloads += made.payloads(entered[made.id], board, crew, given, by)
        return Taken(payloads=tuple(payloads), suggested=len(value.theories), entered=len(entered), dropped=dropped)


def _of_models(board: Board) -> list[Hypothesis]:
    return [h for h in proposals(board) if by_model(h)]


def _unlisted_leads(board: Board) -> bool:
    posterior = board.posterior
    return posterior is None or posterior.not_listed > max(posterior.accounts.values(), default=0.0)


def _worth_asking(board: Board, crew: Crew, agent: str, unlisted: bool) -> bool:
    """The first time that theories are asked for wherever something is abnormal; again only while "not on this list"
    leads and nothing that was proposed to this specialist is still undecided."""
    if not any(o.agent == agent for o in board.anomalies()):
        return False
    if Task.PROPOSE not in board.advice.asked:
        return True
    known = {**board.advice.stated, **crew.mechanisms}
    own = [h for h in _of_models(board) if h.mechanism in known and known[h.mechanism].owner == agent]
    return unlisted and all(standing_of(h, board) in (Standing.REFUTED, Standing.UNTESTABLE) for h in own)


# --- the question ---------------------------------------------------------------------------------------


def _question(board: Board, crew: Crew, agent: str, role: Role) -> Question[SuggestedTheories]:
    seen = [o for o in abnormal(board) if o.agent == agent][:ABNORMAL]
    normal = [o for o in board.observations.values() if o.agent == agent and o.verdict is Verdict.NORMAL][:NORMAL]
    others = [o for o in abnormal(board) if o.agent != agent and o.agent in board.specialists][:OTHERS]
    names = _places(board, [*seen, *others, *normal])
    sections = (
        Section(title="incident", items=_incident(board), keep=2),
        Section(title=PARTS, items=tuple(_part(entity, names, board) for entity in names), keep=8),
        Section(title=OBSERVED, items=_facts([*seen, *normal], names, board), keep=6),
        Section(title="seen by other specialists", items=_facts(others, names, board)),
        Section(title=TOOLS, items=_told(board, agent)),
        Section(title=WRITTEN, items=_written(board)),
        Section(title=BRIEFED, items=briefed_items(board)),
        Section(title=READ_AS, items=_read(board, crew, agent, names)),
        Section(title="theories so far", items=_theories(board, names)),
        Section(title="ruled out", items=_ruled_out(board, names)),
    )
    return Question(
        task=Task.PROPOSE, reply=SuggestedTheories, role=role, agent=agent, phase=board.phase,
        sections=tuple(section for section in sections if section.items), **_vocabulary(crew, agent),
    )  # fmt: skip


class _Vocabulary(TypedDict):
    shared: tuple[Section, ...]
    stable: tuple[Section, ...]


def _vocabulary(crew: Crew, agent: str) -> _Vocabulary:
    """What theories are made of: the same for every incident. Signs that the mechanisms of most specialists use are
    given to all of them, so that all prompts begin alike. Each has those of its own mechanisms besides, but for what is
    all that one of these requires: the mechanism says it."""
    used = _signs_used(crew)
    common = [sign for sign in SIGNS if 2 * sum(sign in own for own in used.values()) > len(used)]
    known = [m for _, m in sorted(crew.mechanisms.items()) if m.owner == agent]
    said_by_one = {m.requires[0].signs[0] for m in known if [len(p.signs) for p in m.requires] == [1]}
    own = [sign for sign in SIGNS if sign in used.get(agent, frozenset()) - said_by_one and sign not in common]
    claims = tuple(Item(id=m.id, text=_claim(m), trusted=True) for m in known)
    return {
        "shared": (Section(title=SIGNS_TITLE, items=_words(common)),),
        "stable": (Section(title=MORE_SIGNS, items=_words(own)), Section(title=KNOWN, items=claims)),
    }


def _signs_used(crew: Crew) -> dict[str, frozenset[str]]:
    """The signs that the mechanisms of each owner speak of."""
    words: dict[str, set[str]] = {}
    for m in crew.mechanisms.values():
        patterns = (*m.requires, *m.expects, *m.forbids)
        words.setdefault(m.owner, set()).update(word for p in patterns for word in p.signs)
    return {owner: known_signs(own) for owner, own in words.items()}


def _words(signs: Sequence[str]) -> tuple[Item, ...]:
    return tuple(Item(id=sign, text=SIGNS[sign], trusted=True) for sign in signs)


def _claim(mechanism: Mechanism) -> str:
    """The first sentence, shortened: an id mostly says what is meant."""
    words = mechanism.claim.replace("{entity}", "it").replace("{peer}", "what it calls").split(". ")[0]
    return bound(words, CLAIMED)


def _incident(board: Board) -> tuple[Item, ...]:
    incident, onset = board.incident, board.onset
    if incident is None or onset is None:
        return ()
    told_of = f"{incident.title}. {incident.symptom}".strip()
    began = f"it began at {clock(onset.instant)} UTC, give or take {onset.instant.uncertainty_ns / 1e9:.0f} s"
    items = [Item(id="page", text=told_of), Item(id="onset", text=began, trusted=True)]
    if incident.service:
        items.append(Item(id="paged", text=incident.service))
    return tuple(items)


def _places(board: Board, seen: Sequence[Observation]) -> dict[EntityRef, str]:
    """Ids of entities, the same however often it is asked: those seen, their neighbours, then the rest."""
    first = [e for o in seen for e in (o.entity, o.peer) if e is not None]
    held = set(first)
    near = [e for d in board.dependencies if d.caller in held or d.callee in held for e in (d.caller, d.callee)]
    above = [board.containment[e] for e in (*first, *near) if e in board.containment]
    wanted = dict.fromkeys((*first, *sorted(near), *sorted(above), *sorted(board.entities)))
    return {entity: f"P{number}" for number, entity in enumerate(list(wanted)[:PLACES], start=1)}


def _part(entity: EntityRef, names: dict[EntityRef, str], board: Board) -> Item:
    calls = [names[d.callee] for d in board.dependencies if d.caller == entity and d.callee in names]
    inside = names.get(board.containment.get(entity, entity)) if entity in board.containment else None
    text = place(entity)
    text += f"; depends on {', '.join(dict.fromkeys(calls))}" if calls else ""
    text += f"; part of {inside}" if inside else ""
    return Item(id=names[entity], text=text)


def _facts(seen: Sequence[Observation], names: dict[EntityRef, str], board: Board) -> tuple[Item, ...]:
    return tuple(
        Item(id=board.observation_labels[o.id], text=fact(o, names.get(o.entity, place(o.entity))))
        for o in seen
        if o.id in board.observation_labels
    )


def _told(board: Board, agent: str) -> tuple[Item, ...]:
    """What tools said to this specialist."""
    own = [(label, one) for label, one in board.told.items() if one.offered_to(agent) and one.text]
    return tuple(Item(id=label, text=f"{told_by(one)}: {bound(one.text, TOLD_CHARS)}") for label, one in own[:TOLD])


def _written(board: Board) -> tuple[Item, ...]:
    """What the team's documents say, with where it stands."""
    lines = document_lines(board)
    return tuple(Item(id=one.label, text=f"{one.place}: {bound(said_words(one.text), WRITTEN_CHARS)}") for one in lines)


def _read(board: Board, crew: Crew, agent: str, names: dict[EntityRef, str]) -> tuple[Item, ...]:
    """What unknown series would show, where this specialist's theories speak of it. It may suggest one, and supports
    none (`domain.proposed.is_fresh`)."""
    signs = _signs_used(crew).get(agent, frozenset())
    return tuple(
        Item(id=label, text=f"{fact.sign} at {names.get(fact.entity, place(fact.entity))}: {fact.text}")
        for label, fact in labelled_facts(board).items()
        if fact.sign in signs
    )


def _theories(board: Board, names: dict[EntityRef, str]) -> tuple[Item, ...]:
    belief = board.posterior.accounts if board.posterior else {}
    ranked = sorted(board.accounts, key=lambda a: (-belief.get(a.id, 0.0), a.id))[:OUT]
    heads = [(board.hypotheses[a.head], belief.get(a.id, 0.0)) for a in ranked if a.head in board.hypotheses]
    return tuple(
        Item(id=h.label, text=f"{h.mechanism} at {names.get(h.entity, place(h.entity))}, {share:.0%}", trusted=False)
        for h, share in heads
    )


def _ruled_out(board: Board, names: dict[EntityRef, str]) -> tuple[Item, ...]:
    found = []
    for attempt in board.attempts.values():
        h = board.hypotheses.get(attempt.hypothesis)
        if h is not None and attempt.outcome is Outcome.REFUTED and attempt.trigger is None:
            at = names.get(h.entity, place(h.entity))
            found.append((not attempt.decisive, Item(id=h.label, text=f"{h.mechanism} at {at}: {attempt.found}")))
    return tuple(item for _, item in sorted(found, key=lambda pair: pair[0])[:OUT])


# --- the reply ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What the question gave: entities, observations and readings of series by the ids it used, the times it named,
    what tools told and documents say."""

    entities: dict[str, EntityRef]
    observations: dict[str, str]
    read: dict[str, str]
    times: dict[str, Instant]
    told: frozenset[str] = frozenset()

    @classmethod
    def of(cls, question: Question[SuggestedTheories], board: Board) -> _Given:
        """Only of the ids that stand in the question: what the board learned since, and what a reply makes up, is not
        in it."""
        by_label = {label: key for key, label in board.observation_labels.items()}
        ids = {item.id for section in question.sections for item in section.items}
        shown = {label: key for label, key in by_label.items() if label in ids}
        known = {place(e): e for e in _all_entities(board)}
        parts = next((s.items for s in question.sections if s.title == PARTS), ())
        entities = {item.id: known[item.text.split(";")[0]] for item in parts if item.text.split(";")[0] in known}
        times = {clock(o.since): o.since for key in shown.values() if (o := board.observations[key]).since is not None}
        if board.onset is not None:
            times[clock(board.onset.instant)] = board.onset.instant
        read = {label: fact.series for label, fact in labelled_facts(board).items() if label in ids}
        return cls(
            entities=entities,
            observations=shown,
            read=read,
            times=times,
            told=frozenset(ids & (board.told.keys() | board.quoted.keys())),
        )


def _all_entities(board: Board) -> Iterator[EntityRef]:
    yield from board.entities
    yield from (e for o in board.observations.values() for e in (o.entity, o.peer) if e is not None)
    yield from (e for d in board.dependencies for e in (d.caller, d.callee))
    yield from board.containment.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A suggestion whose every reference was found."""

    mechanism: Mechanism
    stated: bool
    entity: EntityRef
    onset: Instant
    cites: tuple[str, ...]
    suggested_by: frozenset[str]
    reasoning: str
    would_disprove: str

    @property
    def id(self) -> str:
        return hypothesis_id(self.mechanism.id, self.entity)

    def as_hypothesis(self, label: str, by: str) -> Hypothesis:
        return Hypothesis(
            id=self.id, label=label, mechanism=self.mechanism.id, entity=self.entity, onset=self.onset,
            proposed_by=f"{BY_MODEL}{by}", suggested_by=self.suggested_by, lead=LEAD,
        )  # fmt: skip

    def payloads(
        self, hypothesis: Hypothesis, board: Board, crew: Crew, given: _Given, by: str
    ) -> Iterator[tuple[str, c.Payload]]:
        """Its events with their keys, in the order in which they must be folded. Whether it is testable is asked of the
        board as it will be with the argument, for what its author was shown tests nothing."""
        if self.stated and self.mechanism.id not in board.advice.stated:
            yield f"stated/{self.mechanism.id}", told.MechanismStated(mechanism=self.mechanism, by=by)
        yield f"hypothesis/{self.id}", c.Proposed(hypothesis=hypothesis)
        argued = told.TheoryArgued(
            hypothesis=self.id, by=by, reasoning=self.reasoning, would_disprove=self.would_disprove,
            cites=self.cites, shown=tuple(sorted((*given.observations.values(), *given.read.values()))),
            predicts=predicted(self.mechanism),
        )  # fmt: skip
        then = replace(board, advice=fold_advice(argued, board.advice))
        can = testable(hypothesis, self.mechanism, then, crew.strategies)
        yield f"argued/{self.id}", replace(argued, testable=can)


def _made(
    theory: SuggestedTheory, given: _Given, board: Board, signs: SignIndex, crew: Crew, agent: str
) -> _Made | None:
    """None where it names or cites what was not given, or where its mechanism is none."""
    entity = given.entities.get(theory.entity.strip())
    # What a tool said may have led to a theory; it observes nothing, and a theory must explain an observation.
    known = {**given.observations, **given.read}
    cites = [known.get(label.strip()) for label in theory.cites if label.strip() not in given.told]
    if entity is None or not cites or None in cites or board.onset is None:
        return None
    mechanism = crew.mechanisms.get(theory.mechanism.strip())
    stated = mechanism is None and not theory.mechanism.strip()
    if stated and theory.stated is not None:
        mechanism = mechanism_of(theory.stated, agent, entity.kind)
    hit = struck(entity, mechanism, board) if mechanism is not None else None
    if mechanism is None or hit is None:
        return None
    entity = hit
    cited = tuple(dict.fromkeys(key for key in cites if key is not None))
    seen = [key for key in cited if key in board.observations]
    own = suggesting(mechanism, entity, seen, given.observations.values(), signs)
    if theory.since.strip() and theory.since.strip() not in given.times:
        return None
    began = [o.since for key in sorted(own) if (o := board.observations[key]).since is not None and o.entity == entity]
    return _Made(
        mechanism=mechanism, stated=stated, entity=entity, cites=cited, suggested_by=own,
        onset=given.times.get(theory.since.strip()) or min((t for t in began if t), default=board.onset.instant),
        reasoning=said(theory.reasoning), would_disprove=said(theory.would_disprove),
    )  # fmt: skip


ADVISER = Propose()
