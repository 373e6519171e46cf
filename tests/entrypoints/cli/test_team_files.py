"""What a team wrote down: from an example through validation, diff and apply to a rollback, in this process."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from compass.domain.team import TeamKnowledge
from compass.entrypoints import storage, teaming
from compass.entrypoints.cli import team_files
from compass.entrypoints.cli.main import build
from compass.entrypoints.repository import Origin, origin_of
from compass.ports.chronicle import Chronicle
from compass.ports.errors import BadInputError, NotFoundError
from compass.ports.team import OutrunError
from compass.storage.memory import MemoryChronicle
from compass.team.canonical import SECTIONS
from tests.support.cli import Done, plain
from tests.support.team import catalogue, git, read, write

Compass = Callable[..., Done]
CALL = "scope: global\nescalation:\n  - {who: payments, how: '%s'}\n"


@pytest.fixture
def compass(
    tmp_path: Path, kept: MemoryChronicle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Compass:
    """Commands in this process and a folder of their own, over one chronicle."""

    async def same(_chosen: object) -> Chronicle:
        return kept

    monkeypatch.setattr(storage, "chronicle_of", same)
    monkeypatch.setattr(teaming, "load_catalogue", lambda _extra: catalogue())
    monkeypatch.setenv("COMPASS_CONFIG", str(write(tmp_path, "", "compass.toml")))
    monkeypatch.setattr(teaming, "origin_of", lambda _folder: Origin(commit="", by="alice"))
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Done:
        capsys.readouterr()
        code = build()(["knowledge", *words], standalone_mode=False)
        printed = capsys.readouterr()
        return Done(code=int(code or 0), out=plain(printed.out), err=printed.err)

    return call


def held(kept: MemoryChronicle) -> TeamKnowledge | None:
    return asyncio.run(kept.team_knowledge.read())


def test_the_example_is_right_says_something_in_every_section_and_is_never_written_over(
    compass: Compass, tmp_path: Path
) -> None:
    done = compass("init")
    assert "compass knowledge validate" in done.out
    found = read(tmp_path / "knowledge")
    assert found.problems == ()
    assert all(getattr(found.knowledge, section) for section in SECTIONS)
    assert compass("validate").out == f"9 entries in 2 files of {tmp_path}/knowledge: all is well\n"
    (tmp_path / "knowledge" / "example-service.yaml").write_text("mine")
    with pytest.raises(BadInputError, match=r"everywhere\.yaml is there already"):
        compass("init")
    assert (tmp_path / "knowledge" / "example-service.yaml").read_text() == "mine"
    assert compass("init", str(tmp_path / "other")).code == 0


def test_the_folder_is_the_one_of_compass_toml(compass: Compass, tmp_path: Path) -> None:
    write(tmp_path, '[knowledge]\nfolder = "team/known"\n', "compass.toml")
    write(tmp_path, CALL % "x", "team/known/a.yaml")
    assert "1 entry in 1 file" in compass("validate").out
    with pytest.raises(BadInputError, match="nowhere: does not exist"):
        compass("validate", "nowhere")


def test_validation_is_for_ci(compass: Compass, tmp_path: Path) -> None:
    write(tmp_path / "k", CALL % "x" + "normal:\n  - {id: a, signs: latency.up, until: 2020-01-01}\n", "a.yaml")
    done = compass("validate", "k")
    assert done.code == 0
    assert done.out.splitlines() == [
        "a.yaml:5: warning: 'a' ran out on 2020-01-01: it holds no more; take it out, or look whether it is still so "
        "and give it a later day",
        "2 entries in 1 file of k: 1 warning",
    ]
    write(tmp_path / "k", "scope: globl\nnormal: 3\n", "b.yaml")
    done = compass("validate", "k")
    assert done.code == 1
    assert done.out.endswith("2 entries in 2 files of k: 2 errors, 1 warning\n")
    told = json.loads(compass("validate", "k", "--json").out)
    assert (told["errors"], told["files"], told["folder"]) == (2, 2, "k")
    assert told["problems"][1] == {
        "path": "b.yaml", "line": 1, "gravity": "error", "what": "'globl' is not a scope",
        "do": "write  scope: global, or  scope: {team: NAME}, {service: NAME}, {instance: NAME}",
    }  # fmt: skip


def test_apply_shows_what_changes_and_keeps_it_once(compass: Compass, kept: MemoryChronicle, tmp_path: Path) -> None:
    write(tmp_path / "knowledge", CALL % "#pay")
    assert compass("versions").out == "nothing was applied yet: compass knowledge apply\n"
    with pytest.raises(NotFoundError, match="nothing was applied yet"):
        compass("show")
    with pytest.raises(NotFoundError, match="nothing was applied yet"):
        compass("rollback")
    done = compass("diff")
    assert (done.code, held(kept)) == (0, None)
    assert done.out.splitlines() == [
        "+ escalation 'payments' of global  (orders.yaml:3)", "    who: payments", "    how: #pay",
        "1 added, against nothing applied yet",
    ]  # fmt: skip
    with pytest.raises(BadInputError, match="nobody can be asked"):
        compass("apply")
    assert held(kept) is None
    done = compass("apply", "--yes")
    assert "version 1" in done.out
    assert "alice  no commit  1 entry: it holds from the next investigation on" in done.out
    assert held(kept) == teaming.replace(read(tmp_path / "knowledge").knowledge, version=1)
    write(tmp_path / "knowledge", "# moved\n" + CALL % "#pay")
    assert compass("apply").out == "nothing differs: version 1 holds\n", "nobody is asked about nothing"
    assert compass("diff").out == "nothing differs from version 1\n"


def test_what_is_wrong_is_never_applied(compass: Compass, kept: MemoryChronicle, tmp_path: Path) -> None:
    write(tmp_path / "knowledge", CALL % "x" + "normal: 3\n")
    for words in (("apply", "--yes"), ("diff",)):
        done = compass(*words)
        assert done.code == 1
        assert "orders.yaml:4: 'normal' must be a list" in done.err
        assert "nothing was done: 1 error" in done.err
    assert held(kept) is None


def test_a_person_is_asked_and_may_say_no(
    compass: Compass, kept: MemoryChronicle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    write(tmp_path / "knowledge", CALL % "x")
    monkeypatch.setattr(team_files.sys, "stdin", Terminal("\n"))
    done = compass("apply")
    assert done.err == "Let it hold from the next investigation on? y/N "
    assert done.out.endswith("nothing was changed: no version holds\n")
    assert held(kept) is None
    monkeypatch.setattr(team_files.sys, "stdin", Terminal("y\n"))
    assert "version 1" in compass("apply").out
    write(tmp_path / "knowledge", CALL % "y")
    with pytest.raises(BadInputError, match="nobody can be asked"):
        compass("apply", "--json")


def test_rollback_restores_exactly_as_a_new_version(compass: Compass, kept: MemoryChronicle, tmp_path: Path) -> None:
    write(tmp_path / "knowledge", CALL % "old")
    compass("apply", "--yes")
    first = held(kept)
    assert first is not None
    write(tmp_path / "knowledge", CALL % "new")
    told = json.loads(compass("apply", "--yes", "--json").out)
    assert (told["applied"], told["version"]["number"], told["changes"][0]["what"]) == (True, 2, "changed")
    done = compass("rollback", "--yes")
    assert "    how: new -> old" in done.out
    assert "1 entry, the content of version 1 again: it holds" in done.out
    assert "git revert" in done.err
    assert held(kept) == teaming.replace(first, version=3)
    assert "nothing differs: version 3 holds" in compass("rollback", "1").out
    assert [line.split()[1] for line in compass("log").out.splitlines()] == ["3", "2", "1"]
    assert [one["restores"] for one in json.loads(compass("versions", "--json").out)] == [1, None, None]
    with pytest.raises(NotFoundError, match=r"no version 9 .*there are 1 to 3"):
        compass("rollback", "9")
    assert compass("show", "--version", "2").out == (
        "# version 2, no commit\nscope: global\nescalation:\n- who: payments\n  how: new\n"
    )
    assert json.loads(compass("show", "--json").out)["version"] == 3


def test_the_second_of_two_people_is_told_what_theirs_was_based_on(
    compass: Compass, kept: MemoryChronicle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "knowledge", CALL % "mine")
    theirs = read(write(tmp_path / "theirs", CALL % "theirs").parent).knowledge
    asked = team_files._Asking.__call__

    async def meanwhile(self: team_files._Asking, found: teaming.Difference) -> bool:
        await kept.team_knowledge.apply(theirs, based_on=0, by="bob")
        return await asked(self, found)

    monkeypatch.setattr(team_files._Asking, "__call__", meanwhile)
    with pytest.raises(OutrunError, match="version 1 was applied by bob meanwhile"):
        compass("apply", "--yes")
    assert held(kept) == teaming.replace(theirs, version=1)


def test_documents_beside_the_files_are_shown_asked_about_and_kept(
    compass: Compass, kept: MemoryChronicle, tmp_path: Path
) -> None:
    folder = tmp_path / "knowledge"
    write(folder, CALL % "x")
    runbook = write(folder, "# Orders\n\nRestart the ledger first.\n", "documents/orders.md")
    done = compass("diff")
    assert "documents: 1 added, 0 changed, 0 removed, 0 unchanged" in done.out
    assert asyncio.run(kept.documents.kept()) == ()
    done = compass("apply", "--yes")
    assert done.out.endswith("1 document kept, changed or removed\n")
    (document,) = asyncio.run(kept.documents.kept())
    assert document.head.name == "documents/orders.md"
    assert compass("apply").out == "nothing differs: version 1 holds\n"
    runbook.write_text("# Orders\n\nRestart the ledger last.\n")
    with pytest.raises(BadInputError, match="nobody can be asked"):
        compass("apply")
    done = compass("apply", "--yes")
    assert "nothing differs from version 1\ndocuments: 0 added, 1 changed" in done.out
    assert done.out.endswith("1 document kept, changed or removed\n"), "no version: nothing of the entries differs"
    told = json.loads(compass("diff", "--json").out)
    assert told["documents"]["unchanged"] == ["documents/orders.md"]
    runbook.write_bytes(b"\xff\xfe\x00")
    done = compass("validate")
    assert done.code == 1
    assert done.out.startswith("documents: documents/orders.md:1:1: byte 0xff is no UTF-8"), done.out
    with pytest.raises(BadInputError, match=r"orders\.md"):
        compass("apply", "--yes")


def test_what_is_applied_before_it_is_committed_is_told(
    compass: Compass, kept: MemoryChronicle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, names = tmp_path / "knowledge", ("documents/orders.md", "orders.yaml")
    write(folder, CALL % "x")
    write(folder, "# Orders\n\nRestart the ledger first.\n", "documents/orders.md")

    def at(commit: str, *uncommitted: str) -> None:
        origin = Origin(commit=commit, by="alice", uncommitted=uncommitted)
        monkeypatch.setattr(teaming, "origin_of", lambda _folder: origin)

    at("", *names)
    assert "in no commit as it is now: documents/orders.md, orders.yaml" in compass("diff").out
    at("a" * 40 + "+", *names)
    first = "in no commit as it is now: documents/orders.md, orders.yaml; git commit first, or what is applied names"
    assert first in compass("diff").out
    assert json.loads(compass("diff", "--json").out)["commits"] == {
        "now": "a" * 40 + "+", "uncommitted": [*names], "held": "",
    }  # fmt: skip
    done = compass("apply", "--yes")
    assert first in done.out
    said = f"alice  commit {'a' * 10} with changes that were in no commit  1 entry"
    assert f"{said}: it holds" in done.out
    assert "it holds already: git commit" in compass("diff").out
    assert "it holds already: git commit" in compass("apply").out
    assert compass("versions").out.splitlines()[0].endswith(said)
    assert "documents that were kept as no commit had them: documents/orders.md" in compass("versions").out
    at("b" * 40)
    now = f"version 1 was applied before it was committed; commit {'b' * 10} has it now"
    assert compass("diff").out == f"nothing differs from version 1\n{now}\n"
    assert compass("apply").out == f"nothing differs: version 1 holds\n{now}\n"
    write(folder, CALL % "y")
    assert compass("apply", "--yes").out.splitlines()[-1].split("  ")[3] == f"commit {'b' * 10}"
    assert compass("apply").out == "nothing differs: version 2 holds\n"


def test_a_document_that_is_committed_later_is_known_by_its_commit(
    compass: Compass, kept: MemoryChronicle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "knowledge", CALL % "x")
    write(tmp_path / "knowledge", "# Orders\n\nRestart the ledger first.\n", "documents/orders.md")
    git(tmp_path, "init", "-q", ".")
    assert compass("apply", "--yes").code == 0
    assert [one.head.commit for one in asyncio.run(kept.documents.kept())] == [""]
    loose = "documents that were kept as no commit had them: knowledge/documents/orders.md"
    assert loose not in compass("versions").out, "the team may use git for something else"
    git(tmp_path, "add", "-A")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "x")
    monkeypatch.setattr(teaming, "origin_of", origin_of)
    assert loose in compass("versions").out
    assert compass("apply").out.startswith("nothing differs: version 1 holds\nversion 1 was applied before")
    assert loose not in compass("versions").out
    assert [one.head.commit for one in asyncio.run(kept.documents.kept())] == [git(tmp_path, "rev-parse", "HEAD")]


def test_the_last_document_goes_also_where_its_folder_went_with_it(
    compass: Compass, kept: MemoryChronicle, tmp_path: Path
) -> None:
    """git removes a folder with its last file."""
    folder = tmp_path / "knowledge"
    write(folder, CALL % "x")
    assert json.loads(compass("diff", "--json").out)["documents"] is None, "there never were any"
    runbook = write(folder, "# Orders\n\nRestart the ledger first.\n", "documents/orders.md")
    compass("apply", "--yes")
    runbook.unlink()
    runbook.parent.rmdir()
    runbook.parent.symlink_to(tmp_path / "not mounted")
    assert compass("apply").out == "nothing differs: version 1 holds\n", "nothing is known of it"
    runbook.parent.unlink()
    assert "documents: 0 added, 0 changed, 1 removed, 0 unchanged\n  - documents/orders.md" in compass("diff").out
    with pytest.raises(BadInputError, match="nobody can be asked"):
        compass("apply")
    assert compass("apply", "--yes").out.endswith("1 document kept, changed or removed\n")
    assert asyncio.run(kept.documents.kept()) == ()
    assert compass("apply").out == "nothing differs: version 1 holds\n"
