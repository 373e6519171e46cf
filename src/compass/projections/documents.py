"""What a team's documents say, as a person is shown it: which document, where in it, how old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from compass.domain.board import Board
from compass.domain.time import to_datetime
from compass.projections.view import DocumentLine

PATH = " › "


def document_lines(board: Board) -> tuple[DocumentLine, ...]:
    """One line a passage that was quoted."""
    now_ns = board.incident.now_ns if board.incident is not None else 0
    return tuple(
        DocumentLine(
            label=label, document=one.document, kind=one.kind, heading=one.heading, first_line=one.first_line,
            last_line=one.last_line, text=one.text, about=one.about, team=one.team, commit=one.commit,
            place=place_words(one.document, one.heading, one.first_line, one.last_line, one.title),
            changed_at=one.changed_at, age=age_words(one.changed_at, now_ns),
        )
        for label, one in board.quoted.items()
    )  # fmt: skip


def said_words(text: str) -> str:
    """A passage in one line, without the heading that its place names already."""
    lines = text.split("\n")
    return " ".join(" ".join(lines[1:] if lines[0].startswith("#") and len(lines) > 1 else lines).split())


def short_place(line: DocumentLine, most: int) -> str:
    """Its place in `most` characters where leaving out folders does it: the heading is what is looked for."""
    if len(line.place) <= most or "/" not in line.document:
        return line.place
    return f"…/{line.document.rpartition('/')[2]}{line.place.removeprefix(line.document)}"


def source_words(line: DocumentLine) -> str:
    """Whose it is, how old, at which commit: as far as that is known."""
    said = [f"of {line.team}" if line.team else "", f"changed {line.age}" if line.age else ""]
    said.append(f"commit {line.commit[:12]}" if line.commit else "")
    return ", ".join(one for one in said if one)


def place_words(document: str, heading: Sequence[str], first_line: int, last_line: int, title: str = "") -> str:
    """`docs/pool.md › Pool exhausted (l. 12-40)`. A first heading that only repeats the title is left out where others
    follow."""
    shown = heading[1:] if len(heading) > 1 and heading[0] == title else heading
    lines = f"l. {first_line}" if first_line == last_line else f"l. {first_line}-{last_line}"
    return f"{PATH.join((document, *shown))} ({lines})"


def age_words(changed_at: str, now_ns: int) -> str:
    """How long before `now_ns` it was last changed; "" where that is not known or still to come."""
    if not changed_at:
        return ""
    days = (to_datetime(now_ns) - datetime.fromisoformat(changed_at)).days
    if days < 0:
        return ""
    if days < 2:
        return ("today", "yesterday")[days]
    if days < 60:
        return f"{days} days ago"
    return f"{days // 30} months ago" if days < 730 else f"{days // 365} years ago"
