"""The post-mortem draft: every sentence of fact has its event, nothing is invented, untrusted text stays text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.likelihood import load_table
from compass.domain import chronicle as c
from compass.domain.commanded import NO_REASON, Decided
from compass.domain.disproof import Outcome
from compass.domain.failure import Status
from compass.domain.hypothesis import TriggerOption
from compass.domain.incident import Change, Onset
from compass.domain.observation import Quantity, Stats, Verdict
from compass.domain.recheck import Rechecked, Recovery
from compass.domain.time import NS_PER_S, Instant
from compass.exports.markdown import LEVELS, postmortem
from compass.exports.prose import plain
from compass.exports.wording import objections
from tests.support import incidents
from tests.support.boards import (
    INCIDENT,
    LEDGER,
    NOW_NS,
    ONSET_NS,
    ORDERS,
    WEB,
    WINDOW,
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
from tests.support.running import Run, prepared, run_once

POOL = theory("pool", ORDERS)
CHANGE = Change(
    id="orders-77", at=Instant(ns=ONSET_NS - 45 * NS_PER_S), kind="config", summary="smaller pool", entity=ORDERS
)
CITED = re.compile(r"(?<!\\)\[#(\d+)\]")
NOT_FACTS = re.compile(r"- (?:Question:|Not examined|\*\*[a-z ]+\*\*: Question:|\*\*checklist\*\*:)")
SECTIONS = (
    "Overview", "Timeline (UTC)", "The end", "How the work normally goes", "Contributing causes",
    "The hypothesis journey, dead ends included", "How the causes interacted", "Similar incidents", "Decisions",
    "What could not be observed", "Improvements, strongest first", "Learning points",
    "Questions for the learning team", "Cost", "Appendix: the events cited",
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
        c.QuestionAnswered(question="where", answer="a"), Decided(decision="go on", by="human", because=text),
    ]  # fmt: skip
    if ended:
        payloads += [
            c.TimingMeasured(elapsed_s=1.5), c.QuestionAnswered(question="why", answer=text),
            c.Ended(status=Status.DONE, exit_code=0, said=text),
        ]  # fmt: skip
    return payloads


@pytest.fixture(scope="module")
def runs(recordings: Path) -> dict[str, Run]:
    return {name: run_once(recordings / name) for name in FAILURES}


@pytest.fixture(scope="module")
def drafts(recordings: Path, runs: dict[str, Run]) -> dict[str, str]:
    known = prepared(recordings / "pool").crew.mechanisms
    return {name: postmortem(run.events, known, id="some-id", number=1) for name, run in runs.items()}


def bullets(text: str) -> list[str]:
    """Lines of a list, questions for people and advice left out: what remains says that something is so."""
    asked = text.split("## Questions for the learning team")[1].split("## Cost")[0].splitlines()
    lines = [line for line in text.splitlines() if re.match(r"\s*- ", line)]
    checks = {line for line in asked if re.search(r"\(for H\d+\)$", line)}
    return [line for line in lines if not NOT_FACTS.match(line) and line not in checks]


def check_citations(text: str, listed: Sequence[c.Event]) -> None:
    facts = bullets(text)
    assert facts
    for line in facts:
        assert CITED.search(line), f"no event behind: {line}"
    prose = re.sub(r"`[^`\n]*`", "", text)
    cited = {int(seq) for seq in CITED.findall(prose)}
    appendix = {int(seq) for seq in re.findall(r"^\| #(\d+) \|", text, re.MULTILINE)}
    assert cited == appendix <= {event.seq for event in listed}


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
        assert blocks[level].startswith("\nNot examined: no telemetry speaks about this level.") is not examined
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


# --- what a reader must be able to rely on --------------------------------------------------------------


def section(text: str, name: str) -> str:
    return text.split(f"## {name}\n")[1].split("\n## ")[0]


def retold(**changed: c.Payload) -> list[c.Payload]:
    """The short investigation with some of its events replaced, by the lower-case name of their type."""
    return [changed.get(type(payload).__name__.lower(), payload) for payload in told()]


def test_all_four_outcomes_are_told_what_is_still_open_first() -> None:
    tried = [
        c.Attempted(attempt=attempt(POOL, outcome, f"by_{outcome.value}", found=f"found {outcome.value}"))
        for outcome in (Outcome.SURVIVED, Outcome.REFUTED, Outcome.NO_DATA, Outcome.AMBIGUOUS)
    ]
    at = next(i for i, payload in enumerate(told()) if isinstance(payload, c.Attempted))
    journey = section(draft(events([*told()[:at], *tried, *told()[at:]])), SECTIONS[5])
    found = re.findall(r"^    - (\w+(?: data)?) \(by ", journey, re.MULTILINE)
    assert found == ["inconclusive", "no data", "refuted", "survived"]


def test_what_was_found_word_for_word_before_is_not_said_again() -> None:
    other = replace(theory("slow", ORDERS, "H2"), suggested_by=frozenset())
    extra: list[c.Payload] = [
        c.Proposed(hypothesis=other), c.Attempted(attempt=attempt(other, Outcome.SURVIVED, found="the same words")),
        c.Attempted(attempt=attempt(POOL, Outcome.SURVIVED, found="the same words")),
        c.AccountsFormed(accounts=(account(POOL), account(other))),
        c.PosteriorUpdated(posterior=posterior({f"a-{POOL.id}": 0.7, f"a-{other.id}": 0.2})),
    ]  # fmt: skip
    journey = section(draft(events([*told(ended=False), *extra])), SECTIONS[5])
    assert journey.count("the same words") == 1
    assert re.search(r"^    - as for H1: survived \(scope\) \[#\d+\]\.$", journey, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("latency of orders, eu 1.9 s, usually 38 ms (50×)", "latency of orders, eu 1.9 s, usually 38 ms (50×)"),
        ("latency of “select a, b” 1.9 s", "latency of “select a, b” 1.9 s; usually 38 ms"),
    ],
)
def test_what_is_usual_is_told_once_and_no_reading_is_cut_at_a_comma(text: str, said: str) -> None:
    level = replace(
        seen("latency.up", ORDERS, 0.9, text=text), stats=Stats(method="robust z", score=9.0),
        baseline=Quantity(value=0.038, unit="s"),
    )  # fmt: skip
    begun = c.RoundStarted(number=2, phase="disprove", board_seq=9)
    more: list[c.Payload] = [begun, c.Observed(observation=level), c.RoundFinished(number=2)]
    normal = section(draft(events([*retold(), *more])), SECTIONS[3])
    assert re.search(rf"^- Measured: {re.escape(said)}\. \[#\d+\]$", normal, re.MULTILINE), normal


def test_theories_of_little_belief_share_one_line_and_none_is_said_to_have_no_belief() -> None:
    many = [theory(f"m{i}", ORDERS, f"H{i}") for i in range(1, 10)]
    beliefs = {f"a-{h.id}": 0.9 if h.label == "H1" else 0.004 for h in many}
    extra: list[c.Payload] = [
        *(c.Proposed(hypothesis=h) for h in many), c.AccountsFormed(accounts=tuple(account(h) for h in many)),
        c.PosteriorUpdated(posterior=posterior(beliefs)),
    ]  # fmt: skip
    text = draft(events([*told(ended=False), *extra]))
    journey = section(text, SECTIONS[5])
    assert journey.count("\n- **H") == 5
    assert "- 4 further theories were stated and hold less than 1 % each: at orders H" in journey
    assert not re.search(r"(?<!\d)0 ?%", text)


def test_what_a_policy_decided_is_told_in_plain_words() -> None:
    gate = Decided(decision="go on to why", by="policy:unattended", because="nobody was asked")
    end = Decided(decision="end: no plan left", by="policy:unattended", because="working theory")
    text = section(draft(events([*opening(), gate, end])), "Decisions")
    assert "- In a run without a person to ask, COMPASS went on to ask why. Known then: 0 signs abnormal" in text
    assert "no theory had been weighed" in text
    assert "COMPASS ended the attempts to refute: no plan left. Known then" in text
    assert "policy:" not in text


def test_where_names_what_is_affected_normal_by_which_signals_and_not_measured() -> None:
    normal = [
        seen("latency.up", ORDERS, verdict=Verdict.NORMAL), seen("latency.up", LEDGER, verdict=Verdict.NORMAL),
        seen("k8s.unready", WEB, verdict=Verdict.NORMAL),
    ]  # fmt: skip
    answered = c.QuestionAnswered(question="where", answer="a")
    text = section(draft(events([*opening(), *(c.Observed(observation=o) for o in normal), answered])), "Overview")
    assert "- Affected: nothing that was measured. [#8]" in text
    assert "- Normal, by the signals of their requests: ledger, orders (latency). [#8]" in text
    assert "- Not measured (known, but no signal of their requests): web. [#8]" in text


def test_an_order_that_the_data_cannot_tell_is_not_stated() -> None:
    sure = draft(events(told()))
    assert "it came 45 s ± 10 s before the onset" in section(sure, SECTIONS[4])
    overlapping = Onset(instant=Instant(ns=ONSET_NS, uncertainty_ns=60 * NS_PER_S), method="given")
    unsure = draft(events(retold(onsetestimated=c.OnsetEstimated(onset=overlapping))))
    assert "the order cannot be told from this data" in section(unsure, SECTIONS[4])
    assert "45 s" not in section(unsure, SECTIONS[4])
    assert " ± 60 s | onset of the incident (given)" in unsure


def test_a_page_time_that_stands_in_is_no_onset() -> None:
    fallen = Onset(instant=Instant(ns=INCIDENT.detected_ns, uncertainty_ns=NS_PER_S), method="page time")
    text = draft(events(retold(onsetestimated=c.OnsetEstimated(onset=fallen))))
    assert "- Onset not determined; the earliest dated sign, " in section(text, "Overview")
    assert "Onset of the incident" not in text
    assert "before the onset" not in section(text, SECTIONS[4])


def test_the_appendix_says_what_the_cited_events_hold_and_lists_no_others() -> None:
    listed = events(told("pool main of orders exhausted"))
    appendix = draft(listed).split("## Appendix")[1]
    kinds = re.findall(r"^\| #\d+ \| ([a-z.]+) \|", appendix, re.MULTILINE)
    assert "round.started" not in kinds
    assert "observation.recorded" in kinds
    assert "| E1 pool main of orders exhausted; derived: `pool.exhausted` |" in appendix
    assert "| H1 scope: survived: pool main of orders exhausted |" in appendix


def test_each_gap_is_told_once_with_all_that_it_hides() -> None:
    extra = [c.GapNamed(gap="no spans", hides="time"), c.GapNamed(gap="no spans", hides="errors")]
    body = draft(events([*told(ended=False), *extra])).split("## Appendix")[0]
    assert body.count("no spans") == 1
    assert re.search(r"- Not seen: no spans\. What that hides: time; errors\. \[#\d+\] \[#\d+\]", body)


def test_what_a_person_and_what_the_policy_decided_are_never_mistaken_for_one_another() -> None:
    payloads = told()
    made = [
        Decided(decision="test H1 deeper", by="human", because=NO_REASON),
        Decided(decision="answer R1: it supports H1", by="human:Kim", because="the log says so"),
        Decided(decision="end: nothing left", by="policy:unattended", because="nothing left"),
    ]
    text = section(draft(events([*payloads[:-2], *made, *payloads[-2:]])), "Decisions")
    assert "- A person decided to test H1 deeper. Known then" in text
    assert "- Kim decided to answer R1: it supports H1: the log says so. Known then" in text
    assert "- By its policy, COMPASS ended the attempts to refute: nothing left. Known then" in text


def test_a_decision_is_told_with_what_was_known_then() -> None:
    payloads = told()
    later = c.PosteriorUpdated(posterior=posterior({f"a-{POOL.id}": 0.95}))
    text = section(draft(events([*payloads[:-2], later, *payloads[-2:]])), "Decisions")
    assert "- A person decided to go on: pool main of orders exhausted. Known then: 1 sign abnormal, 0 normal; " in text
    assert "H1 (pool at orders) led with 70 %" in text
    assert "95 %" not in text
    assert "changes still open as a trigger: `orders-77`" in text


def test_how_far_confidences_can_be_trusted_stands_beside_the_outcome(drafts: dict[str, str]) -> None:
    overview = section(drafts["pool"], "Overview").splitlines()
    at = next(i for i, line in enumerate(overview) if line.startswith("- Outcome"))
    assert f"fitted to labelled incidents of these sets: {plain(load_table().fitted.on)}. Read" in overview[at + 1]


def test_what_the_trigger_changed_is_told_at_the_front(drafts: dict[str, str]) -> None:
    for name in ("Overview", "Timeline (UTC)"):
        assert re.search(r"10 → 1|from \d+ to \d+", section(drafts["pool"], name)), name


def test_whether_it_was_over_is_told_or_asked(drafts: dict[str, str]) -> None:
    assert "- When the data ended (" in section(drafts["pool"], "The end")
    assert "- Question: was it over when the data ended?" in section(drafts["unexplained"], "The end")
    for text in drafts.values():
        assert section(text, "The end").count("- Question:") >= 3


def test_only_theories_that_are_held_are_part_of_the_chain(drafts: dict[str, str]) -> None:
    chain = section(drafts["pool"], SECTIONS[6])
    assert "- The chain as far as it is held: " in chain
    assert "<1 %" not in chain


@pytest.mark.parametrize("name", FAILURES)
def test_every_common_reader_of_markdown_finds_the_lists(name: str, drafts: dict[str, str]) -> None:
    """A list begins after an empty line, and what is within it is indented by four spaces."""
    lines = drafts[name].splitlines()
    for before, line in pairwise(lines):
        indent = len(line) - len(line.lstrip(" "))
        if line.lstrip(" ").startswith("- "):
            assert indent in (0, 4)
            assert not before or before.lstrip(" ").startswith("- "), line
        elif before.startswith("#") or before.lstrip(" ").startswith("- "):
            assert not line, f"no empty line before: {line}"


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
    "&lt;b&gt; &#60;i&#62;", "[#1] [#999] [e1]", "---", "[ref]: http://evil.example", "+ x", "x\ry", "a\u2028b",
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
    assert not re.search(r"(?<!\\)(?:\\\\)*\[(?!#\d+\])", prose)
    assert not re.search(r"^\s*- (?:\d+[.)]|[#>+-]) ", prose, re.MULTILINE)
    assert "999" not in CITED.findall(prose)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_the_hostile_recording_as_a_whole(drafts: dict[str, str]) -> None:
    assert "timeout" in drafts["hostile"]
    check_inert(drafts["hostile"])


def test_words_of_telemetry_that_the_report_would_not_use_are_quoted() -> None:
    text = draft(events(told("worker failed to renew the lease; operator should have known, human error")))
    assert objections(text) == ()
    assert "`worker failed to renew the lease" in text


def test_what_was_measured_again_is_told_with_its_event_and_counts_as_nothing_else() -> None:
    before = draft(events(told()))
    again = [
        Rechecked(at_ns=NOW_NS + i * NS_PER_S, window=WINDOW, state=Recovery.UNKNOWN, signals=())
        for i in range(8)
    ]  # fmt: skip
    listed = events([*told(), *again])
    text = draft(listed)
    check_citations(text, listed)
    lines = [line for line in text.splitlines() if line.startswith("- Measured again at ")]
    assert len(lines) == 5, "the first and the latest"
    first = next(e.seq for e in listed if isinstance(e.payload, Rechecked))
    assert [line.rsplit(" ", 1)[1] for line in lines] == [f"[#{first + i}]" for i in (0, 4, 5, 6, 7)]
    learnt = text.split("## Learning points")[1].split("##")[0]
    assert learnt == before.split("## Learning points")[1].split("##")[0], "what counts up to the end still does"
