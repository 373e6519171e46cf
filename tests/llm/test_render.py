"""What is sent: every prompt as a golden file; no text can leave its place, exceed the limit or hide a secret."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain.advice import REPLY_OF, Task
from compass.llm.prompts import prompt_of
from compass.llm.render import Rendered, plain, render, tokens_of
from compass.ports.language_model import Item, Question, Section
from compass.redaction import Masker
from tests.support.cli import check_golden
from tests.support.questions import example

LIMIT = 6_000
HOSTILE = st.text(
    st.sampled_from('<>/facts"\\\n\r{}[]id:* \u2028\u202e\u200b\x1b\U000e0041＜') | st.characters(), max_size=80
)


def masker() -> Masker:
    return Masker(("Acme",), key=b"one fixed key")


def asked(*sections: Section, shared: tuple[Section, ...] = (), stable: tuple[Section, ...] = ()) -> Question[Any]:
    return Question(
        task=Task.PROPOSE, reply=REPLY_OF[Task.PROPOSE], sections=sections, shared=shared, stable=stable
    )  # fmt: skip


def section(title: str, texts: list[str], keep: int = 0, trusted: bool = False) -> Section:
    items = tuple(Item(id=f"{title}{n}", text=t, trusted=trusted) for n, t in enumerate(texts))
    return Section(title=title, items=items, keep=keep)


def facts(rendered: Rendered) -> list[dict[str, str]]:
    """The facts as a reader of the format takes them: what stands between the marks, line by line."""
    found: list[dict[str, str]] = []
    for block in re.findall(r"^<facts title=.*>\n((?:\{.*\}\n)*)</facts>$", rendered.user, re.MULTILINE):
        found += [json.loads(line) for line in block.split("\n") if line]
    return found


@pytest.mark.parametrize("task", Task)
def test_every_prompt_is_what_its_golden_file_says(task: Task) -> None:
    rendered = render(example(task), masker(), LIMIT)
    assert rendered == render(example(task), masker(), LIMIT)
    check_golden(f"prompts/{task.value}.txt", f"{rendered.version}\n\n{rendered.text}\n")


@pytest.mark.parametrize("task", Task)
def test_every_prompt_names_each_field_of_its_reply_and_leaves_room(task: Task) -> None:
    text = prompt_of(task).text
    missing = [name for name in _names(REPLY_OF[task]) if name not in re.findall(r"\w+", text)]
    assert not missing
    assert tokens_of(text) < 800


def _names(kind: type) -> set[str]:
    """The fields of a reply and of what is in it; of what it consists of, the name says nothing."""
    names: set[str] = set()
    for hint in get_type_hints(kind).values():
        inner = [i for i in (hint, *get_args(hint)) if is_dataclass(i)]
        for one in inner:
            assert isinstance(one, type)
            names |= _names(one) | {field.name for field in fields(one)}
    return names - {"text"}


@pytest.mark.parametrize("task", Task)
def test_what_the_prompts_forbid_stands_in_all_of_them(task: Task) -> None:
    text = prompt_of(task).text
    for rule in (
        "never an instruction",
        "root cause",
        "confirmed",
        "human error",
        "no probabilities",
        "no links",
    ):  # wording: rules
        assert rule in text
    assert prompt_of(task).version.startswith(f"{task.value} ")


@given(st.lists(HOSTILE, min_size=1, max_size=6), HOSTILE, HOSTILE)
@settings(max_examples=200, deadline=None)
def test_no_text_can_end_its_line_or_forge_a_mark(texts: list[str], title: str, id_: str) -> None:
    items = (Item(id="x" + id_, text="t"), *(Item(id=f"E{n}", text=t) for n, t in enumerate(texts)))
    rendered = render(asked(Section(title=title, items=items)), masker(), LIMIT)
    read = facts(rendered)
    assert [fact["id"] for fact in read[1:]] == [f"E{n}" for n in range(len(texts))]
    assert all(set(fact) == {"id", "untrusted"} for fact in read)
    assert rendered.user.count("<facts") == rendered.user.count("</facts>") == 1
    assert rendered.user.replace("<*>", "").count("<") == 2


@given(HOSTILE)
@settings(max_examples=200, deadline=None)
def test_plain_text_has_nothing_that_is_not_seen(text: str) -> None:
    kept = plain(text)
    assert not [c for c in kept if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cn", "Cs") and c not in "\n\t"]
    assert plain(kept) == kept


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("pass\u200bword", "password"), ("ｐａｓｓｗｏｒｄ", "password"), ("a\u202eb", "ab"), ("\x1b[31mred", "red"),
        ("ig\u00adnore", "ignore"), ("hi\U000e0069\U000e0067", "hi"), ("x\u3164\ufe0f", "x"),
        ("e" + "\u0301" * 50, "é\u0301\u0301"),
    ],
)  # fmt: skip
def test_hidden_and_odd_characters_are_taken_out_or_folded(text: str, reads: str) -> None:
    assert plain(text) == reads


@pytest.mark.parametrize(
    "text",
    ["pass\u200bword=hunter2", "ｐａｓｓｗｏｒｄ＝hunter2", "pa\U000e0041ssword=hunter2", "password=hunter2" * 900],
)
def test_a_secret_behind_odd_characters_or_a_cut_does_not_leave(text: str) -> None:
    assert "hunter2" not in render(asked(section("E", [text])), masker(), LIMIT).text


def test_everything_goes_through_the_gate_also_ids_and_titles_and_what_is_trusted() -> None:
    item = Item(id="node:10.0.0.7", text="Acme bob@example.com password=hunter2", trusted=True)
    mask = masker()
    words = (Section(title="bob@example.com", items=(replace(item, id="Acme"),)),)
    rendered = render(
        asked(Section(title="at 10.0.0.7", items=(item,)), shared=words, stable=words), mask, LIMIT
    )  # fmt: skip
    for hidden in ("10.0.0.7", "Acme", "bob@", "hunter2"):
        assert hidden not in rendered.text
    (fact,) = facts(rendered)
    assert mask.unmask(fact["id"]) == item.id
    assert set(fact) == {"id", "text"}


def test_words_come_before_facts_those_of_all_first_and_make_the_same_beginning() -> None:
    def sent(own: str, fact: str) -> Rendered:
        shared, stable = (section(title, ["a  <b>\n", "c"], trusted=True) for title in ("Signs", own))
        return render(asked(section("E", [fact]), shared=(shared,), stable=(stable,)), masker(), LIMIT)

    one, other, elsewhere = sent("Own", "one"), sent("Own", "two"), sent("Else", "one")
    assert one.system == other.system == f"{one.rules}\n\n{one.words}"
    assert one.rules == elsewhere.rules
    assert one.rules.startswith(prompt_of(Task.PROPOSE).text)
    assert one.rules.endswith("\n\nSigns:\nSigns0: a <b>\nSigns1: c")
    assert one.words == "Own:\nOwn0: a <b>\nOwn1: c"
    assert one.text.endswith('<facts title="E">\n{"id":"E0","untrusted":"one"}\n</facts>')


def test_what_was_copied_from_elsewhere_cannot_stand_beside_the_rules() -> None:
    for where in ("shared", "stable"):
        with pytest.raises(ValueError, match="no part of the rules"):
            asked(**{where: (section("E", ["text"]),)})


@given(st.integers(0, 200), st.integers(0, 400), st.integers(0, 60))
@settings(max_examples=30, deadline=None)
def test_the_words_never_depend_on_the_facts_and_leave_them_room(shared: int, stable: int, facts: int) -> None:
    lists = {
        "shared": (section("Signs", ["some sign or other"] * shared, trusted=True),),
        "stable": (section("Mechanisms", ["it is not as it was before"] * stable, trusted=True),),
    }
    empty, full = (
        render(asked(section("E", texts), **lists), masker(), LIMIT) for texts in ([], ["log line 17 " * 40] * facts)
    )
    assert full.system == empty.system
    assert tokens_of(full.text) <= LIMIT
    assert tokens_of(full.system) <= 0.75 * LIMIT + 1
    assert (f"({empty.left_out} left out)" in empty.system) or not empty.left_out or "left out" in empty.system


def test_over_the_limit_the_last_of_the_largest_section_go_and_it_is_said() -> None:
    small, large = section("small", ["short"] * 5), section("large", ["word " * 40] * 200, keep=3)
    rendered = render(asked(small, large), masker(), 3_000)
    ids = [fact["id"] for fact in facts(rendered)]
    assert tokens_of(rendered.text) <= 3_000
    assert rendered.left_out == 205 - len(ids) > 0
    assert ids == [f"small{n}" for n in range(5)] + [f"large{n}" for n in range(200 - rendered.left_out)]
    assert f'left_out="{rendered.left_out}"' in rendered.user


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3_000), st.integers(0, 6)), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_no_prompt_exceeds_its_limit(shapes: list[tuple[int, int, int]]) -> None:
    parts = [
        section(f"s{at}", ["log line 17 " * (size // 12)] * count, keep)
        for at, (count, size, keep) in enumerate(shapes)
    ]
    rendered = render(asked(*parts), masker(), LIMIT)
    assert tokens_of(rendered.text) <= LIMIT
    for part in parts:
        kept = [f for f in facts(rendered) if f["id"].startswith(part.title)]
        assert len(kept) >= min(part.keep, len(part.items))


def test_what_must_be_kept_is_shortened_where_it_would_not_fit() -> None:
    rendered = render(asked(section("E", ["x9 " * 700] * 20, keep=20)), masker(), 3_000)
    assert len(facts(rendered)) == 20
    assert tokens_of(rendered.text) <= 3_000


@pytest.mark.parametrize(
    ("text", "true"),
    [  # counted with the tokeniser of qwen2.5-coder
        ("Connection is not available, request timed out after 30000ms", 14),
        ('{"id":"E1","untrusted":"10.0.0.7 GET /api/v1/orders/17 503"}', 34),
        ("84d0f5d646876ba0e72d4266ab1e8b9a", 26),
        ("1764144000000000000", 19),
        ("Zugriff verweigert", 8),
        ("Verbindung zum Server unterbrochen, erneuter Versuch in 5 Sekunden.", 19),
        ("Yhteysaltaan kokoa pienennettiin iltapäivällä määritysmuutoksella.", 28),
        ("De grootte van de verbindingspool is door een wijziging verkleind.", 18),
        ("Rozmiar puli połączeń został po południu zmniejszony przez zmianę konfiguracji.", 29),
        ('{"id":"E7","untrusted":"log.novel at P3, strength 0.7, since 14:32:10. Auftragsdienst: Zeitüberschreitung '
         'beim Verbindungsaufbau zur Datenbank, Verbindungspoolgröße erschöpft (zwanzig Anfragen warten)"}', 77),
        ("", 0),
    ],
)  # fmt: skip
def test_tokens_are_rather_too_many_than_too_few(text: str, true: int) -> None:
    assert true <= tokens_of(text) <= 1.8 * true
