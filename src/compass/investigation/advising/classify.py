"""CLASSIFY: what log lines mean that no phrase table knows. Shown beside the fact as the model's reading, never scored.

One question a template, whose text does not depend on the incident: what was read once is answered from the cache for
ever after, by whoever keeps one (identical calls are not sent twice).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from compass.analysis.log_meaning import Meanings, load_meanings
from compass.domain import advised as told
from compass.domain.advice import ReadName, ReadNames, Role, Task
from compass.domain.board import Board
from compass.domain.observation import CLEAR
from compass.domain.sign import SIGNS
from compass.domain.statement_ids import template_id
from compass.investigation.advising.base import Taken
from compass.investigation.advising.words import abnormal, said
from compass.investigation.settings import Crew
from compass.ports.language_model import Item, Question, Section

MOST = 6
"""Templates that one round asks about, the strongest observations first."""
UNREAD = frozenset({"log.novel", "log.surge"})
"""Signs that say how often something is written, and not what it means."""
MEANINGS_TITLE = "Signs"
MEANINGS = {sign: text for sign, text in SIGNS.items() if sign.startswith("log.") and text.startswith("error text: ")}


@dataclass(frozen=True, slots=True)
class Classify:
    id: str = Task.CLASSIFY.value
    always: bool = False
    searches: bool = False

    def questions(self, board: Board, crew: Crew) -> tuple[Question[ReadNames], ...]:
        """One a template that nobody has read, at most MOST after a round; the rest come after the next."""
        del crew
        read = board.advice.names if not self.always else ()
        unread = [(key, text) for key, text in unknown_templates(board).items() if key not in read]
        signs = tuple(Item(id=sign, text=text, trusted=True) for sign, text in MEANINGS.items())
        return tuple(
            Question(
                task=Task.CLASSIFY, reply=ReadNames, role=Role.FAST,
                shared=(Section(title=MEANINGS_TITLE, items=signs, keep=len(signs)),),
                sections=(Section(title="log templates", items=(Item(id=key, text=text),), keep=1),),
            )
            for key, text in unread[:MOST]
        )  # fmt: skip

    def take(self, board: Board, crew: Crew, question: Question[ReadNames], value: ReadNames, by: str) -> Taken:
        """One event. An empty meaning is a reading too: it could not tell. Dropped are ids that were not asked and
        meanings that are not of MEANINGS; so nothing a model writes becomes a sign."""
        del board, crew
        given = {item.id for section in question.sections for item in section.items}
        read: dict[str, ReadName] = {}
        dropped = 0
        for one in value.names:
            key, meaning = one.id.strip(), one.meaning.strip()
            if key not in given or key in read or (meaning and meaning not in MEANINGS):
                dropped += 1
                continue
            read[key] = ReadName(id=key, meaning=meaning, why=said(one.why))
        if not read:
            return Taken(dropped=dropped)
        event = told.NamesRead(by=by, names=tuple(read[key] for key in sorted(read)))
        return Taken(payloads=((f"names/{'/'.join(sorted(read))}", event),), dropped=dropped)


def unknown_templates(board: Board) -> dict[str, str]:
    """Templates (redacted, as observations keep them) of which no known meaning was read, by id."""
    found: dict[str, str] = {}
    for o in abnormal(board):
        if o.sign in UNREAD and o.strength >= CLEAR:
            found.update((template_id(text), text) for text in o.statements if not _meanings().signs(text))
    return found


@cache
def _meanings() -> Meanings:
    return load_meanings()


ADVISER = Classify()
