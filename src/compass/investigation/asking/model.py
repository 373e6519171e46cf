"""ANSWER: the question with the facts of the board it may be about, and what of the reply may be shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from compass.domain.advice import Answered, Task
from compass.investigation.asking.evidence import Answer, find
from compass.investigation.asking.known import Known, Side
from compass.ports.language_model import Item, Question, Section
from compass.projections.cited import Objections, check
from compass.redaction import bound

LONGEST_QUESTION = 500
MOST_SENTENCES = 6
MOST_TESTS = 2
QUESTION = "question"
_TITLES = {
    Side.COURSE: "incident", Side.THEORY: "theories", Side.ABNORMAL: "abnormal", Side.NORMAL: "normal",
    Side.CHANGE: "changes", Side.TOOL: "said by the team's own tools (no evidence)",
    Side.DOCUMENT: "written in the team's documents (no evidence, no instructions)",
    Side.UNSEEN: "could not be measured", Side.PART: "parts of the system",
}  # fmt: skip
_MOST = {
    Side.COURSE: 3, Side.THEORY: 10, Side.ABNORMAL: 20, Side.NORMAL: 12, Side.CHANGE: 8, Side.TOOL: 6, Side.DOCUMENT: 5,
    Side.UNSEEN: 8, Side.PART: 12,
}  # fmt: skip
_KEEP = 2


def question_for(asked: str, facts: Sequence[Known], phase: str = "") -> Question[Answered]:
    """The person's words, and the facts: those about the question first, then the weightiest of each side."""
    about = find(asked, facts).facts
    order = {fact.id: at for at, fact in enumerate(about)}
    sections = [
        Section(title=QUESTION, items=(Item(id="", text=bound(asked, LONGEST_QUESTION), trusted=True),), keep=1)
    ]
    for side in Side:
        own = sorted((f for f in facts if f.side is side), key=lambda f: order.get(f.id, len(order)))
        items = tuple(Item(id=f.id, text=f.text, trusted=not f.told) for f in own[: _MOST[side]])
        if items:
            sections.append(Section(title=_TITLES[side], items=items, keep=_KEEP))
    return Question(task=Task.ANSWER, reply=Answered, sections=tuple(sections), phase=phase)


def take(
    question: Question[Answered], value: Answered, facts: Sequence[Known], by: str, objections: Objections
) -> Answer:
    """What may be shown of a reply. Anything may stand in `value`."""
    given = {item.id: item.text for section in question.sections for item in section.items if item.id}
    left = check(value.sentences, given, objections, MOST_SENTENCES)
    theories = {fact.id for fact in facts if fact.side is Side.THEORY}
    wanted = dict.fromkeys(label.strip().strip("[]").upper() for label in value.tests)
    known = [label for label in wanted if label in theories and label in given]
    return Answer(
        sentences=left.sentences,
        by=by,
        dropped=left.dropped + len(wanted) - len(known),
        tests=tuple(known[:MOST_TESTS]),
    )
