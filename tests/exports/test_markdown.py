"""The post-mortem draft: every sentence of fact has its event, nothing is invented, untrusted text stays text."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain import chronicle as c
from compass.domain.disproof import Outcome
from compass.domain.failure import Status
from compass.domain.hypothesis import TriggerOption
from compass.domain.incident import Change
from compass.domain.time import NS_PER_S, Instant
from compass.exports.markdown import LEVELS, postmortem
from compass.exports.wording import objections
from tests.support import incidents
from tests.support.boards import (
    INCIDENT,
    ONSET_NS,
    ORDERS,
    account,
    attempt,
    events,
    mechanism,
    opening,
    plan,
    posterior,
    seen,
    theory,
)
from tests.support.running import Run, prepared, run_means

POOL = theory("pool", ORDERS)
CHANGE = Change(
    id="orders-77", at=Instant(ns=ONSET_NS - 45 * NS_PER_S), kind="config", summary="smaller pool", entity=ORDERS
)
CITED = re.compile(r"(?<!\\)\[e(\d+)\]")
NOT_FACTS = ("- Question:", "- Not examined", "- **simplification**: Question", "- **checklist**:")
SECTIONS = (
    "Overview", "Timeline (UTC)", "How the work normally goes", "Contributing causes",
    "The hypothesis journey, dead ends included", "How the causes interacted", "Similar incidents", "Decisions",
    "Improvements, strongest first", "Learning points", "Questions for the learning team", "Cost", "Appendix: events",
)  # fmt: skip
FAILURES = ("pool", "hostile", "quiet", "nothing", "unexplained", "busier", "damaged")


def draft(listed: Sequence[c.Event]) -> str:
    return postmortem(listed, {"pool": mechanism("pool")}, id="some-id", number=3)


def told(
    text: str = "pool main of orders exhausted", *, title: str = INCIDENT.title, ended: bool = True
) -> list[c.Payload]:
    """A short investigation in which `text` came from telemetry wherever it can."""
    first = seen("pool.exhausted", ORDERS, 0.9, text=text)
    head = replace(POOL, suggested_by=frozenset({first.id}))
    opened = c.Opened(
        incident=replace(INCIDENT, title=title, symptom=text), engine="test", mode="parallel", commander="human",
        specialists=("a",),
    )  # fmt: skip
    payloads: list[c.Payload] = [
        opened, *opening()[1:],
        c.ContextLearned(entities=(), dependencies=(), changes=(replace(CHANGE, summary=text),)),
        c.RoundStarted(number=1, phase="screen", board_seq=5), c.Observed(observation=first),
        c.GapNamed(gap=text, hides=text), c.RoundFinished(number=1), c.Proposed(hypothesis=head),
        c.PlanRegistered(plan=plan(head)), c.Attempted(attempt=attempt(head, Outcome.SURVIVED, found=text)),
        c.AccountsFormed(accounts=(account(head, triggers=(TriggerOption(change="orders-77", weight=1.0),)),)),
        c.PosteriorUpdated(posterior=posterior({f"a-{head.id}": 0.7})),
        c.QuestionAnswered(question="where", answer="a"), c.Decided(decision="go on", by="human", because=text),
    ]  # fmt: skip
    if ended:
        payloads += [
            c.TimingMeasured(elapsed_s=1.5), c.QuestionAnswered(question="why", answer=text),
            c.Ended(status=Status.DONE, exit_code=0, said=text),
        ]  # fmt: skip
    return payloads


@pytest.fixture(scope="module")
def runs(recordings: Path) -> dict[str, Run]:
    async def all_of_them() -> dict[str, Run]:
        return {name: await run_means(recordings / name, prepared(recordings / name)) for name in FAILURES}

    return asyncio.run(all_of_them())


@pytest.fixture(scope="module")
def drafts(recordings: Path, runs: dict[str, Run]) -> dict[str, str]:
    known = prepared(recordings / "pool").crew.mechanisms
    return {name: postmortem(run.events, known, id="some-id", number=1) for name, run in runs.items()}


def bullets(text: str) -> list[str]:
    """Lines of a list, questions for people and advice left out: what remains says that something is so."""
    asked = text.split("## Questions for the learning team")[1].split("## Cost")[0].splitlines()
    lines = [line for line in text.splitlines() if re.match(r"\s*- ", line)]
    checks = {line for line in asked if re.search(r"\(for H\d+\)$", line)}
    return [line for line in lines if not line.startswith(NOT_FACTS) and line not in checks]


def check_citations(text: str, listed: Sequence[c.Event]) -> None:
    facts = bullets(text)
    assert facts
    for line in facts:
        assert CITED.search(line), f"no event behind: {line}"
    prose = re.sub(r"`[^`\n]*`", "", text)
    cited = {int(seq) for seq in (*CITED.findall(prose), *re.findall(r"\| e(\d+) \|$", text, re.MULTILINE))}
    appendix = {int(seq) for seq in re.findall(r"^\| e(\d+) \|", text, re.MULTILINE)}
    assert cited <= appendix <= {event.seq for event in listed}


@pytest.mark.parametrize("name", FAILURES)
def test_every_sentence_of_fact_carries_an_event_that_the_appendix_holds(
    name: str, drafts: dict[str, str], runs: dict[str, Run]
) -> None:
    check_citations(drafts[name], runs[name].events)


@pytest.mark.parametrize("name", FAILURES)
def test_the_wording_is_blameless_and_claims_no_more_than_was_shown(name: str, drafts: dict[str, str]) -> None:
    assert objections(drafts[name]) == ()
    assert "confirmed" not in drafts[name].lower()


@pytest.mark.parametrize("name", FAILURES)
def test_every_section_and_every_level_is_there(name: str, drafts: dict[str, str]) -> None:
    assert re.findall(r"^## (.+)$", drafts[name], re.MULTILINE) == list(SECTIONS)
    causes = drafts[name].split("## Contributing causes")[1].split("\n## ")[0]
    assert re.findall(r"^### (.+)$", causes, re.MULTILINE) == [level for level, _ in LEVELS]


def test_a_level_without_evidence_reads_not_examined_with_a_question(drafts: dict[str, str]) -> None:
    causes = drafts["pool"].split("## Contributing causes")[1].split("\n## ")[0]
    blocks = dict(re.findall(r"^### (.+?)\n(.+?)(?=\n### |\Z)", causes, re.MULTILINE | re.DOTALL))
    for level, question in LEVELS:
        assert f"- Question: {question}" in blocks[level]
        examined = level in ("Equipment and technology", "Technical management")
        assert blocks[level].startswith("Not examined: no telemetry speaks about this level.") is not examined
    nothing = drafts["nothing"].split("## Contributing causes")[1].split("\n## ")[0]
    assert nothing.count("Not examined") == len(LEVELS)


def test_what_happened_to_the_investigation_is_told_as_it_was(drafts: dict[str, str]) -> None:
    outcome = {
        name: next(line for line in text.splitlines() if line.startswith("- Outcome")) for name, text in drafts.items()
    }
    assert "working theory" in outcome["pool"]
    assert "working theory" in outcome["damaged"], "that a part was lost is a gap, not the outcome"
    assert "No incident is visible" in outcome["quiet"]
    assert "I couldn't form a clear hypothesis" in outcome["unexplained"]
    assert "I've eliminated these" in outcome["busier"]
    assert "nothing could be examined" in outcome["nothing"]


def test_an_investigation_that_has_not_ended_is_a_question() -> None:
    listed = events(told(ended=False))
    text = draft(listed)
    assert "- Question: the investigation has not ended" in text
    assert "- Outcome" not in text
    check_citations(text, listed)
    for count in range(1, len(listed)):
        check_citations(draft(listed[:count]), listed[:count])


def test_a_draft_does_not_change_because_it_was_written() -> None:
    listed = events(told())
    reported = events([*told(), c.Reported(format="markdown", sha256="0" * 64)])
    assert draft(reported) == draft(listed)


# --- untrusted text -------------------------------------------------------------------------------------


def skeleton(text: str) -> list[str]:
    """The structure of a Markdown text: what opens each line, and the cells of table rows."""
    marks = []
    for line in text.splitlines():
        opened = re.match(r"\s*(#+ |- |\||$|[A-Z`])", line)
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        marks.append(f"{opened[1] if opened else line[:1]!r}/{cells}")
    return marks


PLAIN = skeleton(draft(events(told())))
EVIL = (
    incidents.HOSTILE, "a\n# b\n\n- c\n| d | e |", "\\[x](http://evil.example)", "![i](http://evil.example/p.png)",
    "<script>alert(1)</script>", "<!-- ", "```\ncode", "`code`", "\x1b[31mred\x1b]8;;http://evil\x07", "\u202egnp.exe",
    "| a | b |", "\\| a \\| b", "**bold** *it* __u__ ~~s~~", "# not a heading", "1. not a list", "> not a quote",
    "&lt;b&gt; &#60;i&#62;", "[e1] [e999]", "---", "[ref]: http://evil.example", "+ x", "x\ry", "a\u2028b",
)  # fmt: skip


@pytest.mark.parametrize("evil", EVIL)
def test_untrusted_text_cannot_break_the_structure(evil: str) -> None:
    text = draft(events(told(evil, title=evil)))
    assert skeleton(text) == PLAIN
    check_inert(text)


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_no_text_whatever_breaks_the_structure(evil: str) -> None:
    text = draft(events(told(evil)))
    assert len(skeleton(text)) == len(PLAIN)
    check_inert(text)


def check_inert(text: str) -> None:
    """No HTML, no link, no image, no escape sequence, and no citation but the draft's own."""
    prose = re.sub(r"`[^`\n]*`", "", text)
    assert not re.search(r"<[a-zA-Z!/]", prose)
    assert not re.search(r"(?<!\\)(?:\\\\)*\]\(", prose)
    assert not re.search(r"(?<!\\)(?:\\\\)*\[(?!e\d+\])", prose)
    assert not re.search(r"^\s*- (?:\d+[.)]|[#>+-]) ", prose, re.MULTILINE)
    assert "[e999]" not in CITED.findall(prose)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_the_hostile_recording_as_a_whole(drafts: dict[str, str]) -> None:
    assert "timeout" in drafts["hostile"]
    check_inert(drafts["hostile"])


def test_words_of_telemetry_that_the_report_would_not_use_are_quoted() -> None:
    text = draft(events(told("worker failed to renew the lease; operator should have known, human error")))
    assert objections(text) == ()
    assert "`worker failed to renew the lease" in text
