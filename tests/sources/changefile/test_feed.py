"""Files of changes as people, CI and webhook receivers write them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from compass.domain.incident import Incident
from compass.domain.telemetry import ObjectKind, ObjectQuery
from compass.domain.time import Window
from compass.entrypoints.clock import SystemClock
from compass.ports.clock import Deadline
from compass.ports.errors import ConfigurationError, SourceRefusedError
from compass.redaction.secret import Secrets
from compass.sources.changefile import CONNECTOR, reading
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means
from compass.sources.live.feed import Feed, Scope
from compass.sources.live.gathered import Gathered, JsonObject, Objects
from compass.sources.live.source import LiveSource
from compass.sources.recording.jsonfiles import time_of

SECRET = "hunter2-" + "canary"
PATIENT = Deadline()


def ns(at: str) -> int:
    found = time_of(f"2026-11-26T{at}Z")
    assert found is not None
    return found


WINDOW = Window(start_ns=ns("10:00:00"), end_ns=ns("10:40:00"))
SCOPE = Scope(window=WINDOW, detected_ns=ns("10:30:00"))


def feed_of(base: Path, path: str = "changes.jsonl", **options: Any) -> Feed:
    means = Means(clock=SystemClock(), ledger=Ledger(), secrets=Secrets({}, base))
    return CONNECTOR.connect("deploys", {"type": "changes", "path": path, **options}, means)


def line(at: str, **more: Any) -> str:
    return json.dumps({"time": f"2026-11-26T{at}Z", "kind": "deploy", **more})


async def gathered(base: Path, path: str = "changes.jsonl") -> Gathered:
    return await feed_of(base, path).gather("changes", SCOPE, deadline=PATIENT)


def objects_of(found: Gathered) -> list[JsonObject]:
    assert isinstance(found.data, Objects)
    return list(found.data.objects)


async def test_lines_of_the_window_in_order(tmp_path: Path) -> None:
    lines = [
        line("10:20:00", id="b", service="checkout", summary="2.0", diff="-a\n+b", attributes={"by": "ci", "n": 3}),
        line("10:05:00", id="a", kind="flag"), line("09:59:59"), line("10:40:01"), "",
    ]  # fmt: skip
    (tmp_path / "changes.jsonl").write_text("\n".join(lines))
    found = await gathered(tmp_path)
    assert [one["id"] for one in objects_of(found)] == ["a", "b"]
    assert objects_of(found)[1] == {
        "time": "2026-11-26T10:20:00Z", "kind": "deploy", "summary": "2.0", "id": "b", "service": "checkout",
        "diff": "-a\n+b", "attributes": {"by": "ci", "n": 3},
    }  # fmt: skip
    assert found.missing == ()
    assert found.queries[0].text == f"cat {tmp_path / 'changes.jsonl'}"


async def test_bad_lines_are_named_and_cost_only_themselves(tmp_path: Path) -> None:
    lines = [line("10:05:00", id="a"), "{broken", '{"kind": "deploy"}', line("10:06:00", id="b"), '{"time": "soon"}',
             '{"time": "2026-11-26T10:07:00Z", "summary": 7}', "[1]"]  # fmt: skip
    (tmp_path / "changes.jsonl").write_text("\n".join(lines))
    found = await gathered(tmp_path)
    assert [one["id"] for one in objects_of(found)] == ["a", "b"]
    assert [note.split(" was left out: ")[0] for note in found.missing] == [
        f"changes.jsonl line {number}" for number in (2, 3, 5, 6, 7)
    ]
    assert "missing required field `time`" in found.missing[1]
    assert "'soon' is no time" in found.missing[2]
    (tmp_path / "changes.jsonl").write_text("x\n" * 9)
    assert (await gathered(tmp_path)).missing[-1] == "… and 4 more entries were left out"


async def test_a_line_that_is_being_written_is_missing_until_it_is_whole(tmp_path: Path) -> None:
    whole = line("10:06:00", id="b")
    file = tmp_path / "changes.jsonl"
    feed = feed_of(tmp_path)
    file.write_text(f"{line('10:05:00', id='a')}\n{whole[:20]}")
    first = await feed.gather("changes", SCOPE, deadline=PATIENT)
    assert [one["id"] for one in objects_of(first)] == ["a"]
    assert first.missing[0].startswith("changes.jsonl line 2 was left out")
    with file.open("a") as opened:
        opened.write(whole[20:] + "\n")
    second = await feed.gather("changes", SCOPE, deadline=PATIENT)
    assert ([one["id"] for one in objects_of(second)], second.missing) == (["a", "b"], ())


YAML = """
- time: 2026-11-26T10:05:00Z
  kind: flag
  service: checkout
  id: 17
  summary: "new-basket: off → on"
  attributes: {from: off, to: on}
- time: 2026-11-26 10:06:00
  kind: config
- just a word
"""


@pytest.mark.parametrize("name", ["changes.yaml", "changes.yml", "changes.json"])
async def test_lists(tmp_path: Path, name: str) -> None:
    listed = [
        {"time": "2026-11-26T10:05:00Z", "kind": "flag", "service": "checkout", "id": 17,
         "summary": "new-basket: off → on", "attributes": {"from": "off", "to": "on"}},
        {"time": 1795687560, "kind": "config"}, "just a word",
    ]  # fmt: skip
    (tmp_path / name).write_text(json.dumps({"changes": listed}) if name.endswith("json") else YAML)
    found = await gathered(tmp_path, name)
    flag, config = objects_of(found)
    assert (flag["kind"], flag["service"], flag["id"]) == ("flag", "checkout", "17")
    assert flag["attributes"] == {"from": "off", "to": "on"}
    assert config["id"] == f"{name} entry 2"
    assert found.missing == (f"{name} entry 3 was left out: it is no object",)


async def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "2026-11.jsonl").write_text(line("10:05:00", id="a"))
    (tmp_path / "flags.yaml").write_text("- {time: 2026-11-26T10:04:00Z, id: flag}")
    (tmp_path / "notes.txt").write_text("nothing of this kind")
    (tmp_path / "sub.jsonl").mkdir()
    found = await gathered(tmp_path.parent, tmp_path.name)
    assert [one["id"] for one in objects_of(found)] == ["flag", "a"]
    assert found.missing == ()


async def test_of_too_many_files_the_last_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_FILES", 2)
    for number in range(3):
        (tmp_path / f"{number}.jsonl").write_text(line(f"10:0{number}:00", id=str(number)))
    found = await gathered(tmp_path, ".")
    assert [one["id"] for one in objects_of(found)] == ["1", "2"]
    assert found.missing[0].startswith("only the last 2 of 3 files")


async def test_of_a_long_file_the_end_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 400)
    early = [line("08:00:00", id=f"early-{number}") for number in range(20)]
    late = [line("10:05:00", id="a"), "broken"]
    (tmp_path / "changes.jsonl").write_text("\n".join([*early, *late]))
    found = await gathered(tmp_path)
    assert [one["id"] for one in objects_of(found)] == ["a"]
    assert [note.split(" was")[0] for note in found.missing] == ["changes.jsonl line 1 from its end"]
    (tmp_path / "changes.jsonl").write_text("\n".join(line("10:05:00", id=f"{number}") for number in range(20)))
    (cut,) = (await gathered(tmp_path)).missing
    assert cut.startswith("of changes.jsonl, only the last 0.0004 MB were read")


async def test_texts_are_bounded_and_without_secrets(tmp_path: Path) -> None:
    hostile = line(
        "10:05:00", summary=f"\x1b[2J\u202epassword={SECRET} " + "x" * 9_000,
        diff=f"+token: {SECRET}\n" + "+y\n" * 50_000, service="s" * 900,
        attributes={"api_token": SECRET, "n": None, "k" * 900: "v"}, id="i\x07d",
    )  # fmt: skip
    (tmp_path / "changes.jsonl").write_text(f'{hostile}\n{{"time": "{SECRET} password={SECRET}"}}')
    found = await gathered(tmp_path)
    (one,) = objects_of(found)
    assert SECRET not in json.dumps(one)
    assert str(one["summary"]).startswith("password=[redacted:secret] xxx")
    assert (len(str(one["summary"])), len(str(one["diff"])), len(str(one["service"]))) == (500, 20_000, 200)
    assert one["id"] == "id"


async def test_aliases_of_yaml_do_not_grow(tmp_path: Path) -> None:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    (tmp_path / "c.yaml").write_text(f"a0: &a0 lol\n{levels}\nchanges: [{{time: 2026-11-26T10:05:00Z, id: *a11}}]")
    (one,) = objects_of(await gathered(tmp_path, "c.yaml"))
    assert one["id"] == "c.yaml entry 1"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("c.json", "{", "c.json: it is not valid"), ("c.yaml", "a: [", "it is not valid"),
        ("c.json", '{"a": 1}', "holds no list of changes"), ("c.yaml", "word", "holds no list"),
        ("c.json", "[" * 100_000, "it is not valid"), ("c.json", "[" + " " * 2_000_000 + "]", "may have 2 MB"),
        ("c.yaml", "[" * 20_000, "it is not valid"), ("c.yaml", "#" * 200_001, "may have 0.2 MB"),
    ],
)  # fmt: skip
async def test_what_is_no_list_is_refused(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(SourceRefusedError, match=said):
        await gathered(tmp_path, name)


async def test_what_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefusedError, match="No such file or directory"):
        await gathered(tmp_path)
    os.mkfifo(tmp_path / "changes.jsonl")
    with pytest.raises(SourceRefusedError, match="neither a file nor a folder"):
        await gathered(tmp_path)
    with pytest.raises(SourceRefusedError, match="gives no logs"):
        await feed_of(tmp_path).gather("logs", SCOPE, deadline=PATIENT)
    with pytest.raises(ConfigurationError, match="path is empty"):
        feed_of(tmp_path, " ")
    with pytest.raises(ConfigurationError, match="path"):
        feed_of(tmp_path, url="http://x")


async def test_a_look_counts_and_names_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "changes.jsonl").write_text(f"{line('10:05:00')}\n{line('11:05:00')}\nx")
    found = await feed_of(tmp_path).look("changes", deadline=PATIENT)
    assert found.detail == "2 changes in changes.jsonl, the last at 2026-11-26T11:05:00+00:00"
    assert found.hints[0].startswith("changes.jsonl line 3 was left out")


async def test_an_investigation_reads_it(tmp_path: Path) -> None:
    (tmp_path / "changes.jsonl").write_text(line("10:05:00", id="a", service="checkout", summary="pool 50 → 5"))
    about = Incident(title="slow", window=WINDOW, detected_ns=SCOPE.detected_ns, now_ns=WINDOW.end_ns)
    source = LiveSource("live", [feed_of(tmp_path)], about, SystemClock(), Ledger())
    answer = await source.objects(ObjectQuery(kind=ObjectKind.CHANGES, window=WINDOW), deadline=PATIENT)
    await source.aclose()
    (change,) = answer.data.changes
    assert change.entity is not None
    assert (change.id, change.entity.name) == ("a", "checkout")
