"""From files to knowledge: every section, and every problem at once with its line and what to do."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from compass.domain.entity import EntityKind
from compass.domain.incident import Severity
from compass.domain.team import Level, Matching, Reach, Weekly, Written
from compass.ports.errors import BadInputError
from compass.team.problems import Gravity
from compass.team.reading import MAX_ENTRIES
from tests.support.team import read, said, whole, write


def test_every_section_is_read(tmp_path: Path) -> None:
    found = read(whole(tmp_path))
    assert [str(one) for one in found.problems] == []
    assert found.files == 2
    known, orders = found.knowledge, Reach(level=Level.SERVICE, name="orders", namespace="shop")
    normal = known.normal[0]
    assert (normal.id, normal.reach) == ("month-end", orders)
    assert normal.written == Written(path="services/orders.yaml", line=3)
    assert normal.matching == Matching(signs=("latency.up",), kinds=(EntityKind.SERVICE, EntityKind.POD))
    assert (normal.at_least, normal.at_most, normal.unit, normal.why) == (None, 3.0, "s", "the books are closed")
    assert normal.during == (Weekly(start=1320, end=360, days=(0, 1, 2, 3, 4), zone="Europe/Berlin"),)
    assert (known.false_alarms[0].matching.alerts, known.false_alarms[0].until) == (("OrdersSlow",), date(2027, 1, 1))
    assert (known.critical_errors[0].lines, known.critical_errors[0].means) == (
        ("ledger * is corrupt",),
        "money is lost",
    )
    issue = known.known_issues[0]
    assert (issue.mechanism, issue.entity, issue.workaround) == ("connection_pool_exhausted", "orders-db", "raise it")
    work = known.maintenance[0]
    assert work.weekly == (Weekly(start=60, end=180, days=(6,)),)
    assert [span.start for span in work.spans] == [
        datetime(2026, 12, 1, 21, tzinfo=UTC), datetime(2026, 12, 3, 10, tzinfo=UTC)
    ]  # fmt: skip
    assert work.spans[1].end is None
    assert (known.dependencies[0].id, known.dependencies[0].kind) == ("orders -> orders-db", EntityKind.DATABASE)
    assert (known.escalation[0].who, known.escalation[0].severities) == ("payments", (Severity.SEV1, Severity.SEV2))
    assert known.metrics[0].rule == {
        "name": "orders_wait", "kind": "pool_wait", "where": {"pool": "2026-01-01"}, "scale": 0.001
    }  # fmt: skip
    assert known.metrics[0].reach == Reach()
    assert known.mechanisms[0].mechanism["strikes"] == ["app", "node"]
    assert len(known.digest) == 64


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    write(tmp_path, """\
scope: {service: orders}
normal:
  - id: slow
    signs: [latency.upp, "log.*"]
    at_most: 3
    unit: seconds
    during: Mon-Fri 22:00-06:00 Europe/Berln
  - id: slow2
    wat: 1
    at_least: 5
    at_most: 4
    unit: s
  - nothing
  - signs: latency.up
    at_most: much
critical_errors:
  - id: ledger
    lines: ["*a*"]
    until: tomorrow
known_issue:
  - id: x
""")  # fmt: skip
    write(tmp_path, "scope: here\nmaintenance: {id: x}\n", "b.yaml")
    found = said(tmp_path)
    for wanted in (
        "b.yaml:1: 'here' is not a scope; write  scope: global",
        "b.yaml:2: 'maintenance' must be a list",
        "orders.yaml:4: 'latency.upp' is not a sign that is known; did you mean latency.up",
        "orders.yaml:6: 'seconds' is not a unit that is known; write s",
        "orders.yaml:7: 'during': 'Europe/Berln' is not a time zone: did you mean Europe/Berlin",
        "orders.yaml:8: at_least 5 is above at_most 4; exchange them",
        "orders.yaml:8: normal behaviour matches nothing; say what it is about",
        "orders.yaml:9: 'wat' is not a field of normal behaviour; known: alerts, at_least",
        "orders.yaml:13: an entry of 'normal' must be a mapping",
        "orders.yaml:14: normal behaviour needs 'id'; add  id: a-short-name",
        "orders.yaml:15: 'at_most' must be a number, not 'much'",
        "orders.yaml:18: '*a*' would match nearly every line; write more of it",
        "orders.yaml:19: 'until': 'tomorrow' is not a day: write 2026-12-31",
        "orders.yaml:20: 'known_issue' is not a field of a file of team knowledge; did you mean known_issues?",
    ):
        assert any(line.startswith(wanted) for line in found), (wanted, found)
    assert len(found) == 14


def test_metric_rules_and_mechanisms_are_read_by_the_parsers_of_the_catalogues(tmp_path: Path) -> None:
    write(tmp_path, """\
scope: global
metrics:
  - {name: m, kind: latncy}
  - {name: "m(", kind: latency}
  - {name: m, kind: latency, scale: .inf, colour: red}
mechanisms:
  - id: paper_jam
    claim: "{thing} has no paper."
    strikes: [app, nde]
    requires:
      - "team.jam at host"
      - "tem.jam"
  - {id: known, claim: "{entity} is here."}
  - {id: connection_pool_exhausted, prior: 2}
""")  # fmt: skip
    found = said(tmp_path)
    for wanted in (
        "orders.yaml:3: 'latncy' is not a kind that is known; did you mean latency",
        "orders.yaml:4: a metric rule: 'm(' is not a regular expression",
        "orders.yaml:5: 'colour' is not a field of a metric rule",
        "orders.yaml:5: a metric rule: 'scale' is a number, not '.inf'",
        "orders.yaml:8: claim has an unknown placeholder; use {entity}, {peer}",
        "orders.yaml:9: strikes.2 'nde' is not known; one of app",
        "orders.yaml:12: requires.2.signs 'tem.jam' is not a known sign",
        "orders.yaml:13: the mechanism 'known': family is missing",
    ):
        assert any(line.startswith(wanted) for line in found), (wanted, found)
    assert len(found) == 8


def test_what_holds_for_everything_stands_in_no_file_of_a_service(tmp_path: Path) -> None:
    write(tmp_path, "scope: {service: a}\nmetrics:\n  - {name: m, kind: latency}\n")
    assert said(tmp_path) == [
        "orders.yaml:3: 'metrics' holds for everything, not for one service; move it to a file with  scope: global"
    ]


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        ("{servce: a}", "'servce' is not a part of a scope; did you mean service?"),
        ("{namespace: a}", "a scope names one of team, service and instance, not 0"),
        ("{team: a, service: b}", "a scope names one of team, service and instance, not 2"),
        ("{team: a, namespace: b}", "a team has no namespace"),
        ("{service: [a]}", "'service' must be text"),
        ("", "'' is not a scope"),
    ],
)
def test_scopes_that_are_none(tmp_path: Path, scope: str, wanted: str) -> None:
    write(tmp_path, f"scope: {scope}\nescalation:\n  - {{who: a, how: b}}\n")
    assert [line.split(": ", 1)[1].startswith(wanted) for line in said(tmp_path)] == [True], said(tmp_path)


def test_words_that_yaml_takes_for_something_else_stay_words(tmp_path: Path) -> None:
    write(tmp_path, "scope: {service: 007}\nescalation:\n  - {who: on, how: 1.10, why: 2026-01-01}\n")
    found = read(tmp_path)
    assert found.problems == ()
    call = found.knowledge.escalation[0]
    assert (call.reach.name, call.who, call.how, call.why) == ("007", "on", "1.10", "2026-01-01")


def test_entries_come_in_the_order_of_reach_path_and_line(tmp_path: Path) -> None:
    entries = "escalation:\n  - {who: %s1, how: x}\n  - {who: %s2, how: x}\n"
    write(tmp_path, "scope: {service: s}\n" + entries % ("s", "s"), "a.yaml")
    write(tmp_path, "scope: {instance: i}\n" + entries % ("i", "i"), "b.yaml")
    write(tmp_path, "scope: {team: t}\n" + entries % ("t", "t"), "c.yaml")
    write(tmp_path, "scope: global\n" + entries % ("g", "g"), "d/e.yaml")
    assert [one.who for one in read(tmp_path).knowledge.escalation] == ["g1", "g2", "t1", "t2", "s1", "s2", "i1", "i2"]


def test_the_digest_is_of_what_is_said_not_of_where(tmp_path: Path) -> None:
    text = "scope: global\nescalation:\n  - {who: a, how: b}\n"
    path = write(tmp_path, text)
    one = read(tmp_path).knowledge
    path.write_text("# a comment\n" + text)
    moved = read(tmp_path).knowledge
    assert (moved.digest, moved.escalation[0].written.line) == (one.digest, 4)
    path.write_text(text.replace("how: b", "how: c"))
    assert read(tmp_path).knowledge.digest != one.digest


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    calls = "".join(f"  - {{who: w{n}, how: x}}\n" for n in range(MAX_ENTRIES + 1))
    write(tmp_path, f"scope: global\nescalation:\n{calls}")
    assert said(tmp_path) == [f"orders.yaml: there are {MAX_ENTRIES + 1} entries in all; keep the 500 that matter"]


def test_too_many_entries_are_not_compared_with_each_other(tmp_path: Path) -> None:
    many = "".join(
        f"  - {{id: same, until: 2020-01-01, signs: [latency.up], at_most: {n}, unit: s}}\n" for n in range(MAX_ENTRIES)
    )
    write(tmp_path, f"scope: global\nnormal:\n{many}escalation:\n  - {{who: a, how: x}}\n")
    assert said(tmp_path) == [f"orders.yaml: there are {MAX_ENTRIES + 1} entries in all; keep the 500 that matter"]


def test_a_number_that_no_float_can_hold_is_wrong(tmp_path: Path) -> None:
    write(tmp_path, f"scope: global\nnormal:\n  - {{id: a, signs: [latency.up],\n    at_most: {'9' * 400}}}\n")
    assert said(tmp_path) == [f"orders.yaml:4: 'at_most' must be a number, not '{'9' * 40}'; and its unit in  unit:"]


def test_a_folder_without_files_says_so(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert [(one.gravity, one.what) for one in found.problems] == [(Gravity.ERROR, "there is no YAML file in it")]
    with pytest.raises(BadInputError, match="does not exist"):
        read(tmp_path / "nowhere")
    with pytest.raises(BadInputError, match="is no folder"):
        read(write(tmp_path, ""))
