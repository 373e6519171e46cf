"""Commands in the process of the test, over one chronicle: where the process is not the point."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from compass.entrypoints import storage
from compass.entrypoints.cli import session
from compass.entrypoints.cli.main import build
from compass.ports.chronicle import Chronicle
from compass.ports.errors import CompassError
from tests.support.cli import Done

Compass = Callable[..., Done]


def in_process(kept: Chronicle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Compass:
    """Every command reads and writes `kept`. An error of COMPASS ends a command with code 2 and its words."""

    async def same(_chosen: object) -> Chronicle:
        return kept

    monkeypatch.setattr(storage, "chronicle_of", same)
    catalogue = session.mechanisms_of(session.settings())  # each command reads it anew, which is most of its time
    monkeypatch.setattr(session, "mechanisms_of", lambda _chosen: catalogue)

    def call(*words: object) -> Done:
        capsys.readouterr()
        try:
            code, said = build()([str(word) for word in words], standalone_mode=False), ""
        except CompassError as error:
            code, said = 2, str(error)
        printed = capsys.readouterr()
        return Done(code=int(code or 0), out=printed.out, err=printed.err + said)

    return call
