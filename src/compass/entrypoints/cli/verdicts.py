"""`resolve`, `correct`, `near-miss` and `knowledge undo`: one event each, then what it teaches is kept up with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

from compass.domain.board import Board
from compass.domain.chronicle import NewEvent, Payload
from compass.domain.commanded import Agreement, Decided, DecisionKind
from compass.domain.failure import Status
from compass.domain.hypothesis import Hypothesis
from compass.domain.learned import Cause, Corrected, LearningUndone, NearMissNoted, Resolved, Visibility
from compass.entrypoints.cli import session
from compass.entrypoints.cli.alike import Alike, same_of, unsolved_alike, was_the_same, without_change
from compass.entrypoints.cli.asked import picked, somebody_there
from compass.entrypoints.learning import catch_up
from compass.entrypoints.settings import Settings
from compass.investigation.deciding import recorded
from compass.investigation.verdict import OWN_WORDS, Unclear, cause_of_account, cause_of_words
from compass.ports.chronicle import Chronicle
from compass.ports.errors import BadInputError
from compass.projections.lessons import leading, speaks_against
from compass.projections.outcomes import OF_WORD
from compass.projections.past import cause_words
from compass.projections.verdicts import fold_verdicts
from compass.redaction import redact

HUMAN = "human"
MOST_CHARS = 500
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a person says of a cause: an account's number or label, or words; with what names parts of it outright.
    `cause` is what they meant, where they were asked; `reason` and `confidence` are of the decision."""

    words: str
    mechanism: str = ""
    entity: str = ""
    change: str = ""
    cause: Cause | None = None
    reason: str = ""
    confidence: float | None = None


class UnclearError(BadInputError):
    """The words have several readings; `unclear` holds them."""

    def __init__(self, unclear: Unclear) -> None:
        options = "; ".join(unclear.options)
        how = "name it: --mechanism ID and --at NAME; --mechanism none keeps your words" if unclear.causes else ""
        super().__init__(unclear.question, where="what it was", hint=f"{options}. {how}" if how else options)
        self.unclear = unclear


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was recorded, in words, and as data for `--json`. `alike`: unsolved incidents that looked like it."""

    number: int
    key: str
    said: tuple[str, ...]
    cause: Cause | None
    alike: tuple[Alike, ...] = ()


Make = Callable[[session.Loaded, Cause], tuple[str, Payload]]
"""From what is loaded and the cause to the kind of the key, and the event."""


def resolve(reference: str | None, told: Told, fix: str, truth: Path | None) -> Kept:
    """Close an incident: what was accepted and what fixed it."""

    def make(loaded: session.Loaded, cause: Cause) -> tuple[str, Payload]:
        accepted = _account(loaded, told.words)
        return "resolved", Resolved(by=HUMAN, cause=cause, fix=_line(fix), accepted=accepted.label if accepted else "")

    return _record(reference, told, make, truth)


def correct(
    reference: str | None, told: Told, fix: str, misled: Sequence[str], visible: Visibility, missing: str,
    truth: Path | None,
) -> Kept:  # fmt: skip
    """What it really was, beside what COMPASS had put first."""

    def make(loaded: session.Loaded, cause: Cause) -> tuple[str, Payload]:
        labels = tuple(session.pick_fact(loaded.board, label).label for label in misled)
        return "corrected", Corrected(
            by=HUMAN, cause=cause, believed=leading(loaded.board), fix=_line(fix), misled_by=labels, visible=visible,
            missing=_line(missing),
        )  # fmt: skip

    return _record(reference, told, make, truth)


def near_miss(reference: str | None, told: Told, stopped_by: str) -> Kept:
    """Nothing broke, but it could have."""

    def make(_loaded: session.Loaded, cause: Cause) -> tuple[str, Payload]:
        return "near_miss", NearMissNoted(by=HUMAN, cause=cause, stopped_by=_line(stopped_by))

    return _record(reference, told, make, None)


def undo(reference: str | None, reason: str) -> Kept:
    """Take back the latest word of an investigation that still teaches. Raises BadInputError where there is none."""
    chosen = session.settings()

    async def work() -> Kept:
        """One event, whose key is that of the word it takes back: a second try takes back no second word. Says what
        holds now."""
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            of = loaded.board.verdicts.holds
            if not of:
                raise BadInputError(
                    f"#{loaded.number} teaches nothing that could be taken back", where="knowledge undo",
                    hint="compass list shows the investigations; compass show N what was said of one",
                )  # fmt: skip
            undone = LearningUndone(of=of, by=HUMAN, reason=_line(reason))
            key = f"undone/{of}"
            await _append(chronicle, loaded.id, [NewEvent(key=key, payload=undone, actor=HUMAN)])
            said = f"#{loaded.number}: what {of.split('/')[0]} had taught no longer counts"
            left = fold_verdicts(undone, key, loaded.board.verdicts).cause
            again = "nobody says now what it was"
            if left is not None:
                before = cause_words(left, session.mechanisms_for(chosen, loaded.board))
                again = f"what was said before holds again: {before}"
            return Kept(number=loaded.number, key=key, said=(said, again), cause=left)

    return session.run(work)


def _record(reference: str | None, told: Told, make: Make, truth: Path | None) -> Kept:
    return _asking(lambda said: _record_once(reference, said, make, truth), told)


def _record_once(reference: str | None, told: Told, make: Make, truth: Path | None) -> Kept:
    chosen = session.settings()

    async def work() -> Kept:
        """The person's word and the decision that it is, in one append. All that can be wrong with the input is found
        before that; a label is written to its file after it."""
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            if loaded.board.status is Status.RUNNING:
                raise await _not_ended(chronicle, loaded)
            cause = _cause(chosen, loaded, told)
            label = _label(truth, cause, loaded.board) if truth is not None else None
            kind, payload = make(loaded, cause)
            key = f"{kind}/{uuid4()}"
            decision = _decision(loaded, payload, cause, chosen, told)
            await _append(chronicle, loaded.id, [
                NewEvent(key=key, payload=payload, actor=HUMAN),
                NewEvent(key=f"{OF_WORD}{key}", payload=decision, actor=HUMAN),
            ])  # fmt: skip
            said = _words(loaded, payload, cause, chosen)
            if label is not None:
                _write(*label)
                said = (*said, f"label written: {label[0]}")
            alike = () if kind == "near_miss" else await unsolved_alike(chronicle, loaded.board)
            return Kept(number=loaded.number, key=key, said=said, cause=cause, alike=alike)

    return session.run(work)


async def _not_ended(chronicle: Chronicle, loaded: session.Loaded) -> BadInputError:
    from compass.entrypoints.cli.resuming import unattended

    number = loaded.number
    if await unattended(chronicle, loaded.id):
        hint = f"compass resume {number} goes on with it, compass stop {number} ends it as it stands"
        return BadInputError(f"#{number} was interrupted, and nobody works on it", where="investigation", hint=hint)
    hint = f"wait for its end, or: compass stop {number}"
    return BadInputError(f"#{number} is still running", where="investigation", hint=hint)


def with_alike(kept: Kept, fix: str, *, asking: bool) -> Kept:
    """Say the same of an unsolved incident that looked like it, where a person at the terminal says that it was; else
    say how."""
    said = kept.said
    if kept.cause is None:
        return kept
    cause = without_change(kept.cause)
    for one in kept.alike:
        if asking and somebody_there():
            if was_the_same(one):
                also = resolve(str(one.number), Told(words=cause.said or cause.mechanism, cause=cause), fix, None)
                said = (*said, *also.said)
            continue
        said = (*said, f"#{one.number} of {one.on} looked like this one and was never solved; if it was the same:")
        said = (*said, f"  {same_of(one, cause, fix)}")
    return replace(kept, said=said)


def _asking(record: Callable[[Told], Kept], told: Told) -> Kept:
    """Record it; where the words are unclear and a person is there, ask which reading was meant, and record that."""
    try:
        return record(told)
    except UnclearError as error:
        unclear = error.unclear
        if not unclear.causes or not somebody_there():
            raise
    mechanisms = session.mechanisms_of(session.settings())
    options = [f"{cause_words(replace(cause, said=''), mechanisms)} ({cause.mechanism})" for cause in unclear.causes]
    at = picked(unclear.question, options, "none of these: keep my words as they are")
    if at is None:
        return _asking(record, replace(told, mechanism=OWN_WORDS))
    return record(replace(told, cause=unclear.causes[at]))


async def _append(chronicle: Chronicle, investigation: UUID, events: Sequence[NewEvent]) -> None:
    """All of it or none: one append is one transaction. What it teaches is derived, now or by the next command."""
    await chronicle.append(investigation, None, events)
    await catch_up(chronicle)


def _cause(chosen: Settings, loaded: session.Loaded, told: Told) -> Cause:
    if told.cause is not None:
        return told.cause
    account = _account(loaded, told.words) if not told.mechanism else None
    mechanisms = {**loaded.board.advice.stated, **session.mechanisms_for(chosen, loaded.board)}
    if account is not None:
        return cause_of_account(account, loaded.board)
    found = cause_of_words(
        _line(told.words), loaded.board, mechanisms, entity=told.entity, change=_line(told.change),
        mechanism=told.mechanism.strip(),
    )  # fmt: skip
    if isinstance(found, Unclear):
        raise UnclearError(found)
    return found


def _account(loaded: session.Loaded, words: str) -> Hypothesis | None:
    """The account that a number or label means; None where it is neither."""
    plain = words.strip().lower()
    if not plain.isdigit() and plain not in {h.label.lower() for h in loaded.board.hypotheses.values()}:
        return None
    proposed = {h.label.lower(): h for h in loaded.board.hypotheses.values()}
    if plain in proposed:
        return proposed[plain]
    line = session.pick(loaded.view, plain)
    return proposed[line.label.lower()]


def _decision(loaded: session.Loaded, payload: Payload, cause: Cause, chosen: Settings, told: Told) -> Decided:
    """What stood on the list when a person said what it was. What was set aside is not what COMPASS favoured."""
    view, board = loaded.view, loaded.board
    lines = view.accounts if leading(board) is not None else ()
    first = next((h for h in board.hypotheses.values() if lines and h.label == lines[0].label), None)
    if first is None:
        agreement = Agreement.NONE_FAVOURED
    elif (first.mechanism, first.entity) == (cause.mechanism, cause.entity):
        agreement = Agreement.AGREES
    else:
        listed = {(h.mechanism, h.entity) for h in board.hypotheses.values()}
        agreement = Agreement.OTHER_ON_LIST if (cause.mechanism, cause.entity) in listed else Agreement.NOT_ON_LIST
    words = cause_words(cause, session.mechanisms_for(chosen, board))
    shown = tuple(f"{line.label} {line.confidence:.0%} {line.claim}" for line in view.accounts[:MOST_SHOWN])
    record = recorded(
        board, DecisionKind.ACCEPTANCE, chosen=words, options=shown, favoured=shown[0] if first is not None else "",
        favoured_because=f"it is the likeliest that is left ({lines[0].confidence:.0%})" if first is not None else "",
        agreement=agreement, reason=_line(told.reason), confidence=told.confidence,
    )  # fmt: skip
    done = {Resolved: "resolved", Corrected: "corrected", NearMissNoted: "noted as a near miss"}[type(payload)]
    return Decided(
        decision=f"{done}: {words}", by=HUMAN, because=record.reason or "a person said what it was", record=record
    )


def _words(loaded: session.Loaded, payload: Payload, cause: Cause, chosen: Settings) -> tuple[str, ...]:
    said = cause_words(cause, session.mechanisms_for(chosen, loaded.board))
    lines = [f"#{loaded.number}: {said}"]
    if isinstance(payload, Corrected):
        lines[0] = f"Thanks for the correction. #{loaded.number} was: {said}"
        believed = payload.believed
        if believed is not None and speaks_against(believed, cause):
            before = cause_words(believed, session.mechanisms_for(chosen, loaded.board))
            lines.append(f"in incidents like this one it now counts against: {before} (for a while, by at most 3×)")
    if cause.mechanism and cause.entity is not None:
        understood = cause_words(replace(cause, said="", change=""), session.mechanisms_for(chosen, loaded.board))
        lines.append(f"in incidents like this one it now counts for it, understood as: {understood}")
    elif cause.mechanism:
        lines.append(f"understood as {cause.mechanism}; no part was named (--at NAME), so nothing is counted for it")
    else:
        lines.append("kept in your words; no mechanism of the catalogue fits, so nothing is counted for one")
    return (*lines, f"to take it back: compass knowledge undo {loaded.number}")


def _label(folder: Path, cause: Cause, board: Board) -> tuple[Path, str]:
    """Where the label goes and what it says, before anything is recorded. Raises BadInputError for no recording."""
    from compass.exports.truth import truth_of
    from compass.sources.recording import RecordingSource

    identity = RecordingSource.open(folder).incident().origin or folder.resolve().name
    try:
        text = truth_of(identity, cause, board)
    except ValueError as error:
        raise BadInputError(str(error), where="--truth", hint="name it: --at orders") from error
    target = folder.resolve().parent / "truth" / f"{folder.resolve().name}.yaml"
    if target.exists():
        raise BadInputError("there is a label already", where=str(target), hint="remove it to write another")
    return target, text


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("x", encoding="utf-8") as handle:
        handle.write(text)


def _line(text: str) -> str:
    return redact(" ".join(text.split()))[:MOST_CHARS]
