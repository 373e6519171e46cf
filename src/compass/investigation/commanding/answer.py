"""Answer a request for data: what a person pasted, and what they say it shows.

It enters as an attempt to refute of the quality it deserves. COMPASS did not measure it, so it is never direct and
never decisive: pasted output counts as indirect, a person's word alone as circumstantial.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from compass.domain import chronicle as c
from compass.domain.commanded import Bearing, DataGiven, DataRequested, DecisionKind
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.hypothesis import Hypothesis
from compass.domain.observation import Quality
from compass.investigation.advising.words import said
from compass.investigation.commanding.base import Back, Choice, Desk, Option, Ordered, Parsed, Payloads, Who, decided
from compass.redaction import bound, redact

STRATEGY = "answer"
PASTED, BEGINNING, QUOTED = 4_000, 1_000, 160
"""Characters kept of what was pasted, of its beginning where that is not all, and quoted of it in one line."""
_CUT = "\n …\n"
_OUTCOME = {
    Bearing.SUPPORTS: Outcome.SURVIVED, Bearing.CONTRADICTS: Outcome.REFUTED,
    Bearing.SETTLES_NOTHING: Outcome.AMBIGUOUS,
}  # fmt: skip
_SHOWS = {"supports": Bearing.SUPPORTS, "contradicts": Bearing.CONTRADICTS, "settles nothing": Bearing.SETTLES_NOTHING}
_REF = re.compile(r"\s*(?P<ref>[rR]\d{1,3})[:,]?(?:\s+|$)")
_LED = re.compile(rf"(?P<word>{'|'.join(_SHOWS)})[ \t]*:(?:\s+|$)")
_ALONE = re.compile(rf"(?P<word>{'|'.join(_SHOWS)})[.!]?\s*$", re.IGNORECASE)
"""What clearly says how an answer bears: a word before a colon as nobody's log writes it, or one that is all there is.
An everyday word that a line begins with (no, for, nothing) says nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`text` is what was pasted, as it came: it is redacted and bounded before it is stored."""

    request: DataRequested
    bearing: Bearing
    text: str = ""


@dataclass(frozen=True, slots=True)
class AnswerOrder:
    name: str = "answer"
    key: str = "d"
    usage: str = "answer R1 [supports:|contradicts:|settles nothing:] WHAT WAS SEEN"
    typed: tuple[str, ...] = ("answer R1 --shows supports --text 'what you saw'",)
    help: str = "answer a request for data: paste what you saw; what it shows is asked where you do not say it so"
    phrases: tuple[str, ...] = ("answer", "reply")
    alone: bool = False
    asks: bool = False

    def parse(self, words: str, desk: Desk) -> Parsed:
        """“R1 supports: …”, or without the label where one request is open. Without a word and a colon for what it
        shows, that is asked for by number: what was pasted is kept word for word, and its words say nothing of it."""
        found = _REF.match(words)
        text = words[found.end() :] if found is not None else words.strip()
        led = _LED.match(text) or _ALONE.match(text)
        if led is None:
            return answering(found["ref"] if found is not None else "", text, None, desk)
        bearing = _SHOWS[led["word"].lower()]
        return answering(found["ref"] if found is not None else "", text[led.end() :], bearing, desk)

    def show(self, order: Answer, desk: Desk) -> tuple[str, ...]:
        quality, why = quality_of(order.text)
        named = _named(order.request, desk)
        length, cut = len(order.text), len(_redacted(order.text)) > PASTED
        kept = f"Of {length:,} characters its beginning and its end were kept, {PASTED:,} in all."
        more = (kept,) if cut else ()
        if order.bearing is Bearing.SETTLES_NOTHING:
            return (f"Recorded: it settles nothing about {named}, and moves nothing.", *more)
        return (f"Recorded: it {order.bearing.value} {named}; it counts as {quality.value}, because {why}.", *more)

    def apply(self, order: Answer, desk: Desk, who: Who) -> Payloads:
        """What was given (redacted, at most PASTED characters), an attempt on the theory that the request was for, and
        the decision. There is no attempt where that theory is not on the board."""
        request, text = order.request, _kept(order.text)
        quality, why = quality_of(order.text)
        bearing = order.bearing.value.replace("_", " ")
        given = DataGiven(request=request.id, by=who.by, text=text, bearing=order.bearing, reason=said(who.reason))
        payloads: list[tuple[str, c.Payload]] = [(who.key("given"), given)]
        hypothesis = desk.board.hypotheses.get(request.hypothesis)
        if hypothesis is not None:
            plan = _plan(request, hypothesis)
            quoted = f": “{said(order.text, QUOTED)}”" if order.text.strip() else ""
            found = f"a person says that the answer to “{said(request.question, QUOTED)}” {bearing} it{quoted} ({why})"
            attempt = DisproofAttempt(
                plan=plan.id, hypothesis=hypothesis.id, strategy=STRATEGY, outcome=_OUTCOME[order.bearing], found=found,
                quality=quality,
            )  # fmt: skip
            # A second answer replaces the first: the last word of a person is what they mean.
            payloads += [
                (f"plan/{plan.id}", c.PlanRegistered(plan=plan)),
                (who.key("attempt"), c.Attempted(attempt=attempt)),
            ]
        payloads.append(decided(
            desk, who, DecisionKind.DATA, chosen=bearing,
            decision=f"answer {label_of(request, desk)}: it {bearing} {self._about(order, desk)}".strip(),
            options=tuple(one.value.replace("_", " ") for one in Bearing),
        ))  # fmt: skip
        return tuple(payloads)

    def _about(self, order: Answer, desk: Desk) -> str:
        return "" if order.bearing is Bearing.SETTLES_NOTHING else _named(order.request, desk)


def answering(label: str, text: str, bearing: Bearing | None, desk: Desk) -> Parsed:
    """An answer to the request of that label, or to the one that is open where there is none; `text` is kept as it is
    but for space at its ends. Without a bearing the person is given the choice."""
    waiting = open_requests(desk)
    request = request_of(label, desk) if label else waiting[0][1] if len(waiting) == 1 else None
    if request is None:
        if not waiting:
            return Back(lines=("COMPASS asks for nothing now.",))
        return Back(lines=("Which request? Say “answer R1 …”.", *map(asked_line, waiting)), unclear=True)
    kept = text.rstrip().lstrip("\r\n")
    orders = {
        one: Ordered(kind=ORDER, value=Answer(request=request, bearing=one, text=kept)) for one in Bearing
    }  # fmt: skip
    if bearing is not None:
        return orders[bearing]
    named = _named(request, desk)
    shows = {one: "settles nothing" if one is Bearing.SETTLES_NOTHING else f"{one.value} {named}" for one in Bearing}
    options = tuple(Option(text=f"it {shows[one]}", order=order) for one, order in orders.items())
    return Choice(question=f"What does it show about {named}?", options=options)


def _redacted(text: str) -> str:
    """Whole, with no more than a terminal may be shown."""
    return bound(redact(text), 2 * len(text) + PASTED)


def _kept(text: str) -> str:
    """At most PASTED characters of it: of a log the end tells most, of a command's output the beginning names the
    columns. It is cut after it is redacted, so that no secret is cut in two."""
    whole = _redacted(text)
    if len(whole) <= PASTED:
        return whole
    return whole[:BEGINNING] + _CUT + whole[len(whole) - (PASTED - BEGINNING - len(_CUT)) :]


def _named(request: DataRequested, desk: Desk) -> str:
    hypothesis = desk.board.hypotheses.get(request.hypothesis)
    return hypothesis.label if hypothesis is not None else "the theory"


def quality_of(text: str) -> tuple[Quality, str]:
    """What a person's answer counts as, and why. Never direct: COMPASS measured nothing itself."""
    if any(character.isdigit() for character in text) or "\n" in text.strip():
        return Quality.INDIRECT, "a person read it from what they pasted, and COMPASS measured nothing itself"
    return Quality.CIRCUMSTANTIAL, "it is a person's word without the data itself"


def open_requests(desk: Desk) -> tuple[tuple[str, DataRequested], ...]:
    """(R1, request) that nobody answered yet; the label is by the order in which they were asked."""
    orders = desk.board.orders
    numbered = ((f"R{number}", one) for number, one in enumerate(orders.requested.values(), start=1))
    return tuple((label, one) for label, one in numbered if one.id not in orders.given)


def request_of(label: str, desk: Desk) -> DataRequested | None:
    """The request that a label names, also one that was answered; None for a label that is none."""
    found = _REF.fullmatch(label)
    if found is None:
        return None
    requests = list(desk.board.orders.requested.values())
    number = int(found["ref"][1:])
    return requests[number - 1] if 0 < number <= len(requests) else None


def label_of(request: DataRequested, desk: Desk) -> str:
    return f"R{list(desk.board.orders.requested).index(request.id) + 1}"


def asked_line(labelled: tuple[str, DataRequested]) -> str:
    label, one = labelled
    return f"  {label} {one.question}{f'  {one.command}' if one.command else ''}"


def _plan(request: DataRequested, hypothesis: Hypothesis) -> DisproofPlan:
    """What was expected was written down when it was asked, before anybody looked."""
    return DisproofPlan(
        id=f"answer/{request.id}", hypothesis=hypothesis.id, strategy=STRATEGY,
        arguments=PlanArguments(entity=hypothesis.entity), expectation=request.if_true or request.question, cost=0.0,
    )  # fmt: skip


ORDER = AnswerOrder()
