"""What is shown of entries reads back as the same, and what differs is said field by field."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain.team import Span, TeamKnowledge, Weekly
from compass.storage.knowledge_rows import decode
from compass.storage.team_rows import encode
from compass.team.compare import Change, FieldChange, What, differences
from compass.team.times import span_text, weekly_text
from compass.team.written import as_files
from tests.support.team import read, whole, write
from tests.team.test_times import SPANS, WEEKLY

WORD = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=3, max_size=12)
TEXT = WORD.map(lambda text: " ".join(text.split())).filter(lambda text: sum(letter.isalnum() for letter in text) >= 3)
"""What a text is once blanks are one."""


def field(name: str, before: str, after: str) -> FieldChange:
    return FieldChange(name=name, before=before, after=after)


def reread(knowledge: TeamKnowledge) -> TeamKnowledge:
    """Through the files that `compass knowledge show` writes."""
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(as_files(knowledge).split("---\n")):
            write(Path(folder), text, f"{number}.yaml")
        found = read(Path(folder))
        assert found.errors == 0, found.problems
        return found.knowledge


def test_what_is_shown_reads_back_as_the_same(tmp_path: Path) -> None:
    known = read(whole(tmp_path)).knowledge
    again = reread(known)
    assert again.digest == known.digest
    assert differences(known, again) == ()


def test_differences_entry_by_entry(tmp_path: Path) -> None:
    old = (
        "scope: {service: s}\nnormal:\n  - {id: a, signs: latency.up, at_most: 3, unit: s}\n  - {id: gone, alerts: X}\n"
    )
    new = "scope: {service: s}\nnormal:\n\n  - {id: a, signs: latency.up, at_most: 5, unit: s, why: sale}\n"
    path = write(tmp_path, old)
    before = read(tmp_path).knowledge
    path.write_text(new + "escalation:\n  - {who: p, how: q}\n")
    after = read(tmp_path).knowledge
    assert differences(before, after) == (
        Change(
            what=What.CHANGED, section="normal", id="a", reach="service s", place="orders.yaml:4",
            fields=(field("at_most", "3", "5"), field("why", "", "sale")),
        ),
        Change(
            what=What.REMOVED, section="normal", id="gone", reach="service s", place="orders.yaml:4",
            fields=(field("id", "gone", ""), field("alerts", "[X]", "")),
        ),
        Change(
            what=What.ADDED, section="escalation", id="p", reach="service s", place="orders.yaml:6",
            fields=(field("who", "", "p"), field("how", "", "q")),
        ),
    )  # fmt: skip
    assert [one.what for one in differences(after, before)] == [What.CHANGED, What.ADDED, What.REMOVED]
    assert differences(after, after) == ()


def test_another_file_is_no_difference_but_the_order_of_metric_rules_is(tmp_path: Path) -> None:
    rules = "  - {name: m.*, kind: latency}\n", "  - {name: m1, kind: errors}\n"
    calls = "scope: global\nescalation:\n  - {who: a, how: x}\n"
    write(tmp_path, calls, "a.yaml")
    write(tmp_path, f"scope: global\nescalation:\n  - {{who: b, how: x}}\nmetrics:\n{rules[0]}{rules[1]}", "b.yaml")
    first = read(tmp_path).knowledge
    (tmp_path / "a.yaml").rename(tmp_path / "z.yaml")
    moved = read(tmp_path).knowledge
    assert [one.who for one in moved.escalation] == ["b", "a"]
    assert (moved.digest, differences(first, moved)) == (first.digest, ())
    write(tmp_path, f"scope: global\nescalation:\n  - {{who: b, how: x}}\nmetrics:\n{rules[1]}{rules[0]}", "b.yaml")
    other = read(tmp_path).knowledge
    assert [one.what for one in differences(first, other)] == [What.REORDERED]


@settings(max_examples=60)
@given(
    name=TEXT, lines=st.lists(TEXT, min_size=1, max_size=3, unique=True), says=TEXT, low=st.floats(-1e9, 1e9),
    weekly=st.lists(WEEKLY, max_size=2, unique=True), spans=st.lists(SPANS, min_size=1, max_size=2, unique=True),
)  # fmt: skip
def test_any_words_read_back_as_the_same(
    name: str, lines: list[str], says: str, low: float, weekly: list[Weekly], spans: list[Span]
) -> None:
    during = [weekly_text(one) for one in weekly] or "1:00-2:00"
    document = {
        "scope": {"service": says},
        "normal": [{"id": name, "lines": lines, "at_least": low, "unit": "s", "during": during}],
        "maintenance": [{"id": name, "says": says, "when": [span_text(one) for one in spans]}],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), yaml.safe_dump(document, allow_unicode=True))
        found = read(Path(folder))
    if found.errors:  # words that look like a secret, say
        return
    assert decode(TeamKnowledge, encode(found.knowledge)) == found.knowledge, "what is stored"
    again = reread(found.knowledge)
    assert again.digest == found.knowledge.digest
