"""Against a real MCP server of ours: what may be called, and what becomes of hostile and broken answers."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from compass.entrypoints.clock import SystemClock
from compass.ports.clock import Deadline
from compass.ports.errors import ConfigurationError, SourceError, SourceRefusedError, SourceUnavailableError
from compass.sources.http.ledger import Answered, Ledger
from compass.sources.live.feed import TOOLS
from compass.sources.mcp.feed import McpFeed
from tests.sources.mcp.asking import ALL, CANARY, TINY, connected, tiny

NO_DEADLINE = Deadline()
# To start a server takes seconds: tests that change nothing share one.
together = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def feed() -> AsyncIterator[McpFeed]:
    async with tiny() as made:
        yield made


@together
async def test_offers_what_is_listed_and_reads(feed: McpFeed) -> None:
    offered = {tool.name for tool in await feed.tools(deadline=NO_DEADLINE)}
    assert offered == {*ALL} - {"unsure", "write_note", "two_faced", "absent"}
    found = await feed.look(TOOLS, deadline=NO_DEADLINE)
    assert found.detail == f"{len(ALL) - 4} of {len(ALL)} listed tools may be called; it has 17"
    assert set(found.figures.pop("may be called").split(", ")) == offered
    assert found.figures == {
        "not marked": "two_faced, unsure, write_note", "not there": "absent", "not listed": "create_thing, left_out",
    }  # fmt: skip
    absent, unmarked = found.hints
    assert absent == "absent: not among the tools that it has; are they spelt as it does?"
    assert unmarked.startswith("two_faced, unsure, write_note: the server does not say that they only read")
    assert unmarked.endswith("read_only = ['two_faced', 'unsure', 'write_note'] in compass.toml")


async def test_a_team_that_lists_none_is_told_what_there_is() -> None:
    async with tiny(tools=[]) as feed:
        found = await feed.look(TOOLS, deadline=NO_DEADLINE)
        assert found.detail == "0 of 0 listed tools may be called; it has 17"
        assert "read_note" in found.figures["not listed"]
        assert found.hints == ('tools = ["NAME"] in compass.toml says which may be called: none is',)
        with pytest.raises(SourceRefusedError, match="gives no logs"):
            await feed.look("logs", deadline=NO_DEADLINE)


async def test_the_team_may_know_better() -> None:
    async with tiny(read_only=["unsure", "two_faced"]) as feed:
        said = await feed.call("unsure", {"id": 3}, deadline=NO_DEADLINE)
        assert said.text == "unsure: {'id': 3}"
        assert {"unsure", "two_faced"} <= {tool.name for tool in await feed.tools(deadline=NO_DEADLINE)}


@together
async def test_a_description_is_text_of_a_stranger(feed: McpFeed) -> None:
    tool = {one.name: one for one in await feed.tools(deadline=NO_DEADLINE)}["hostile"]
    assert len(tool.description) <= 1_000
    assert not any(ord(letter) < 32 for letter in tool.description)


@together
@pytest.mark.parametrize(
    "name", ["write_note", "unsure", "two_faced", "absent", "left_out", "create_thing", "alerting_manage_rules"]
)
async def test_nothing_else_is_called(feed: McpFeed, name: str) -> None:
    before = int((await feed.call("count", {"before": name}, deadline=NO_DEADLINE)).text)
    with pytest.raises(SourceRefusedError, match="it is not called"):
        await feed.call(name, {}, deadline=NO_DEADLINE)
    assert (await feed.call("count", {"after": name}, deadline=NO_DEADLINE)).text == str(before + 1)


@pytest.mark.parametrize("name", ["create_thing", "update_dashboard", "alerting_manage_rules", "Delete_it"])
def test_no_setting_allows_what_changes_something(name: str) -> None:
    with pytest.raises(ConfigurationError, match="can change something"):
        connected(Ledger(), {"command": ["x"], "tools": [name], "read_only": [name]}, {})


async def test_asked_once_and_written_down() -> None:
    ledger = Ledger()
    async with tiny(ledger) as feed:
        both = await asyncio.gather(*(feed.call("count", {"a": 1}, deadline=NO_DEADLINE) for _ in range(2)))
        again = await feed.call("count", {"a": 1}, deadline=NO_DEADLINE)
        other = await feed.call("count", {"a": 2}, deadline=NO_DEADLINE)
    assert [one.text for one in (*both, again, other)] == ["1", "1", "1", "2"]
    assert [one.answered for one in ledger.sent] == [
        Answered.SERVER, Answered.SHARED, Answered.SHARED, Answered.SERVER,
    ]  # fmt: skip
    first = ledger.sent[0]
    assert (first.source, first.method, first.path, first.params) == ("helper", "CALL", "count", (("a", "1"),))
    assert first.size == 1
    assert first.seconds > 0


@pytest.mark.parametrize(("tool", "megabytes"), [("large", 0.2), ("larger", 1.0)])
async def test_an_answer_has_a_size(tool: str, megabytes: float) -> None:
    async with tiny(answer_mb=megabytes) as feed:
        with pytest.raises(SourceRefusedError, match="larger than"):
            await feed.call(tool, {}, deadline=NO_DEADLINE)
        # Where it had to be stopped for that, it is started again.
        assert (await feed.call("read_note", {}, deadline=NO_DEADLINE)).text == "read_note: {}"


async def test_a_tool_that_hangs_ends_by_the_deadline() -> None:
    clock = SystemClock()
    async with tiny() as feed:
        await feed.tools(deadline=NO_DEADLINE)
        began = time.monotonic()
        with pytest.raises(SourceUnavailableError, match="did not answer within"):
            await feed.call("hang", {}, deadline=Deadline(at_s=clock.monotonic_s() + 0.3))
        assert time.monotonic() - began < 60.0, "it hangs for an hour"
        assert (await feed.call("count", {}, deadline=NO_DEADLINE)).text == "2"


async def test_a_call_that_is_given_up_does_not_hold_the_others() -> None:
    async with tiny(timeout_s=0.5, concurrency=1) as feed:
        await feed.tools(deadline=NO_DEADLINE)
        waiting = asyncio.create_task(feed.call("hang", {}, deadline=NO_DEADLINE))
        await asyncio.sleep(0.1)
        waiting.cancel()
        assert (await feed.call("read_note", {}, deadline=NO_DEADLINE)).text == "read_note: {}"


async def test_a_crash_is_told_and_survived() -> None:
    async with tiny() as feed:
        hanging = asyncio.create_task(feed.call("hang", {}, deadline=NO_DEADLINE))
        await asyncio.sleep(0)
        await feed.tools(deadline=NO_DEADLINE)
        with pytest.raises(SourceUnavailableError, match="ended by itself with 3") as caught:
            await feed.call("crash", {}, deadline=NO_DEADLINE)
        assert "about to end" in str(caught.value)
        assert "hunter2" not in str(caught.value)
        with pytest.raises(SourceUnavailableError, match="ended by itself"):
            await hanging
        assert (await feed.call("count", {}, deadline=NO_DEADLINE)).text == "1"


async def test_one_that_crashes_again_and_again_is_left_alone() -> None:
    async with tiny() as feed:
        for number in range(3):
            with pytest.raises(SourceUnavailableError, match="ended by itself"):
                await feed.call("crash", {"n": number}, deadline=NO_DEADLINE)
        with pytest.raises(SourceUnavailableError, match="has ended too often"):
            await feed.call("read_note", {}, deadline=NO_DEADLINE)


@together
async def test_a_result_that_breaks_its_word(feed: McpFeed) -> None:
    with pytest.raises(SourceRefusedError, match="no result of it"):
        await feed.call("invalid", {}, deadline=NO_DEADLINE)


@together
async def test_a_failure_is_told_in_its_words(feed: McpFeed) -> None:
    with pytest.raises(SourceRefusedError, match="its tool fails failed: no such thing"):
        await feed.call("fails", {"id": 1}, deadline=NO_DEADLINE)


@together
async def test_only_text_is_kept(feed: McpFeed) -> None:
    said = await feed.call("picture", {}, deadline=NO_DEADLINE)
    assert said.left_out == 1
    assert said.text == "a word"


async def test_it_gets_no_secret_that_is_not_named() -> None:
    async with tiny(env={"MY_TOKEN": "env:OURS", "MODE": "plain"}) as feed:
        said = await feed.call("environment", {}, deadline=NO_DEADLINE)
    names = {line.partition("=")[0] for line in said.text.splitlines()}
    assert {"MODE", "MY_TOKEN", "PATH"} <= names
    assert names <= {"MODE", "MY_TOKEN", "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LC_CTYPE"}
    assert "not-for-you" not in said.text


async def test_secrets_are_nowhere(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    ledger = Ledger()
    said: list[str] = []
    async with tiny(ledger, env={"MY_TOKEN": "env:OURS"}) as feed:
        said.append((await feed.call("environment", {}, deadline=NO_DEADLINE)).text)
        for name in ("fails", "crash"):
            with pytest.raises(SourceError) as caught:
                await feed.call(name, {"echo": f"it is {CANARY}"} if name == "fails" else {}, deadline=NO_DEADLINE)
            said += [str(caught.value), repr(caught.value)]
    async with tiny(ledger, env={"STILLBORN": "env:OURS"}) as feed:
        with pytest.raises(SourceUnavailableError, match="cannot begin with") as caught:
            await feed.tools(deadline=NO_DEADLINE)
        said.append(str(caught.value))
    out, err = capfd.readouterr()
    said += [one.error for one in ledger.sent]
    assert CANARY not in "\n".join([*said, out, err, caplog.text])


async def test_a_server_that_does_not_greet_ends_by_the_deadline() -> None:
    feed = connected(Ledger(), {"command": ["sleep", "600"], "tools": ["a"]}, {"PATH": os.environ["PATH"]})
    others = {*_children(os.getpid())}
    began = time.monotonic()
    with pytest.raises(SourceUnavailableError, match="did not greet us within"):
        await feed.tools(deadline=Deadline(at_s=SystemClock().monotonic_s() + 0.5))
    assert time.monotonic() - began < 60.0, "it sleeps for ten minutes"
    (pid,) = {*_children(os.getpid())} - others
    await feed.aclose()
    assert _gone(pid)


async def test_a_program_that_is_not_there() -> None:
    feed = connected(Ledger(), {"command": ["no-such-program-of-ours"], "tools": ["a"]}, {"PATH": os.environ["PATH"]})
    for _ in range(2):
        with pytest.raises(SourceRefusedError, match="cannot be started"):
            await feed.tools(deadline=NO_DEADLINE)
    await feed.aclose()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"command": ["x"], "url": "http://localhost/mcp"}, "a command and a url"),
        ({}, "no command and no url"),
        ({"command": ["x"], "env": {"API_TOKEN": "the-secret-itself"}}, "named here, not written"),
        ({"command": ["x"], "env": {"A": "env:ABSENT"}}, "holds nothing"),
        ({"command": ["x"], "tools": ["a"], "read_only": ["b"]}, "b is not among tools"),
        ({"grafana": True, "parts": ["logs", "dashboards"]}, "cannot give dashboards"),
        ({"command": "x --y"}, "array"),
    ],
)
def test_settings_that_are_wrong(table: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        connected(Ledger(), table, {})
    assert "the-secret-itself" not in str(caught.value)


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _gone(pid: int, within_s: float = 8.0) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if not _alive(pid):
            return True
        time.sleep(0.05)
    return False


async def test_it_is_gone_at_the_end_with_all_it_started() -> None:
    async with tiny() as feed:
        child = int((await feed.call("start_child", {}, deadline=NO_DEADLINE)).text)
        hanging = asyncio.create_task(feed.call("hang", {}, deadline=NO_DEADLINE))
        await asyncio.sleep(0.05)
        assert _alive(child)
    assert hanging.cancelled() or isinstance(hanging.exception(), SourceError)
    assert _gone(child)


INVESTIGATION = """
import asyncio, sys
from pathlib import Path
from compass.ports.clock import Deadline
from compass.sources.http.ledger import Ledger
from tests.sources.mcp.asking import tiny

async def main():
    async with tiny() as feed:
        text = (await feed.call("environment", {}, deadline=Deadline())).text
        print("ready", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def test_it_ends_when_the_investigation_is_killed() -> None:
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", INVESTIGATION], stdout=subprocess.PIPE, cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    children = _children(process.pid)
    assert children
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert all(_gone(pid) for pid in children)


@pytest.fixture
def web() -> Iterator[str]:
    """The tiny server over streamable HTTP."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(TINY), "http", str(port)])
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(f"{url}/", timeout=1).close()
            except urllib.error.HTTPError as error:
                error.close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        yield f"{url}/mcp"
    finally:
        process.terminate()
        process.wait(timeout=10)


async def test_over_http(web: str) -> None:
    table = {"url": web, "tools": list(ALL), "answer_mb": 1.0, "token": "env:OURS"}
    ledger = Ledger()
    feed = connected(ledger, table, {"OURS": CANARY})
    try:
        assert (await feed.call("read_note", {"id": 2}, deadline=NO_DEADLINE)).text == "read_note: {'id': 2}"
        with pytest.raises(SourceRefusedError, match="larger than"):
            await feed.call("larger", {}, deadline=NO_DEADLINE)
        with pytest.raises(SourceUnavailableError, match="did not answer within"):
            await feed.call("hang", {}, deadline=Deadline(at_s=SystemClock().monotonic_s() + 0.3))
        with pytest.raises(SourceError) as caught:
            await feed.call("fails", {"echo": CANARY}, deadline=NO_DEADLINE)
        assert CANARY not in str(caught.value)
        assert (await feed.call("count", {}, deadline=NO_DEADLINE)).text.isdigit()
    finally:
        await feed.aclose()


@pytest.mark.parametrize(("path", "said"), [("/elsewhere", "does not know this"), ("", "cannot be reached")])
async def test_nobody_there_over_http(web: str, path: str, said: str) -> None:
    url = web.replace("/mcp", path) if path else "http://127.0.0.1:9/mcp"
    feed = connected(Ledger(), {"url": url, "tools": ["read_note"]}, {})
    with pytest.raises(SourceError, match=said):
        await feed.call("read_note", {}, deadline=NO_DEADLINE)
    await feed.aclose()
