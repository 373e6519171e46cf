"""Change specialist: what was changed shortly before, what it touches, how new instances compare with old ones."""

from __future__ import annotations

from compass.agents.base import Charter
from compass.agents.screens.changes import ChangeScreen
from compass.agents.screens.releases import ReleaseScreen

NAME = "change"

CHARTER = Charter(
    name=NAME,
    duty="deploys, configuration, flags, releases side by side",
    screens=(ChangeScreen(agent=NAME), ReleaseScreen(agent=NAME)),
)
