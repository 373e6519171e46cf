"""What is on the board as facts with labels, each with the words it can be asked by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from compass.analysis.stems import stems
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, Outcome
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Observation, Verdict
from compass.domain.proposed import Standing, by_human, is_proposal, standing_of
from compass.domain.sign import SIGNS
from compass.domain.time import to_datetime
from compass.domain.told import TOOLS
from compass.investigation.advising.words import place, told_by
from compass.projections.documents import said_words
from compass.projections.filler import Filler
from compass.projections.lost import DOCUMENTS
from compass.projections.view import AccountLine, View
from compass.redaction import bound

TOLD = 300
_WORD = {Outcome.AMBIGUOUS: "ambiguous", Outcome.NO_DATA: "no data"}


class Side(StrEnum):
    """What a fact is in an answer."""

    THEORY = "theory"
    ABNORMAL = "abnormal"
    NORMAL = "normal"
    CHANGE = "change"
    TOOL = "tool"  # what a team's own tool said
    DOCUMENT = "document"  # what the team wrote down
    UNSEEN = "not measured"
    PART = "part"
    COURSE = "course"  # when it began, how the investigation ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One fact. `id` is its label (E12, H2, C1, X1, D1, G1, P3, T1); `about` finds its event (exports.sources_of_fact).

    `weight` orders facts that are equally about a question; `told`: words of the system's own, not of COMPASS.
    """

    id: str
    side: Side
    text: str
    about: tuple[str, str]
    strong: frozenset[str]
    weak: frozenset[str]
    weight: float = 0.0
    told: bool = True
    rests_on: tuple[str, ...] = ()


def known_facts(board: Board, view: View, mechanisms: Mapping[str, Mechanism]) -> tuple[Known, ...]:
    """Everything that can be cited, each side's weightiest first. Labels E and H are those of every other screen; the
    rest is numbered in the chronicle's order."""
    every = {**mechanisms, **board.advice.stated}
    facts = [
        *_course(board, view), *(_theory(h, board, view, every.get(h.mechanism)) for h in board.hypotheses.values()),
        *_observations(board), *_changes(board, view), *_told(board), *_written(view), *_unseen(board, view),
        *_parts(board, view),
    ]  # fmt: skip
    order = list(Side)
    return tuple(sorted(facts, key=lambda f: (order.index(f.side), -f.weight)))


def _course(board: Board, view: View) -> list[Known]:
    told: list[tuple[str, str, tuple[str, str]]] = []
    if board.onset is not None:
        at, doubt = board.onset.instant, board.onset.instant.uncertainty_ns / 1e9
        said = f"The onset is estimated at {to_datetime(at.ns):%H:%M:%S} UTC ± {doubt:.0f} s ({board.onset.method})."
        told.append(("when onset start", said, ("onsetestimated", "")))
    page = f"The page: {view.title}. {view.symptom}".strip()
    told.append(("page alert symptom title", bound(page, TOLD), ("opened", "")))
    if board.said:
        told.append(("outcome end result status theory", bound(board.said, 2 * TOLD), ("ended", "")))
    return [
        Known(
            id=f"T{number}", side=Side.COURSE, text=said, about=about, strong=stems(words_), weak=stems(said),
            weight=1.0, told=about[0] != "onsetestimated",
        )
        for number, (words_, said, about) in enumerate(told, start=1)
    ]  # fmt: skip


# --- theories -------------------------------------------------------------------------------------------


def _theory(h: Hypothesis, board: Board, view: View, mechanism: Mechanism | None) -> Known:
    line = next((a for a in (*view.accounts, *view.refuted) if a.label == h.label), None)
    claim = line.claim if line is not None else _claim(h, mechanism)
    attempts = [a for a in board.attempts.values() if a.hypothesis == h.id and a.trigger is None]
    text = f"{claim} {_standing(h, board, line)} {_tried(attempts)}".strip()
    owner = (mechanism.family, mechanism.owner) if mechanism is not None else ()
    seen = {key for a in attempts for key in a.observed} | h.suggested_by
    labels = (board.observation_labels.get(key, "") for key in sorted(seen))
    return Known(
        id=h.label, side=Side.THEORY, text=bound(text, 3 * TOLD), about=("hypothesis", h.id),
        strong=stems(h.label, h.mechanism, h.entity.key, *owner, "theory hypothesis account", _outcomes(attempts)),
        weak=stems(claim),
        weight=line.confidence if line is not None else 0.0, rests_on=tuple(x for x in labels if x),
    )  # fmt: skip


def _claim(h: Hypothesis, mechanism: Mechanism | None) -> str:
    return Filler(h.entity, None)(mechanism.claim) if mechanism is not None else f"{h.mechanism} at {place(h.entity)}."


def _standing(h: Hypothesis, board: Board, line: AccountLine | None) -> str:
    author = "person" if by_human(h) else h.proposed_by
    proposal = f"Proposed by a {author}; {standing_of(h, board).value}." if is_proposal(h) else ""
    if is_proposal(h) and standing_of(h, board) is not Standing.STANDS:
        return proposal
    if line is None:
        return f"{proposal} It is an effect within another account.".strip()
    state = "Refuted" if line.refuted else "A working theory"
    return f"{proposal} {state}, believed {_share(line.confidence)}.".strip()


def _share(belief: float) -> str:
    return f"{belief:.0%}" if belief >= 0.01 else "<1%"


def _tried(attempts: list[DisproofAttempt]) -> str:
    """How often it was tried to refute it, and the finding of each outcome that says most."""
    if not attempts:
        return "No attempt was made to refute it."
    said = []
    for outcome in (Outcome.REFUTED, Outcome.SURVIVED, Outcome.AMBIGUOUS, Outcome.NO_DATA):
        own = sorted((a for a in attempts if a.outcome is outcome), key=lambda a: (not a.decisive, a.plan))
        if own:
            how = own[0].strategy.replace("_", " ")
            said.append(f"{_WORD.get(outcome, outcome.value)} {len(own)} ({how}: {bound(own[0].found, 160)})")
    return f"Attempts to refute it: {'; '.join(said)}."


def _outcomes(attempts: list[DisproofAttempt]) -> str:
    outcomes = {a.outcome for a in attempts}
    ruled = "refuted ruled out eliminated disproved " if Outcome.REFUTED in outcomes else ""
    return ruled + ("survived" if Outcome.SURVIVED in outcomes else "")


# --- what was seen, changed, or could not be seen -------------------------------------------------------


def _observations(board: Board) -> list[Known]:
    labelled = [(board.observation_labels.get(o.id, ""), o) for o in board.observations.values()]
    return [_observation(label, o) for label, o in labelled if label]


def _observation(label: str, o: Observation) -> Known:
    side = {Verdict.ANOMALY: Side.ABNORMAL, Verdict.NORMAL: Side.NORMAL}.get(o.verdict, Side.UNSEEN)
    also = {Side.ABNORMAL: "abnormal symptom evidence", Side.NORMAL: "normal", Side.UNSEEN: "measured"}[side]
    peer = o.peer.key if o.peer is not None else ""
    return Known(
        id=label, side=side, text=bound(o.text, TOLD), about=("observation", o.id), weight=o.strength,
        strong=stems(label, o.sign, o.entity.key, peer, o.agent, also), weak=stems(SIGNS.get(o.sign, ""), o.text),
    )  # fmt: skip


def _changes(board: Board, view: View) -> list[Known]:
    number = {change.id: at for at, change in enumerate(board.changes, start=1)}
    found = []
    for line in view.changes:
        why = f": {line.refuted}" if line.refuted else ""
        of = f" of {place(line.entity)}" if line.entity is not None else ""
        text = f"{line.kind}{of} ({line.id}): {line.summary}; {line.verdict}{why}"
        found.append(Known(
            id=f"C{number[line.id]}", side=Side.CHANGE, text=bound(text, TOLD), about=("change", line.id),
            weight=line.weight, weak=stems(line.summary, line.verdict),
            strong=stems("change changed", line.kind, line.id, line.entity.key if line.entity is not None else ""),
        ))  # fmt: skip
    return found


def _told(board: Board) -> list[Known]:
    """Words of a stranger, said to be so: a model may repeat them as such."""
    return [
        Known(
            id=label, side=Side.TOOL, text=bound(f"{told_by(one)} says: {one.text or 'nothing'}", 2 * TOLD),
            about=("tool", one.id), weak=stems(one.text),
            strong=stems(label, "tool says", one.source, one.tool, one.entity.key if one.entity is not None else ""),
        )
        for label, one in board.told.items()
    ]  # fmt: skip


def _written(view: View) -> list[Known]:
    """Words of the team's documents, said to be so."""
    return [
        Known(
            id=one.label, side=Side.DOCUMENT,
            text=bound(f"{one.kind} {one.place} says: {said_words(one.text)}", 2 * TOLD),
            about=("document", f"{one.document}:{one.first_line}"), weak=stems(one.text),
            strong=stems(one.label, "document runbook documented says", one.kind, one.document, *one.heading),
        )
        for one in view.documents
    ]  # fmt: skip


def _unseen(board: Board, view: View) -> list[Known]:
    gaps = [(gap, hides, ("gap", f"{gap}\x1f{hides}")) for gap, hides in view.gaps]
    lost = [
        (f"{', '.join(x.parts)} from {x.source} lost", "; ".join(x.hides), (_lost_in(x.parts), "")) for x in view.lost
    ]  # fmt: skip
    missing = [
        (f"{h.part}: {h.status.value.replace('_', ' ')}", h.hides, ("sourceschecked", ""))
        for h in board.health if h.status.value != "ok" and not any(h.part in x.parts for x in view.lost)
    ]  # fmt: skip
    return [
        Known(
            id=f"G{number}", side=Side.UNSEEN, text=bound(f"{gap}; what that hides: {hides}", TOLD), about=about,
            strong=stems("gap measured observed", gap), weak=stems(hides),
        )
        for number, (gap, hides, about) in enumerate((*lost, *missing, *gaps), start=1)
    ]  # fmt: skip


def _lost_in(parts: tuple[str, ...]) -> str:
    """The event that says so."""
    only = parts[0] if len(parts) == 1 else ""
    return {TOOLS: "toolsconsulted", DOCUMENTS: "documentsread"}.get(only, "sourceschecked")


def _parts(board: Board, view: View) -> list[Known]:
    s = view.situation
    states = dict.fromkeys(s.unmeasured, "not measured: known, but no signal of its requests")
    states |= dict.fromkeys(s.strained, "abnormal inside, without a symptom at its requests")
    states |= {c.entity: f"normal by its {', '.join(c.normal)}" for c in s.checked}
    states |= dict.fromkeys(s.affected, "affected")
    del board
    return [
        Known(
            id=f"P{number}", side=Side.PART, text=f"{place(entity)}: {state}", about=("answer", "where"),
            strong=stems(entity.key, "part", state if state == "affected" else ""), weak=stems(state),
            weight=1.0 if state == "affected" else 0.0,
        )
        for number, (entity, state) in enumerate(sorted(states.items()), start=1)
    ]  # fmt: skip


def unstated(board: Board, mechanisms: Mapping[str, Mechanism]) -> tuple[Known, ...]:
    """Mechanisms of the catalogue that no theory on the board is of: asked about, they are worth a word."""
    stated = {h.mechanism for h in board.hypotheses.values()}
    return tuple(
        Known(
            id=m.id, side=Side.THEORY, text=_needed(m), about=("", ""), strong=stems(m.id), weak=frozenset()
        )
        for _, m in sorted(mechanisms.items()) if m.id not in stated
    )  # fmt: skip


def _needed(mechanism: Mechanism) -> str:
    needs = [" or ".join(SIGNS.get(sign, sign) for sign in p.signs[:3]) for p in mechanism.requires]
    return bound(f"The catalogue knows {mechanism.id}; nothing raised it here. It needs: {'; '.join(needs)}.", TOLD)
