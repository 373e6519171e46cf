"""What git says of a folder, also where there is no git, no repository, no commit, or a setting that runs things."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from compass.entrypoints import repository
from compass.entrypoints.repository import origin_of
from tests.support.team import git, write


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", ".")
    git(tmp_path, "config", "user.name", "Ada\x1b[31m")
    git(tmp_path, "config", "user.email", "ada@example.org")
    write(tmp_path / "knowledge", "scope: global\n")
    return tmp_path


def commit(repo: Path) -> str:
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "x")
    return git(repo, "rev-parse", "HEAD")


def test_the_commit_and_whether_the_folder_differs_from_it(repo: Path) -> None:
    folder = repo / "knowledge"
    assert origin_of(folder).commit == "", "there is no commit yet"
    at = commit(repo)
    assert (origin_of(folder).commit, origin_of(folder).by) == (at, "Ada[31m")
    write(repo, "x", "elsewhere.yaml")
    write(folder, "x", "notes.txt")
    assert origin_of(folder) == repository.Origin(commit=at, by="Ada[31m"), "neither is knowledge"
    write(folder, "scope: global\n# more\n")
    assert origin_of(folder).commit == f"{at}+"
    assert origin_of(folder).uncommitted == ("orders.yaml",)
    git(repo, "checkout", "-q", "knowledge/orders.yaml")
    write(folder, "scope: global\n", "new.yaml")
    assert origin_of(folder).commit == f"{at}+"
    write(repo, "new.yaml\n", ".gitignore")
    assert origin_of(folder).commit == f"{at}+", "it is read although git does not look at it"


def test_documents_below_the_folder_count_as_its_files_do(repo: Path) -> None:
    folder = repo / "knowledge"
    write(folder, "# Orders\n", "documents/runbooks/orders.md")
    write(folder, "x", "documents/drawing.svg")
    assert origin_of(folder).commit == ""
    assert origin_of(folder).uncommitted == ("the whole folder",), "no commit at all has it"
    at = commit(repo)
    assert origin_of(folder) == repository.Origin(commit=at, by="Ada[31m")
    write(folder, "# Orders, again\n", "documents/runbooks/orders.md")
    write(folder, "y", "documents/drawing.svg")
    write(folder, "no document\n", "README.md")
    assert origin_of(folder).commit == f"{at}+"
    assert origin_of(folder).uncommitted == ("documents/runbooks/orders.md",)
    git(repo, "mv", "knowledge/documents/runbooks/orders.md", "knowledge/documents/orders.md")
    assert origin_of(folder).uncommitted == ("documents/orders.md", "documents/runbooks/orders.md")
    assert origin_of(folder / "documents").uncommitted == (), "only what a folder of knowledge holds is meant"


def test_nothing_that_a_repository_names_is_run_and_no_other_one_is_asked(
    repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    at = commit(repo)
    ran = repo / "ran"
    hook = write(repo, f"#!/bin/sh\ntouch {ran}\n", "hook")
    hook.chmod(0o755)
    git(repo, "config", "core.fsmonitor", str(hook))
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q", ".")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert origin_of(repo / "knowledge").commit == at
    assert not ran.exists()


def test_without_a_repository_or_without_git_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "alice")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    assert origin_of(tmp_path) == repository.Origin(commit="", by="alice")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert origin_of(tmp_path) == repository.Origin(commit="", by="alice")


def test_a_git_that_hangs_is_left_alone(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(repo)

    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("git", 5)

    monkeypatch.setattr(subprocess, "run", hang)
    assert origin_of(repo).commit == ""
