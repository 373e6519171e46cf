"""Runbooks are read where the team says so, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.entrypoints.clock import SystemClock
from compass.ports.errors import SourceUnavailableError
from compass.sources.runbooks import MOST_STEPS, Shelf, steps, steps_of


def test_steps_are_what_is_listed() -> None:
    text = "# Slow\nIntro.\n1. Look at `checkout`\n2) **Scale** it\n- [ ] Tell support\n   * nested\nnot a step\n"
    assert steps(text) == ("Look at checkout", "Scale it", "Tell support", "nested")
    page = (
        "<html><script>1. evil()</script><ol><li>Look <b>here</b></li><li class='x'>Then &amp; there</li></ol></html>"
    )
    assert steps(page) == ("Look here", "Then & there")


def test_they_are_bounded_and_hold_no_secret() -> None:
    many = "\n".join(f"- step {i} password=hunter22 {'x' * 500}" for i in range(50))
    found = steps(many)
    assert len(found) == MOST_STEPS
    assert all(len(one) <= 210 and "hunter22" not in one for one in found)


@pytest.mark.parametrize("address", ["https://wiki.example/books/slow", "slow", "https://wiki.example/books/slow/"])
async def test_a_page_is_found_in_the_teams_folder_by_its_name(tmp_path: Path, address: str) -> None:
    (tmp_path / "slow.md").write_text("1. one\n")
    assert await steps_of(address, Shelf(folder=tmp_path), SystemClock()) == ("one",)


@pytest.mark.parametrize(
    "address", ["https://wiki.example/../secret", "../secret", "https://x/%2e%2e%2fsecret", "https://x/..", "link", ""]
)
async def test_nothing_outside_the_folder_is_read(tmp_path: Path, address: str) -> None:
    (tmp_path / "secret.md").write_text("1. secret\n")
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    assert await steps_of(address, Shelf(folder=folder), SystemClock()) == ()


@pytest.mark.parametrize(
    "address",
    ["https://other.example/slow", "http://wiki.example/slow", "file:///etc/passwd", "https://wiki.example@x/"],
)
async def test_no_other_host_is_asked(address: str) -> None:
    assert await steps_of(address, Shelf(hosts=("wiki.example",)), SystemClock()) == ()


@pytest.mark.parametrize("path", ["slow", "{x}/{}", "%7Bx%7D", "sl\u00f6w page", "slow;a=b"])
async def test_a_host_that_does_not_answer_is_told(path: str) -> None:
    with pytest.raises(SourceUnavailableError, match="cannot be reached"):
        await steps_of(f"https://127.0.0.1:9/{path}", Shelf(hosts=("127.0.0.1",)), SystemClock())


@pytest.mark.parametrize(
    "address", ["https://[wiki/slow", "https://wiki.example:port/slow", "https://wiki.example:99999/"]
)
async def test_what_is_no_address_is_no_runbook(address: str, tmp_path: Path) -> None:
    assert await steps_of(address, Shelf(folder=tmp_path, hosts=("wiki.example",)), SystemClock()) == ()
