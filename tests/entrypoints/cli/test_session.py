"""What ends a command from outside, and that it has cleaned up by then."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from compass.entrypoints.cli.session import ENDINGS, run


@pytest.mark.parametrize("by", ENDINGS)
def test_what_ends_it_lets_it_clean_up(by: signal.Signals) -> None:
    cleaned: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), by)
            await asyncio.sleep(30)
        finally:
            cleaned.append("terminal")

    with pytest.raises(SystemExit) as ended:
        run(work)
    assert ended.value.code == 128 + by
    assert cleaned == ["terminal"]


def test_a_hangup_that_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    async def work() -> str:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        return "done"

    try:
        assert run(work) == "done"
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
