"""The first screen says each thing once."""

from __future__ import annotations

from dataclasses import replace

from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.render.screen import what
from compass.projections.build_view import build_view
from tests.support.boards import INCIDENT, board

SAID = "the front end is slow"


def test_what_the_page_said_stands_there_once_when_nothing_else_is_seen() -> None:
    view = build_view(board(incident=replace(INCIDENT, symptom=SAID)), {}, id="", number=1)
    assert [line.plain.split() for line in what(view, Page())][1:] == [SAID.split()]
    _, quoted, seen = what(view, Page(uncut=True))
    assert f"the page said: {SAID}" in quoted.plain
    assert "no symptom is visible in the telemetry" in seen.plain
