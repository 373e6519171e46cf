"""What was recorded of a person's verdict."""

from __future__ import annotations

from compass.entrypoints.cli.render.output import say, show_json
from compass.entrypoints.cli.verdicts import Kept


def show_kept(kept: Kept, *, as_json: bool) -> None:
    if as_json:
        show_json(kept)
        return
    for line in kept.said:
        say(line)
