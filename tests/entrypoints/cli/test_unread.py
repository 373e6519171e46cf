"""`compass signals` and unknown names: what moved, what a model made of it, how people accept or reject that."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.domain.advice import ReadName
from compass.domain.telemetry import Direction, SignalKind
from compass.entrypoints.cli import session
from compass.entrypoints.cli.render.screen import Page
from compass.entrypoints.cli.render.signals import signal_lines
from compass.entrypoints.cli.understanding import Signals
from compass.entrypoints.cli.unread import Odd, odd_of, readings_of, rule_of
from compass.entrypoints.clock import SystemClock
from compass.investigation.advising.kept import READ
from compass.investigation.advising.series import KIND_WORDS, SCOPES, WORSE
from compass.ports.errors import NotFoundError
from compass.ports.replies import KeptReply
from compass.signals.catalogue import About, Catalogue, builtin
from compass.sources.recording import RecordingSource
from compass.storage.memory import MemoryChronicle
from tests.support import incidents
from tests.support.recordings import write_recording

BY = "some model"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    odd = [
        incidents.gauge("shop_wobble", "orders", incidents.stepped("wobble", 3.0, 40.0)),
        incidents.gauge("shop_calm", "orders", incidents.wave("calm", 7.0)),
        incidents.gauge("shop_elsewhere", "mail", incidents.stepped("elsewhere", 3.0, 40.0)),
    ]
    return write_recording(
        tmp_path_factory.mktemp("odd") / "shop", seconds=incidents.SECONDS, detected_s=incidents.ONSET_S + 300,
        series=[*incidents.pool_series(), *odd], header={"title": "Checkout is slow", "service": "web"},
    )  # fmt: skip


async def looked(folder: Path, rules: tuple[Mapping[str, object], ...] = ()) -> tuple[Odd, Signals]:
    source = RecordingSource.open(folder, rules)
    try:
        found = source.signals("orders")
        odd = await odd_of(source, source.incident(), found.service, found.window)
        return odd, Signals(origin="here", signals=found, unread=odd.unread, since_ns=odd.since_ns)
    finally:
        source.close()


@pytest.fixture
def chronicle(monkeypatch: pytest.MonkeyPatch) -> MemoryChronicle:
    kept = MemoryChronicle(clock=SystemClock())

    @asynccontextmanager
    async def opened(_chosen: object) -> AsyncIterator[MemoryChronicle]:
        yield kept

    monkeypatch.setattr(session, "open_chronicle", opened)
    return kept


async def test_what_moved_of_a_service_is_said_without_any_model(folder: Path) -> None:
    odd, report = await looked(folder)
    assert set(odd.ids) == {"shop_wobble", "shop_calm"}
    line = next(line.plain for line in signal_lines(report, Page(width=120)) if line.plain.startswith("MOVED"))
    assert "1 of 2 unknown names moved since " in line
    assert line.endswith(": shop_wobble")


async def test_a_reading_is_shown_as_the_models_with_the_rule_that_makes_it_permanent(
    folder: Path, chronicle: MemoryChronicle
) -> None:
    odd, report = await looked(folder)
    text = '{"meaning": "pool_pending", "worse": "up", "why": "it wobbles"}'
    await chronicle.replies.keep(READ + odd.ids["shop_wobble"], KeptReply(text=text, model=BY))
    readings = await readings_of(odd, None)
    told = replace(report, readings=readings)
    short = [line.plain for line in signal_lines(told, Page(width=120))]
    assert any(f"shop_wobble: pool_pending, worse up, classified by {BY}, not by the catalogue" in s for s in short)
    assert not any("kind = " in line for line in short)
    lines = [line.plain.strip() for line in signal_lines(told, Page(uncut=True))]
    at = lines.index("[[signals]]")
    rules = tomllib.loads("\n".join(lines[at : at + 4]))["signals"]
    accepted, _ = await looked(folder, tuple(rules))
    assert set(accepted.ids) == {"shop_calm"}
    source = RecordingSource.open(folder, tuple(rules))
    understood = {one.name: one.kind for one in source.signals("orders").understood}
    source.close()
    assert understood["shop_wobble"] is SignalKind.POOL_PENDING


async def test_a_rejected_reading_is_said_to_be_and_its_rule_is_gone(folder: Path, chronicle: MemoryChronicle) -> None:
    odd, report = await looked(folder)
    await chronicle.replies.keep(READ + odd.ids["shop_wobble"], KeptReply(text='{"meaning": "latency"}', model=BY))
    for reject in ("shop_wobble", None):
        (one,) = await readings_of(odd, reject)
        assert (one.rejected, one.meaning, one.rule) == (True, "", "")
    shown = [line.plain for line in signal_lines(replace(report, readings=(one,)), Page(width=120))]
    assert any("shop_wobble: rejected" in line for line in shown)


async def test_only_an_unknown_name_of_the_service_can_be_rejected(folder: Path, chronicle: MemoryChronicle) -> None:
    odd, _ = await looked(folder)
    with pytest.raises(NotFoundError, match="shop_elsewhere"):
        await readings_of(odd, "shop_elsewhere")


def taught(name: str, read: ReadName) -> Catalogue:
    return builtin().extended(tomllib.loads(rule_of(name, read))["signals"])


@given(
    st.text(st.characters(codec="ascii"), min_size=1, max_size=30).filter(lambda name: any(c.isalnum() for c in name)),
    st.sampled_from(list(KIND_WORDS)), st.sampled_from(["", *WORSE]), st.sampled_from(["", *SCOPES]),
)  # fmt: skip
def test_every_rule_can_be_read_and_makes_its_name_known(name: str, kind: SignalKind, worse: str, scope: str) -> None:
    known = taught(name, ReadName(id="s1", meaning=kind.value, worse=worse, scope=scope)).meaning(name, {})
    assert known.known
    assert known.signal.kind is kind
    assert not worse or known.signal.worse is WORSE[worse]
    assert (known.about is About(scope)) if scope in {about.value for about in About} else known.about is About.LABELS


def test_times_and_sizes_are_taken_to_the_units_of_the_catalogue() -> None:
    waiting = taught("shop_wait", ReadName(id="s1", meaning="pool_wait", unit="ms", worse="up")).meaning(
        "shop_wait", {}
    )
    assert (waiting.signal.unit, waiting.scale, waiting.signal.worse) == ("s", 0.001, Direction.UP)
    held = taught("shop_held", ReadName(id="s1", meaning="memory", unit="MiBy")).meaning("shop_held", {})
    assert (held.signal.unit, held.scale) == ("By", 2.0**20)
