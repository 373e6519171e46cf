"""What entries say to one another: ids, days, mechanisms, what would be hidden, what contradicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.team.conflicts import covers
from compass.team.dependencies import circles
from tests.support.team import read, said, write

G = "scope: global\n"
CRITICAL = "critical_errors:\n  - {id: ledger, lines: ['the ledger * is corrupt']}\n"


def after(found: list[str]) -> list[str]:
    return [line.split("orders.yaml:", 1)[-1] for line in found]


def test_an_id_stands_once_in_a_reach_and_is_replaced_by_a_nearer_one(tmp_path: Path) -> None:
    entry = "false_alarms:\n  - {id: a, alerts: [X]}\n"
    write(tmp_path, G + entry, "g.yaml")
    write(tmp_path, "scope: {service: s}\n" + entry, "s.yaml")
    assert said(tmp_path) == ["s.yaml:3: note: for service s this replaces 'a' of global (g.yaml:3)"]
    assert read(tmp_path).errors == 0
    write(tmp_path, "scope: {service: s}\n" + entry, "t.yaml")
    assert said(tmp_path)[-1] == (
        "t.yaml:3: the id 'a' stands twice in false_alarms of service s; the other is in s.yaml:3: give each its own id"
    )
    assert read(tmp_path).errors == 1


def test_what_ran_out_is_warned_of(tmp_path: Path) -> None:
    write(tmp_path, G + """\
false_alarms:
  - {id: old, alerts: [X], until: 2026-11-26}
  - {id: new, alerts: [X], until: 2026-11-27}
maintenance:
  - {id: over, says: x, when: 2026-11-01 10:00 to 2026-11-01 12:00 UTC}
  - {id: open, says: x, when: 2026-11-01 10:00 to open UTC}
  - {id: again, says: x, when: [2026-11-01 10:00 to 2026-11-01 12:00 UTC, Sun 01:00-02:00]}
""")  # fmt: skip
    assert [line.split(";")[0] for line in said(tmp_path)] == [
        "orders.yaml:3: warning: 'old' ran out on 2026-11-26: it holds no more",
        "orders.yaml:6: warning: the maintenance 'over' is over",
    ]


def test_a_mechanism_that_nobody_knows(tmp_path: Path) -> None:
    issue = "known_issues:\n  - {id: a, alerts: [X], says: x, mechanism: %s}\n"
    path = write(tmp_path, G + issue % "conection_pool_exhausted")
    assert said(tmp_path)[0].startswith(
        "orders.yaml:3: 'conection_pool_exhausted' is not a mechanism that is known; did you mean connection_pool_"
    )
    path.write_text(G + issue % "paper_jam")
    assert len(said(tmp_path)) == 1
    jam = "{id: paper_jam, claim: '{entity}', family: house, strikes: [pod], owner: network, requires: [team.jam]}"
    write(tmp_path, f"{G}mechanisms:\n  - {jam}\n", "z.yaml")
    assert said(tmp_path) == [], "a team's own, wherever it stands"


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ("{id: a, lines: [ledger]}", "2: 'a' is %s and would hide the critical error 'ledger' (c.yaml:3)"),
        ("{id: a, lines: [LEDGER * corrupt]}", "2: 'a' is %s and would hide"),
        ("{id: a, signs: [log.*], lines: [ledger]}", "2: 'a' is %s and would hide"),
        ("{id: a, signs: [log.errors_up]}", "2: warning: 'a' calls all log lines of global %s"),
        ("{id: a, kinds: [pod]}", "2: warning: 'a' calls all log lines"),
        ("{id: a, lines: [the ledger of march is corrupt]}", "2: warning: 'a' is %s and a part of the critical error"),
        ("{id: a, signs: [latency.up]}", ""),
        ("{id: a, alerts: [Ledger]}", ""),
        ("{id: a, signs: [latency.up], lines: [ledger]}", ""),
        ("{id: a, lines: [the ledger is slow]}", ""),
    ],
)
@pytest.mark.parametrize(("section", "thing"), [("false_alarms", "a false alarm"), ("normal", "normal")])
def test_nothing_hides_a_critical_error(tmp_path: Path, entry: str, wanted: str, section: str, thing: str) -> None:
    write(tmp_path, G + CRITICAL, "c.yaml")
    write(tmp_path, f"{section}: [\n  {entry}]\nscope: global\n")
    found = after(said(tmp_path))
    assert len(found) == bool(wanted)
    assert all(line.startswith(wanted.replace("%s", thing)) for line in found), found


def test_what_is_normal_of_one_service_hides_nothing_of_another(tmp_path: Path) -> None:
    write(tmp_path, "scope: {service: a, namespace: x}\n" + CRITICAL, "c.yaml")
    quiet = "false_alarms:\n  - {id: q, lines: [ledger]}\n"
    for scope, errors in (
        ("{service: b}", 0), ("{service: a, namespace: y}", 0), ("{service: a}", 1), ("{instance: b}", 1), ("global", 1)
    ):  # fmt: skip
        write(tmp_path, f"scope: {scope}\n{quiet}")
        assert read(tmp_path).errors == errors, scope


@pytest.mark.parametrize(
    ("wide", "narrow", "does"),
    [
        ("b", "abc", True), ("a*c", "abc", True), ("c*a", "abc", False), ("abc", "a*c", False), ("*", "", True),
        ("a*c", "a*c", True), ("aa", "a", False), ("ab*bc", "abc", False), ("a * c", "abc", True),
    ],
)  # fmt: skip
def test_one_text_covers_another_where_every_line_with_it_has_both(wide: str, narrow: str, does: bool) -> None:
    assert covers(wide, narrow) is does


def test_what_contradicts_in_one_reach(tmp_path: Path) -> None:
    write(tmp_path, G + """\
normal:
  - {id: n1, signs: [latency.up, errors.up], at_most: 2, unit: s}
  - {id: n2, signs: [errors.up, latency.up], at_least: 3000, unit: ms}
  - {id: n3, signs: [team.a], at_most: 2, unit: s, during: 01:00-02:00}
  - {id: n4, signs: [team.a], at_least: 3, unit: s, during: 03:00-04:00}
  - {id: n5, signs: [team.b]}
  - {id: n6, signs: [team.c], at_most: 5, unit: "1"}
false_alarms:
  - {id: f1, signs: [team.b]}
  - {id: f2, alerts: [X]}
known_issues:
  - {id: k1, signs: [team.b], says: x}
  - {id: k2, alerts: [X], says: x}
  - {id: k3, signs: [team.c], says: x}
""")  # fmt: skip
    found = after(said(tmp_path))
    for wanted in (
        "4: the range of 'n2' contradicts that of 'n1' (orders.yaml:3)",
        "10: warning: 'f1' says the same as 'n5' (orders.yaml:7); one of them is enough",
        "13: what 'f1' (orders.yaml:10) calls a false alarm is a known issue in 'k1'; it is one of them: decide",
        "13: what 'n5' (orders.yaml:7) calls normal is a known issue in 'k1'",
        "14: what 'f2' (orders.yaml:11) calls a false alarm is a known issue in 'k2'",
    ):
        assert any(line.startswith(wanted) for line in found), (wanted, found)
    assert len(found) == 5


def test_dependencies_that_contradict_or_turn_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path, G + """\
dependencies:
  - {caller: a, callee: b}
  - {caller: b, callee: c}
  - {caller: c, callee: a}
  - {caller: d, callee: b, kind: database}
  - {caller: e, callee: e}
  - {id: again, caller: a, callee: b}
""")  # fmt: skip
    assert after(said(tmp_path)) == [
        "3: warning: these depend on one another in a circle: a, b, c; is each of them a call? What answers a call is "
        "no dependency",
        "6: b is a database here and a service in orders.yaml:3; decide",
        "7: e depends on itself; name what it calls",
        "8: warning: a -> b is in orders.yaml:3 already; one is enough",
    ]


def test_circles_are_found_whatever_hangs_on_them() -> None:
    below = {"a": {"b"}, "b": {"a", "c"}, "c": {"d"}, "d": {"c"}, "e": {"a"}}
    assert circles(below) == (frozenset("ab"), frozenset("cd"))
    assert circles({"a": {"b"}, "b": {"c"}}) == ()
