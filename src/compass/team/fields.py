"""Reads the fields of one entry, noting everything that is wrong with them rather than stopping at the first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from compass.domain.team import Written
from compass.team.problems import Problems, meant
from compass.untrusted.yaml import Node

MAX_TEXT = 800
MAX_LIST = 50
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The mapping `node` of the file `path`. What is missing or wrong is noted, and read as nothing."""

    path: str
    node: Node
    problems: Problems

    def at(self, line: int) -> Written:
        return Written(path=self.path, line=line)

    def wrong(self, line: int, what: str, do: str = "") -> None:
        self.problems.add(self.at(line), what, do)

    def only(self, known: Iterable[str], thing: str) -> None:
        """Note every key that is not one of `known`."""
        names = frozenset(known)
        for key, line, _ in self.node.fields or ():
            if key not in names:
                self.wrong(line, f"{key[:80]!r} is not a field of {thing}", meant(key, names, most=len(names)))

    def missing(self, key: str, thing: str, example: str = "") -> None:
        self.wrong(self.node.line, f"{thing} needs {key!r}", f"add  {key}: {example}" if example else "")

    def text(self, key: str, *, need: str = "", example: str = "") -> str:
        """One line of text. `need`: what it is that cannot do without it."""
        node = self.node.get(key)
        if node is None or (node.value is None and node.text == "" and node.fields is None and node.items is None):
            if need:
                self.missing(key, need, example)
            return ""
        return self.text_of(node, key)

    def text_of(self, node: Node, key: str) -> str:
        """The scalar as it is written: `on`, `1.10` and `22:00` are the words that somebody wrote."""
        if node.fields is not None or node.items is not None:
            self.wrong(node.line, f"{key!r} must be text", f'write  {key}: "..."')
            return ""
        text = " ".join(node.text.split())
        if not text:
            self.wrong(node.line, f"{key!r} is empty", "write something, or leave it out")
        elif len(text) > MAX_TEXT:
            self.wrong(node.line, f"{key!r} is longer than {MAX_TEXT} characters", "say it shorter, and link the rest")
        else:
            return text
        return ""

    def texts(self, key: str, *, need: str = "", example: str = "") -> tuple[tuple[str, int], ...]:
        """A list of texts with their lines; a text alone is a list of one."""
        node = self.node.get(key)
        if node is None:
            if need:
                self.missing(key, need, example)
            return ()
        if node.fields is not None:
            self.wrong(node.line, f"{key!r} must be a list of texts", f"write  {key}: [{example or 'one, two'}]")
            return ()
        items = (node,) if node.items is None else node.items
        if not 0 < len(items) <= MAX_LIST:
            self.wrong(node.line, f"{key!r} must hold 1 to {MAX_LIST} texts", "leave it out, or split the entry")
            return ()
        found = [(self.text_of(item, key), item.line) for item in items]
        return tuple((text, line) for text, line in dict(found).items() if text)

    def number(self, key: str) -> float | None:
        node = self.node.get(key)
        if node is None:
            return None
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            self.wrong(node.line, f"{key!r} must be a number, not {node.text[:40]!r}", "and its unit in  unit:")
            return None
        return float(value) + 0.0  # a zero has no sign

    def words(self, key: str, known: Mapping[str, T], what: str) -> tuple[T, ...]:
        """A list of words, each one of `known`."""
        found = []
        for text, line in self.texts(key):
            if text.lower() not in known:
                self.wrong(line, f"{text[:80]!r} is not {what}", meant(text.lower(), known, most=len(known)))
            else:
                found.append(known[text.lower()])
        return tuple(dict.fromkeys(found))

    def read(self, key: str, parse: Callable[[str], T], *, need: str = "", example: str = "") -> tuple[T, ...]:
        """A list of texts, each given to `parse`, whose ValueError says what is wrong."""
        found = []
        for text, line in self.texts(key, need=need, example=example):
            try:
                found.append(parse(text))
            except ValueError as error:
                self.wrong(line, f"{key!r}: {error}")
        return tuple(found)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int of more figures than a float can have
        return False
