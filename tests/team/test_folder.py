"""Files of a team's folder are not trusted: what they hold, what they are, and how much of them there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.team.folder import MAX_FILES
from compass.untrusted.yaml import MAX_FILE_BYTES
from tests.support.team import read, said, write

SECRET = "glpat-" + "abcdefghijklmnopqrst"
CALL = "scope: global\nescalation:\n  - {who: a, how: b}\n"


def test_files_at_any_depth_are_read_and_others_are_not(tmp_path: Path) -> None:
    write(tmp_path, CALL, "a/b/c/d.yml")
    write(tmp_path, CALL.replace("who: a", "who: z"), "E.YAML")
    for name in ("documents/x.yaml", ".git/x.yaml", ".hidden.yaml", ".notes.md", "notes.json", "a/.github/x.yaml"):
        write(tmp_path, "no: [knowledge", name)
    assert said(tmp_path) == []
    assert [one.written.path for one in read(tmp_path).knowledge.escalation] == ["E.YAML", "a/b/c/d.yml"]
    write(tmp_path, CALL, "a/documents/x.yaml")
    assert len(said(tmp_path)) == 1, "only the folder's own documents are none"


def test_a_runbook_beside_the_entries_is_said_to_be_read_by_nothing(tmp_path: Path) -> None:
    write(tmp_path, CALL)
    for name in ("README.md", "documents/orders.md", "runbooks/orders.md"):  # whoever explains a folder means people
        write(tmp_path, "# Orders", name)
    assert said(tmp_path) == [
        "runbooks/orders.md: warning: is not read: it is no entry; runbooks and notes belong below documents/"
    ]


def test_links_are_not_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", write(tmp_path, CALL, "out/secret.yaml")
    write(folder, CALL)
    (folder / "link.yaml").symlink_to(outside)
    (folder / "links").symlink_to(outside.parent)
    (folder / "pipe.yaml").mkdir()
    assert said(folder) == ["link.yaml: warning: is not read: it is no file of its own; links are not followed"]
    assert read(folder).files == 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a: &x [1]\nb: *x", "orders.yaml:1: uses YAML anchors; write the values out"),
        ("scope: global\nscope: global", "orders.yaml:2: has 'scope' twice (first in line 1); keep one"),
        ("scope: global\nnormal:\n- {id: a, id: b}", "orders.yaml:3: has 'id' twice (first in line 3); keep one"),
        ("a:\n  " + "[" * 20, "orders.yaml:2: is nested more than 16 deep"),
        ("scope: global\n  x: [", "orders.yaml:2: is not valid YAML: mapping values are not allowed"),
        (
            "scope: !!python/object:os.system x",
            "orders.yaml:1: uses a YAML tag: tag:yaml.org,2002:python/object:os.system",
        ),
        ("scope: global\n---\na: b", "orders.yaml:2: is not valid YAML: but found another document"),
        ("just text", "orders.yaml:1: is not a mapping"),
        ('scope: "glo\\x1bbal"', "orders.yaml:1: holds control or invisible characters"),
        ('"a\\u202eb": c', "orders.yaml:1: holds control or invisible characters"),
        ("scope: global\n<<: {normal: []}", "orders.yaml:2: has a key that is no plain word"),
        ("scope: global\n[a]: b", "orders.yaml:2: has a key that is no plain word"),
    ],
)
def test_what_does_harm_or_is_none_is_refused_with_its_line(tmp_path: Path, text: str, wanted: str) -> None:
    write(tmp_path, text)
    found = said(tmp_path)
    assert len(found) == 1
    assert found[0].startswith(wanted), found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"scope: global\nescalation:\n  - who: a\n    how: {SECRET}\n", 4),
        (f"scope: global\n# the token is {SECRET}\n", 2),
        ("scope: global\nescalation:\n  - {who: a, how: b, why: 'postgres://app:hunter22@db/x'}\n", 3),
        ("scope: global\nescalation:\n  - who: a\n    how: >\n      password\n      = hunter22\n", 4),
        ("scope: global\npassword: hunter22\n", 2),
    ],
)
def test_a_secret_is_refused_and_never_said(tmp_path: Path, text: str, line: int) -> None:
    write(tmp_path, text)
    found = said(tmp_path)
    assert [one.split(" (", 1)[0] for one in found] == [f"orders.yaml:{line}: this looks like a secret"]
    assert not any(word in found[0] for word in (SECRET, "hunter22"))


def test_a_line_about_a_token_is_no_secret_where_stars_stand_for_it(tmp_path: Path) -> None:
    write(tmp_path, "scope: global\nfalse_alarms:\n  - {id: a, lines: ['invalid token: *']}\n")
    assert said(tmp_path) == []


def test_too_large_too_many_and_unreadable(tmp_path: Path) -> None:
    write(tmp_path, "#" * (MAX_FILE_BYTES + 1))
    assert said(tmp_path) == ["orders.yaml: is larger than 512 KiB; split it into several files"]
    many = tmp_path / "many"
    for number in range(MAX_FILES + 2):
        write(many, "", f"{number:03d}.yaml")
    assert said(many) == ["200.yaml: there are more than 200 files; put more into each"]
    large = tmp_path / "large"
    for number in range(5):
        write(large, "#" * MAX_FILE_BYTES, f"{number}.yaml")
    assert said(large) == ["4.yaml: the files are larger than 2 MiB together; keep what matters"]
    bad = tmp_path / "bad"
    write(bad, "").write_bytes(b"scope: \xff\xfe")
    assert said(bad)[0].startswith("orders.yaml: is not valid YAML")


def test_a_name_with_control_characters_is_not_shown_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, CALL, "a\x1b[31m.yaml")
    assert said(tmp_path) == ["a.yaml: its name holds control characters; rename it"]
