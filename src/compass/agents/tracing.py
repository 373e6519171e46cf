"""Tracing specialist: where time is spent inside requests, where errors begin, what requests do differently."""

from __future__ import annotations

from compass.agents.base import Charter
from compass.agents.screens.trace_shape import error_screen, shape_screen
from compass.agents.screens.trace_time import work_screen

NAME = "tracing"

CHARTER = Charter(
    name=NAME,
    duty="where time is spent inside requests, where errors begin, what they do differently",
    screens=(work_screen(NAME), error_screen(NAME), shape_screen(NAME)),
)
