"""Last words: the lines of the pod that ended, near its end, and nobody else's."""

from __future__ import annotations

import pytest

from compass.analysis.kubernetes import analyse
from compass.analysis.last_words import LAST, last_words
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.time import NS_PER_S
from compass.tables.objects import Json, KubeObject
from tests.agents.screens.traced import lines
from tests.analysis.kubernetes.making import NOW, NS, at, ns, pod, workload

A = EntityRef(kind=EntityKind.SERVICE, name="a")
END = 100 * NS_PER_S


def meant(rows: list[tuple[float, str, str]]) -> list[tuple[str, int]]:
    """(sign, lines after it) of the last words of `a`, whose signs are the words that begin with "log."."""
    table = lines([(second, name, text, "", "") for second, name, text in rows])
    found = last_words(table, A, END, lambda row: tuple(w for w in str(table.line[row]).split() if "log." in w))
    assert all(words.sign in table.line[words.row] for words in found)
    return [(words.sign, words.before_end) for words in found]


def test_the_last_meanings_come_first_and_other_writers_do_not_count() -> None:
    rows = [(97.0, "a", "log.config"), (98.0, "a", "log.disk"), (99.0, "a", "bye"), (99.5, "b", "log.dns")]
    assert meant(rows) == [("log.disk", 1), ("log.config", 2)]


def test_lines_from_long_before_or_after_the_end_do_not_count() -> None:
    assert meant([(50.0, "a", "log.config"), (110.0, "a", "log.dns")]) == []
    assert meant([(99.0, "a", "log.config")] + [(99.5, "a", "noise")] * LAST) == []


def test_a_meaning_said_twice_is_told_once_at_its_last_place() -> None:
    assert meant([(95.0, "a", "log.dns"), (96.0, "a", "x"), (97.0, "a", "log.dns"), (98.0, "a", "y")]) == [
        ("log.dns", 1)
    ]


def crashed(code: int, *, ready: bool = False, minute: float = 8) -> list[KubeObject]:
    state: Json = {
        "name": "server", "ready": ready, "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"reason": "Error", "exitCode": code, "finishedAt": at(minute)}},
    }  # fmt: skip
    one = pod("a-5d4f7c-0", set_name="a-5d4f7c", labels={"app": "a"}, ready=ready, states=[state])
    return [*workload("a", pods=0), one]


def test_an_end_with_an_error_is_known_with_its_time() -> None:
    (end,) = analyse(crashed(1), now_ns=NOW).ends
    assert (end.entity.name, end.pod.name, end.container) == ("a", "a-5d4f7c-0", "server")
    assert (end.at_ns, end.exit_code, end.restarts) == (ns(8), 1, 4)


@pytest.mark.parametrize(
    ("what", "objects"),
    [
        ("ended well", crashed(0)),
        ("killed from outside", crashed(137)),
        ("well again", crashed(1, ready=True)),
        ("long ago", crashed(1, minute=-40)),
    ],
)
def test_other_ends_say_nothing(what: str, objects: list[KubeObject]) -> None:
    assert analyse(objects, now_ns=NOW).ends == (), what


def test_namespaces_of_logs_and_objects_may_be_absent_but_not_differ() -> None:
    table = lines([(99.0, "a", "log.dns", "", "")])
    here = EntityRef(kind=EntityKind.SERVICE, name="a", namespace=NS)
    assert [words.sign for words in last_words(table, here, END, lambda _: ("log.dns",))] == ["log.dns"]
    elsewhere = EntityRef(kind=EntityKind.POD, name="a", namespace=NS)
    assert last_words(table, elsewhere, END, lambda _: ("log.dns",)) == ()
