"""A document's text split into passages: at headings, then at blocks, so that each can be read and quoted by itself.

Markdown is read by markdown-it (CommonMark with tables), so that a `#` in a code block is no heading. A code block
stays whole as long as it fits the hard bound; what is longer than a passage otherwise is cut at line ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compass.domain.documents import Passage
from compass.redaction import bound
from compass.redaction.gate import replace_personal, replace_secrets

READER = "1"
"""Goes into every digest: documents are read again when this module reads them otherwise."""
SIZE, HARD_SIZE = 1_500, 6_000
"""Characters that a passage is filled to, and that a code block may have and stay whole: what a person reads at once,
and about what an embedder takes in."""
LONGEST_LINE = 2_000
MOST_HEADING = 120
_LINK = re.compile(r"!?\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)")
_ATX = re.compile(r" {0,3}#{1,6}(?:[ \t]+(?P<words>.*?))??(?:[ \t]+#+)?[ \t]*")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*")
_MARKS = str.maketrans("", "", "*`")


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines [first, end) that belong together, counted from 0. `level` of a heading, 0 for text; `whole`: not cut."""

    first: int
    end: int
    level: int = 0
    heading: str = ""
    whole: bool = False


def gate(text: str) -> str:
    """`text` through the one gate with every line where it was: a secret of several lines leaves as many."""

    def stand_in(what: str, thing: str) -> str:
        return f"[redacted:{what}]" + "\n" * thing.count("\n")

    return replace_personal(replace_secrets(text, stand_in), stand_in)


def passages_of(lines: Sequence[str], *, markdown: bool, start: int = 0) -> tuple[Passage, ...]:
    """The passages of a text from line `start` (from 0) on. Lines have passed `gate` and hold no line feed."""
    body = ["" if at < start else line for at, line in enumerate(lines)]
    blocks = _markdown(body) if markdown else _paragraphs(body)
    found: list[Passage] = []
    path: list[tuple[int, str]] = []
    open_: list[_Block] = []
    for block in blocks:
        if block.level:
            found += _filled(open_, body, path, len(found))
            open_ = []
            path = [one for one in path if one[0] < block.level]
            path.append((block.level, block.heading))
        open_.append(block)
    return (*found, *_filled(open_, body, path, len(found)))


def _markdown(lines: Sequence[str]) -> Iterator[_Block]:
    from markdown_it import MarkdownIt

    # Blocks are all that is needed: what is inside one is never looked at, whatever it is made of.
    tokens = MarkdownIt("commonmark").enable("table").disable("inline").parse("\n".join(lines))
    for at, token in enumerate(tokens):
        if token.level or token.map is None:
            continue
        first, end = token.map
        if token.type == "heading_open":
            yield _Block(first, end, level=int(token.tag[1:]), heading=_heading(tokens[at + 1].content))
        else:
            yield _Block(first, end, whole=token.type in ("fence", "code_block"))


def _heading(content: str) -> str:
    return " ".join(bound(_LINK.sub(r"\1", content), MOST_HEADING).translate(_MARKS).split())


def below_heading(passage: Passage) -> list[str]:
    """The lines of a passage without the heading it opens with, if it does. A heading is known by its words: any other
    line that begins with `#`, or is underlined, is text (a comment in a code block)."""
    lines = passage.text.splitlines()
    last = passage.heading[-1] if passage.heading else ""
    atx = _ATX.fullmatch(lines[0]) if lines else None
    if atx is not None and last == _heading(atx["words"] or ""):
        return lines[1:]
    if len(lines) > 1 and last and _heading(lines[0]) == last and _UNDERLINE.fullmatch(lines[1]):
        return lines[2:]
    return lines


def _paragraphs(lines: Sequence[str]) -> Iterator[_Block]:
    first = None
    for at, line in enumerate((*lines, "")):
        if line.strip() and first is None:
            first = at
        elif not line.strip() and first is not None:
            yield _Block(first, at)
            first = None


def _filled(
    blocks: Sequence[_Block], lines: Sequence[str], path: Sequence[tuple[int, str]], position: int
) -> list[Passage]:
    """The blocks below one heading, packed. A heading with nothing below it makes no passage."""
    if all(block.level for block in blocks):
        return []
    parts = [part for block in blocks for part in _cut(block, lines)]
    packed: list[tuple[int, int]] = []
    for first, end in parts:
        if packed and _size(lines, packed[-1][0], end) <= SIZE:
            packed[-1] = (packed[-1][0], end)
        else:
            packed.append((first, end))
    heading = tuple(words for _, words in path if words)
    found: list[Passage] = []
    for first, end in packed:
        text = "\n".join(bound(line, LONGEST_LINE) for line in lines[first:end]).strip("\n")
        if text.strip():
            found.append(
                Passage(
                    position=position + len(found), heading=heading, first_line=first + 1,
                    last_line=_last(lines, first, end) + 1, text=text,
                )
            )  # fmt: skip
    return found


def _cut(block: _Block, lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The block, in parts where it is larger than a passage may be."""
    most = HARD_SIZE if block.whole else SIZE
    first = block.first
    if _size(lines, first, block.end) > most:
        for at in range(block.first, block.end):
            if at > first and _size(lines, first, at + 1) > most:
                yield first, at
                first = at
    yield first, block.end


def _size(lines: Sequence[str], first: int, end: int) -> int:
    return sum(min(len(line), LONGEST_LINE) + 1 for line in lines[first:end])


def _last(lines: Sequence[str], first: int, end: int) -> int:
    """The last line of a part that says something: what a block ends with may be blank."""
    return next((at for at in range(end - 1, first, -1) if lines[at].strip()), first)
