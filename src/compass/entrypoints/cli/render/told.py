"""An update for one audience as lines."""

from __future__ import annotations

from rich.text import Text

from compass.projections.briefing import Audience, Briefing


def briefing_lines(told: Briefing) -> list[Text]:
    """Each line with the ids of its facts; customers read none."""
    cited = told.audience is not Audience.CUSTOMERS
    return [
        Text(f"{line.text} [{', '.join(line.facts)}]" if cited and line.facts else line.text) for line in told.lines
    ]
