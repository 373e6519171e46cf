"""What the gate would replace in a text, line by line: by kind and by number, never the thing itself."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from compass.entrypoints.config import config_path, read_config
from compass.llm.settings import read_settings
from compass.ports.errors import BadInputError
from compass.redaction import Masker, bound
from compass.redaction.gate import MAX_CHARS
from compass.redaction.masking import placeholders

MOST_AT_ONCE = MAX_CHARS // 2
_BEGIN, _END = "-----BEGIN", "-----END"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLine:
    """One line in which something is replaced: its number from 1, how often by kind, and how it would leave."""

    line: int
    kinds: dict[str, int]
    masked: str


def masker_of(environment: Mapping[str, str], folder: Path, names: Sequence[str]) -> Masker:
    """The masker of the team's settings (`[llm.redaction]` of compass.toml), with more names."""
    config = read_config(config_path(environment, folder))
    rules = read_settings(config.llm, str(config.path)).redaction
    return Masker((*rules.names, *names), rules.addresses, lines=True)


def text_of(file: str) -> str:
    """The text of a file, or of standard input for "-". Raises BadInputError."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise BadInputError(
            f"it cannot be read: {error.strerror}", where=file, hint="compass redact app.log"
        ) from error
    return data.decode("utf-8", errors="replace")


def masked_lines(text: str, masker: Masker) -> Iterator[tuple[str, str]]:
    """Each line as it reads on a screen, and as it would leave."""
    for chunk in _chunks(bound(line, MOST_AT_ONCE) for line in text.splitlines()):
        yield from zip(chunk, masker.mask("\n".join(chunk)).split("\n"), strict=True)


def found_lines(text: str, masker: Masker) -> tuple[FoundLine, ...]:
    """The lines in which something is replaced."""
    found = []
    for number, (plain, masked) in enumerate(masked_lines(text, masker), start=1):
        kinds = Counter(placeholders(masked)) - Counter(placeholders(plain))
        if kinds:
            found.append(FoundLine(line=number, kinds=dict(sorted(kinds.items())), masked=masked))
    return tuple(found)


def _chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Parts that the gate searches whole, and that do not end inside a key of several lines."""
    part: list[str] = []
    size, inside = 0, False
    for line in lines:
        full = size + len(line) >= (MAX_CHARS - 1 if inside else MOST_AT_ONCE)
        if part and full:
            yield part
            part, size, inside = [], 0, False
        part.append(line)
        size += len(line) + 1
        inside = _BEGIN in line or (inside and _END not in line)
    if part:
        yield part
