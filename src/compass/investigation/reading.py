"""Read what the team's documents say about the leading accounts and the affected services: once, when the first
accounts stand. It is quoted with its source and weighs nothing; nothing waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from compass.analysis.stems import stems
from compass.domain.board import Board
from compass.domain.documents import DocumentsRead, FoundPassage, FoundPassages, Quoted, Wanted
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.place import counted_as
from compass.investigation.recorder import Recorder
from compass.investigation.told import kept
from compass.ports.documents import Documents
from compass.ports.errors import StorageError
from compass.projections.filler import Filler
from compass.projections.situation import paged, situation
from compass.redaction import bound, redact

ACTOR = "memory"
READ_S = 3.0
"""What is not found by then is not waited for: the store has been asked for a few rows."""
ACCOUNTS, BELIEVED = 3, 0.05
"""Leading accounts that passages are looked for, and the belief below which one does not lead."""
EACH, MOST, CANDIDATES = 2, 5, 10
"""Passages for one account, passages in all, and how many are looked at for each."""
SAID = 0.5
"""Of what is looked for, rare words counting more, a passage has to say so much, in its headings rather than in its
text (`storage.passage_rows.TOLD`). How alike vectors are only orders passages: with a small embedder
texts of one trade are all alike."""
SERVICES = 4
MOST_TEXT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is looked for, and the label of the theory it is looked for (H1; "" for the page and what is affected).
    `mechanism` are stems of that theory's mechanism."""

    label: str
    wanted: Wanted
    mechanism: frozenset[str] = frozenset()


async def read(recorder: Recorder, mechanisms: Mapping[str, Mechanism], documents: Documents | None) -> None:
    """Record what was found. Where the documents cannot be read that is recorded, and the investigation goes on."""
    asked = asked_of(recorder.board, mechanisms)
    if documents is None:
        found = DocumentsRead(lost="no documents are at hand in this run")
    else:
        try:
            async with asyncio.timeout(READ_S):
                result = await documents.find([one.wanted for one in asked], CANDIDATES)
        except (StorageError, TimeoutError) as error:
            found = DocumentsRead(lost=kept(str(error) or f"no answer within {READ_S:.0f} s"))
        else:
            found = chosen(asked, result)
    await recorder.append(("documents/read", found), actor=ACTOR)


def asked_of(board: Board, mechanisms: Mapping[str, Mechanism]) -> tuple[Asked, ...]:
    """One for each leading account, likeliest first, then one for the page. Pure."""
    if board.incident is None:
        raise ValueError("nothing was opened yet")
    hit = _hit(board)
    leading = _leading(board)
    asked = [
        Asked(label=h.label, wanted=_about(h, board, mechanisms.get(h.mechanism), hit), mechanism=stems(h.mechanism))
        for h in leading
    ]
    places = [counted_as(h.entity, board.containment) for h in leading]
    names = [board.incident.service or "", *(e.name for e in hit)]
    affected = " ".join(dict.fromkeys(names[: SERVICES + 1])).strip()
    words = affected or board.incident.title
    said = f"{affected}: {board.incident.title}. {board.incident.symptom}"
    page = Wanted(
        words=bound(redact(words), MOST_TEXT), text=bound(redact(said), MOST_TEXT),
        services=_names((*hit, *places, *(h.entity for h in leading)), names),
        mechanisms=frozenset(h.mechanism for h in leading),
    )  # fmt: skip
    return (*asked, Asked(label="", wanted=page))


def chosen(asked: Sequence[Asked], result: FoundPassages) -> DocumentsRead:
    """The passages worth showing: those that say what is looked for, or whose document is for that mechanism. What was
    found for several is quoted once. Pure."""
    quoted: dict[tuple[str, int], Quoted] = {}
    for one, found in zip(asked, result.found, strict=True):
        worth = [p for p in found if _worth(p, one)][:EACH]
        for passage in worth:
            key = passage.head.name, passage.passage.position
            before = quoted.get(key)
            if before is not None and one.label:
                quoted[key] = replace(before, about=(*before.about, one.label))
            elif before is None and len(quoted) < MOST:
                quoted[key] = _quoted(passage, one.label)
    return DocumentsRead(
        quoted=tuple(quoted.values()), searched=result.searched, problem=kept(result.problem) if result.problem else ""
    )


def _worth(found: FoundPassage, asked: Asked) -> bool:
    """For a theory it has to speak of the mechanism, too: much is written about most places."""
    if found.tagged and asked.label:
        return True
    said = stems(found.head.title, *found.passage.heading, found.passage.text)
    return found.said >= SAID and (not asked.label or bool(said & asked.mechanism))


def _quoted(found: FoundPassage, label: str) -> Quoted:
    head, passage = found.head, found.passage
    return Quoted(
        document=head.name, title=head.title, kind=head.kind, heading=passage.heading,
        first_line=passage.first_line, last_line=passage.last_line, text=bound(redact(passage.text), MOST_TEXT),
        about=(label,) if label else (), team=head.scope.team, commit=head.commit,
        changed_at=head.changed_at.isoformat() if head.changed_at is not None else "",
    )  # fmt: skip


def _leading(board: Board) -> list[Hypothesis]:
    if board.posterior is None:
        return []
    heads = {account.id: account.head for account in board.accounts}
    ranked = [heads[key] for key, belief in board.posterior.ranked() if belief >= BELIEVED and key in heads]
    known = [board.hypotheses[head] for head in ranked if head in board.hypotheses and head not in board.orders.aside]
    return known[:ACCOUNTS]


def _about(h: Hypothesis, board: Board, mechanism: Mechanism | None, hit: Sequence[EntityRef]) -> Wanted:
    place = counted_as(h.entity, board.containment)
    words = f"{h.mechanism} {place.name}"
    paged_name = board.incident.service or "" if board.incident is not None else ""
    claim = Filler(h.entity, None)(mechanism.claim) if mechanism is not None else words
    return Wanted(
        words=words, text=claim, services=_names((h.entity, place, *hit), [paged_name]),
        mechanisms=frozenset({h.mechanism.lower()}),
    )  # fmt: skip


def _hit(board: Board) -> tuple[EntityRef, ...]:
    """What is affected, the paged service first where it is known."""
    told, first = situation(board), paged(board)
    return tuple(dict.fromkeys([*([first] if first is not None else []), *told.affected, *told.strained]))


def _names(entities: Sequence[EntityRef], others: Sequence[str]) -> frozenset[str]:
    """As documents may name them: by name, or by namespace and name."""
    spaced = (f"{e.namespace}/{e.name}" for e in entities if e.namespace)
    return frozenset(name.lower() for name in (*(e.name for e in entities), *spaced, *others) if name)
