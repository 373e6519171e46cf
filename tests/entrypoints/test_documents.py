"""Folders of documents into the store: what changed, what goes, what is refused whole."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from compass.domain.documents import DocumentsChange, Wanted
from compass.entrypoints import documents as documents_module
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.committed import _last
from compass.entrypoints.documents import keep, read_folder, read_paths, remove, sync
from compass.ports.errors import BadInputError, NotFoundError
from compass.storage.memory_documents import MemoryDocuments
from tests.storage.learned import Counting


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    (made / "runbooks").mkdir(parents=True)
    (made / "runbooks" / "pool.md").write_text("# Pool\nRaise it.\n")
    (made / "notes.TXT").write_text("Some words.\n")
    (made / "image.png").write_bytes(b"\xff\xfe")
    (made / ".hidden.md").write_text("# Hidden\nwords\n")
    (made / ".git").mkdir()
    (made / ".git" / "x.md").write_text("# Git\nwords\n")
    (made / "empty.md").write_text("# Only a heading\n")
    return made


def git_in(repository: Path) -> Callable[..., str]:
    def git(*words: str, at: str = "2026-01-02T03:04:05Z") -> str:
        who = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at, "HOME": str(repository), "GIT_CONFIG_NOSYSTEM": "1"}
        named = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-C", str(repository)]
        done = subprocess.run(["git", *named, *words], check=True, capture_output=True, env={**os.environ, **who})
        return done.stdout.decode().strip()

    return git


@pytest.fixture
def documents() -> MemoryDocuments:
    return MemoryDocuments(SystemClock(), Counting())


async def test_a_folder_is_kept_as_it_is_and_a_second_time_changes_nothing(
    folder: Path, documents: MemoryDocuments
) -> None:
    first = await sync(documents, folder)
    assert first.added == ("documents/notes.TXT", "documents/runbooks/pool.md")
    assert first.notes == ("documents/empty.md: left out, there is nothing to read in it",)
    kept = await documents.kept()
    assert [(one.passages, one.embedded) for one in kept] == [(1, 1), (1, 1)]
    again = await sync(documents, folder)
    assert (again.unchanged, again.added, again.changed, again.removed) == (first.added, (), (), ())
    assert await documents.kept() == kept


async def test_changed_added_and_removed_are_told(folder: Path, documents: MemoryDocuments) -> None:
    await sync(documents, folder)
    await keep(documents, read_paths([folder / "notes.TXT"], root="other"))
    (folder / "runbooks" / "pool.md").write_text("# Pool\nLower it.\n")
    (folder / "notes.TXT").unlink()
    (folder / "new.md").write_text("# New\nwords\n")
    change = await sync(documents, folder)
    assert change == DocumentsChange(
        added=("documents/new.md",), changed=("documents/runbooks/pool.md",), removed=("documents/notes.TXT",),
        notes=change.notes,
    )  # fmt: skip
    assert [one.head.name for one in await documents.kept()] == [
        "documents/new.md", "documents/runbooks/pool.md", "other/notes.TXT",
    ]  # fmt: skip


async def test_a_part_of_a_folder_takes_nothing_of_the_rest(folder: Path, documents: MemoryDocuments) -> None:
    await sync(documents, folder)
    change = await sync(documents, folder / "runbooks", root="documents/runbooks")
    assert (change.unchanged, change.removed) == (("documents/runbooks/pool.md",), ())


async def test_one_wrong_file_and_nothing_is_changed(folder: Path, documents: MemoryDocuments) -> None:
    await sync(documents, folder)
    (folder / "runbooks" / "pool.md").write_text("# Pool\nLower it.\n")
    (folder / "bad.md").write_bytes(b"ok\n\xff\n")
    (folder / "front.md").write_text("---\nkind: [x]\n---\nwords\n")
    with pytest.raises(BadInputError, match="nothing was changed") as told:
        await sync(documents, folder)
    assert "documents/bad.md:2:1" in str(told.value)
    assert "documents/front.md:2" in str(told.value)
    found = await documents.find([Wanted(words="raise")])
    assert found.found[0][0].said > 0


async def test_what_leads_out_of_the_folder_or_has_a_strange_name_is_left_out(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("# Secret\nwords\n")
    (folder / "out.md").symlink_to(tmp_path / "secret.md")
    (folder / "inside.md").symlink_to(folder / "notes.TXT")
    (folder / "odd\x1b[2J.md").write_text("words\n")
    (folder / "linked").symlink_to(tmp_path)
    read = read_folder(folder)
    assert list(read.documents) == ["documents/inside.md", "documents/notes.TXT", "documents/runbooks/pool.md"]
    assert [note.rpartition(": ")[2] for note in read.notes] == [
        "left out, its name cannot be printed", "left out, it is a link out of the folder",
        "left out, there is nothing to read in it",
    ]  # fmt: skip


def test_pipes_and_what_is_not_there_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    with pytest.raises(BadInputError, match="no such file"):
        read_paths([tmp_path / "pipe.md"])
    with pytest.raises(BadInputError, match="no such file"):
        read_paths([tmp_path / "gone.md"])
    with pytest.raises(BadInputError, match=r"only \.markdown, \.md, \.txt"):
        read_paths([tmp_path / "a.pdf"])
    with pytest.raises(BadInputError, match="no such folder"):
        read_folder(tmp_path / "gone")


def test_too_many_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents_module, "MOST_FILES", 2)
    with pytest.raises(BadInputError, match="3 documents are too many"):
        read_folder(folder)


def test_two_files_of_one_name_are_told(folder: Path) -> None:
    other = folder.parent / "b" / "documents"
    other.mkdir(parents=True)
    (other / "notes.TXT").write_text("Others.\n")
    with pytest.raises(BadInputError, match=r"documents/notes\.TXT would stand for two files"):
        read_paths([folder, other])


async def test_they_go_by_name_or_by_folder(folder: Path, documents: MemoryDocuments) -> None:
    await sync(documents, folder)
    with pytest.raises(NotFoundError, match="no document pool"):
        await remove(documents, ["documents/notes.TXT", "pool"])
    assert len(await documents.kept()) == 2
    assert await remove(documents, ["documents/runbooks/", "documents"]) == (
        "documents/runbooks/pool.md", "documents/notes.TXT",
    )  # fmt: skip
    assert await documents.kept() == ()


async def test_mechanisms_nobody_knows_are_noted(folder: Path, documents: MemoryDocuments) -> None:
    (folder / "runbooks" / "pool.md").write_text("---\nmechanisms: [pool, gone]\n---\n# Pool\nRaise it.\n")
    change = await sync(documents, folder, mechanisms={"pool"})
    assert "documents/runbooks/pool.md: no mechanism is called gone: it will be found by its words" in change.notes


async def test_an_embedder_that_fails_leaves_them_found_by_words(folder: Path) -> None:
    documents = MemoryDocuments(SystemClock(), Counting(broken=True))
    change = await sync(documents, folder)
    assert (len(change.added), change.unembedded, "nobody answers" in change.problem) == (2, 2, True)
    assert (await documents.find([Wanted(words="raise")])).found[0]


async def test_git_says_where_they_stand_and_when_they_last_changed(folder: Path, documents: MemoryDocuments) -> None:
    git = git_in(folder.parent)
    git("init", "-q")
    git("add", "documents/runbooks", "documents/notes.TXT")
    git("commit", "-qm", "one")
    first = git("rev-parse", "HEAD")
    before = await sync(documents, folder)
    assert {one.head.commit for one in await documents.kept()} == {first}
    (folder / "runbooks" / "pool.md").write_text("# Pool\nLower it.\n")
    changed = await sync(documents, folder)
    assert changed.changed == ("documents/runbooks/pool.md",)
    kept = {one.head.name: one.head for one in await documents.kept()}
    assert kept["documents/runbooks/pool.md"].commit == ""  # nobody has committed what stands there
    assert kept["documents/notes.TXT"].changed_at is not None
    git("commit", "-qam", "two", at="2026-02-02T03:04:05Z")
    assert (await sync(documents, folder)).unchanged == before.added
    kept = {one.head.name: one.head for one in await documents.kept()}
    assert kept["documents/runbooks/pool.md"].commit == git("rev-parse", "HEAD")
    assert f"{kept['documents/runbooks/pool.md'].changed_at:%Y-%m-%d}" == "2026-02-02"
    # Named by their path in the repository, from wherever they are read.
    assert list(read_paths([folder / "runbooks"]).documents) == ["documents/runbooks/pool.md"]
    assert list(read_paths([folder / "notes.TXT"]).documents) == ["documents/notes.TXT"]


@pytest.mark.parametrize("broken", ["no git", "another repository", "not trusted"])
def test_names_are_the_same_where_git_cannot_be_asked(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Under another name everything would be kept twice."""
    git_in(tmp_path)("init", "-q")
    before = read_folder(folder / "runbooks")
    assert list(before.documents) == ["documents/runbooks/pool.md"]
    assert before.notes == ()
    if broken == "no git":
        monkeypatch.setenv("PATH", str(tmp_path))
    elif broken == "another repository":
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    else:
        (tmp_path / ".git" / "config").write_text("[not a config")
    for read in (read_folder(folder / "runbooks"), read_paths([folder / "runbooks" / "pool.md"])):
        assert list(read.documents) == list(before.documents)
        told = [note.partition(": ")[2] for note in read.notes]
        assert told == ([] if broken == "another repository" else ["git does not say which commits it is of"])


def test_a_commit_of_no_time_that_can_be_read_is_left_out_with_what_it_changed() -> None:
    commits = (
        ("c3 ", "a.md"),
        ("c2 2026-02-02T03:04:05+00:00", "a.md\nb.md"),
        ("c1 9999-12-31T23:59:59-14:00", "c.md"),
    )
    log = "".join(f"\x01{head}\n\n{names}\n\n" for head, names in commits)
    found = _last(log, {"a.md", "b.md", "c.md"})
    assert {name: commit.sha for name, commit in found.items()} == {"b.md": "c2"}, "c2 is not the last of a.md"


@pytest.mark.parametrize("odd", ["odd\x1b[2J", "two\nlines", "bytes\udcff"])
def test_folders_whose_names_cannot_be_printed_are_left_out_or_refused(folder: Path, odd: str) -> None:
    (folder / odd).mkdir()
    (folder / odd / "a.md").write_text("words\n")
    read = read_folder(folder)
    assert sorted(read.documents) == ["documents/notes.TXT", "documents/runbooks/pool.md"]
    (note,) = [one for one in read.notes if "cannot be printed" in one]
    assert note == f"{f'{odd}/a.md'!a}: left out, its name cannot be printed"
    with pytest.raises(BadInputError, match="the name cannot be printed") as told:
        read_folder(folder / odd)
    assert str(told.value).isprintable()
    (folder / f"{odd}.md").write_text("words\n")
    with pytest.raises(BadInputError, match="the name cannot be printed"):
        read_paths([folder / f"{odd}.md"])
