"""`compass doctor` through the real command line: real reads, what is missing, what to do, and never a secret."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from pathlib import Path

import pytest

from compass.entrypoints.cli.render.doctor import doctor_lines
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.looking import LOOK_S, Looked, State
from tests.support.cli import Cli, Done, on_terminal, plain
from tests.support.loopback import Answer, Asked, loopback
from tests.support.prometheus import needs_prometheus

CANARY = "canary-9f2b7c4e"
TINY = Path(__file__).parents[2] / "sources" / "mcp" / "tiny_server.py"
pytestmark = pytest.mark.xdist_group("cli")


def doctor(cli: Cli, folder: Path, text: str, *arguments: str, **environment: str) -> Done:
    (folder / "compass.toml").write_text(text)
    return cli("doctor", *arguments, COMPASS_CONFIG=str(folder / "compass.toml"), **environment)


def rows(done: Done) -> dict[tuple[str, str], dict[str, object]]:
    report = done.json()
    assert isinstance(report, dict)
    assert report["exit_code"] == done.code
    return {(row["source"], row["part"]): row for row in report["checks"]}


@needs_prometheus()
def test_what_works_is_shown_with_its_time_and_what_was_found(cli: Cli, tmp_path: Path, server: str) -> None:
    text = f'[sources.metrics]\ntype = "mimir"\nurl = "{server}"\n'
    done = doctor(cli, tmp_path, text, "--json")
    assert done.code == 0
    found = rows(done)
    assert found["metrics", "metrics"]["state"] == "ok"
    assert isinstance(found["metrics", "metrics"]["ms"], int)
    assert found["metrics", "alerts"]["figures"] == {"alerts": "0", "rules": "0"}
    assert found["database", "chronicle"]["state"] == "ok"
    assert "migrations applied" in str(found["database", "chronicle"]["detail"])
    drawn = plain(on_terminal(cli, "doctor", COMPASS_CONFIG=str(tmp_path / "compass.toml")).out)
    screen = drawn.split("\r")[-1]  # what was said meanwhile is gone
    assert max(map(len, screen.splitlines()[1:])) <= 80, "the path of the settings stays whole"
    assert "everything works" not in screen, "it has nothing to show"
    assert "everything answers; what is said above after an arrow may hide something" in " ".join(screen.split())
    # What is missing is said too: no sample of the last minutes, and parts that nothing gives.
    assert "is this the right tenant?" in " ".join(screen.split())
    assert "no logs connected: what the programs wrote" in screen


@needs_prometheus()
def test_one_that_is_lost_leaves_the_others_and_is_told_with_what_to_do(cli: Cli, tmp_path: Path, server: str) -> None:
    text = (
        f'[sources.metrics]\ntype = "mimir"\nurl = "{server}"\n'
        '[sources.other]\ntype = "mimir"\nurl = "http://127.0.0.1:9"\n'
    )
    done = doctor(cli, tmp_path, text)
    assert done.code == 1
    assert "cannot be reached" in done.out
    assert "→ is the address right, and open from here?" in done.out
    assert done.out.count("cannot be reached") == 1, "what was said of one part is not said of the next"
    assert done.out.endswith("2 of 5 do not work: other metrics, other alerts\n")


def test_of_a_server_of_tools_it_shows_which_may_be_called(cli: Cli, tmp_path: Path) -> None:
    """One that gives no part of a window: started for real, and asked what it has."""
    table = (
        f'[sources.helper]\ntype = "mcp"\ncommand = ["{sys.executable}", "{TINY}"]\n'
        'tools = ["read_note", "unsure", "raed_note"]\nenv = { KEY = "env:OURS" }\n'
    )
    done = doctor(cli, tmp_path, table, OURS=CANARY)
    assert done.code == 0, done.said
    assert "helper       tools      ok" in done.out
    assert "1 of 3 listed tools may be called; it has 17" in done.out
    assert "may be called read_note" in done.out
    assert "→ raed_note: not among the tools that it has; are they spelt as it does?" in done.out
    assert "→ unsure: the server does not say that they only read" in done.out
    assert "everything works" not in done.out
    assert CANARY not in done.said
    found = rows(doctor(cli, tmp_path, table, "--json", OURS=CANARY))["helper", "tools"]
    assert found["figures"]["not marked"] == "unsure"
    gone = doctor(
        cli, tmp_path, '[sources.helper]\ntype = "mcp"\ncommand = ["no-such-program-of-ours"]\ntools = ["a"]\n'
    )
    assert gone.code == 1
    assert "no-such-program-of-ours cannot be started" in gone.out


WRONG = {
    "a secret that is not there": (
        '[sources.metrics]\ntype = "mimir"\nurl = "http://127.0.0.1:9"\ntoken = "env:NOT_THERE"\n',
        ("env:NOT_THERE holds nothing (metrics.token)", "→ export NOT_THERE=..."),
    ),
    "a type that is not there": ('[sources.metrics]\ntype = "mimmir"\n', ("'mimmir'", "→ known: ", "mimir")),
    "no TOML": ("[sources", ("compass.toml", "it is not valid TOML")),
    "no server": ("", ("names no server", "compass init", "compass demo")),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrongly_set_is_exit_code_2_and_the_rest_is_checked(cli: Cli, tmp_path: Path, case: str) -> None:
    text, words = WRONG[case]
    done = doctor(cli, tmp_path, text)
    assert done.code == 2
    for word in words:
        assert word in done.out
    assert "PostgreSQL" in done.out
    assert "no logs connected" not in done.out, "nobody knows what it would give"


def test_without_settings_it_says_what_works_without(cli: Cli, tmp_path: Path) -> None:
    done = cli("doctor", cwd=tmp_path, HOME=str(tmp_path))
    assert done.code == 2
    assert "no live server is connected" in done.out
    assert done.out.endswith("no server is connected\n")
    assert "compass init" in done.out
    assert "compass investigate --recording DIR" in done.out
    assert "no model chosen: that is normal, nothing needs one" in done.out
    missing = cli("doctor", COMPASS_CONFIG=str(tmp_path / "gone.toml"))
    assert missing.code == 2
    assert "gone.toml" in missing.out
    assert "cannot be read" in missing.out


def test_a_database_that_is_gone_is_a_row_with_what_to_do(cli: Cli, tmp_path: Path) -> None:
    url = f"postgresql://someone:{CANARY}@127.0.0.1:1/compass"
    done = cli("doctor", cwd=tmp_path, HOME=str(tmp_path), COMPASS_DATABASE_URL=url)
    assert "the database failed" in done.out
    assert "is it running and reachable?" in done.out
    assert CANARY not in done.said
    unreadable = cli("doctor", cwd=tmp_path, HOME=str(tmp_path), COMPASS_DATABASE_URL=f"nonsense {CANARY}")
    assert "an example that works" in unreadable.out
    assert CANARY not in unreadable.said


async def test_no_secret_is_ever_printed(cli: Cli, tmp_path: Path) -> None:
    """Whatever a server echoes, and wherever somebody wrote a secret by mistake."""

    def echo(asked: Asked) -> Answer:
        body = json.dumps({"status": "error", "error": f"no: {asked.headers.get('authorization')} {asked.headers}"})
        return Answer(status=401, body=body.encode())

    (tmp_path / "secret").write_text(f"{CANARY}-file\n")
    async with loopback(echo) as server:
        tables = "".join(
            f'[sources.s{number}]\ntype = "mimir"\nurl = "{server.url}"\n{option}\n'
            for number, option in enumerate(
                ('token = "env:TOKEN"', 'token = "file:secret"', f'token = "{CANARY}"', f'tokn = "{CANARY}"',
                 'user = "me"\npassword = "env:TOKEN"', f'tenant = ["{CANARY}"]')
            )
        )  # fmt: skip
        for arguments in ((), ("--json",)):
            done = await asyncio.to_thread(doctor, cli, tmp_path, tables, *arguments, TOKEN=f"{CANARY}-env")
            assert done.code == 2
            assert CANARY not in done.said
            assert "401" in done.out
        assert {asked.headers.get("authorization") for asked in server.asked} >= {
            f"Bearer {CANARY}-env", f"Bearer {CANARY}-file"
        }  # fmt: skip


@pytest.mark.slow
def test_servers_that_hang_are_waited_for_at_the_same_time(cli: Cli, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connections are made and nobody ever answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        text = "".join(f'[sources.s{n}]\ntype = "mimir"\nurl = "{url}"\n' for n in range(3))
        began = time.monotonic()
        done = doctor(cli, tmp_path, text)
        took = time.monotonic() - began
    assert done.code == 1
    assert "did not answer within" in done.out
    assert took < 2.8 * LOOK_S, "one deadline, not one after another"


def test_nothing_that_has_to_be_done_is_cut_on_a_narrow_terminal() -> None:
    hint = "give it the right to read Deployments: kubectl apply -f deploy/kubernetes/read-only-role.yaml"
    check = Looked(
        source="a-long-name-of-a-cluster", part="kubernetes", state=State.LOST, ms=10012, detail="no", hints=(hint,)
    )
    drawn = [line.plain for line in doctor_lines(None, [check], [], Page(width=60, unicode=False))]
    assert max(map(len, drawn)) <= 60
    assert " ".join(" ".join(drawn).split()).count(hint) == 1
    assert "->" in "".join(drawn)
