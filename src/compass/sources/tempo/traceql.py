"""TraceQL as it is asked, and how a window is cut for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from compass.domain.time import NS_PER_S, Window
from compass.sources.recording.spans import ATTRIBUTES

PARENT, STATUS, KIND, THROWN = "span:parentID", "status", "kind", "exception.type"
RESOURCE = (
    "service.name", "k8s.pod.name", "k8s.namespace.name", "k8s.node.name", "k8s.deployment.name", "host.name",
    "service.version", "k8s.cluster.name", "namespace", "pod", "cluster", "k8s.container.name",
    "k8s.statefulset.name", "k8s.daemonset.name", "service.namespace",
)  # fmt: skip
"""Attributes of resources that name who sends (signals/names), or which version of it (analysis/releases): those that
say most first."""
SPAN = tuple(dict.fromkeys(key for keys in ATTRIBUTES.values() for key in keys))
"""Attributes of spans that the reader of spans reads."""
_ALWAYS = (PARENT, "name", STATUS, KIND, "resource.service.name")
FIELDS = (
    *_ALWAYS, *(f"resource.{key}" for key in RESOURCE[1:9]), *(f"span.{key}" for key in SPAN), f"event.{THROWN}",
    *(f"resource.{key}" for key in RESOURCE[9:]),
)  # fmt: skip
LONGEST_QUERY = 1024
"""Bytes. Tempo's parser reads so many at once, and loses some where the name of an attribute goes over the edge."""
MOST_SPANS_A_TRACE = 1000
"""Tempo puts spans together at a cost of the square of their number: larger traces are left out of samples."""
LONGEST = 168 * 3600
"""Seconds: what Tempo searches at most, unless it was set otherwise."""
_HEX = "0123456789abcdef"
_MOST_DIGITS = 8
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Part of a window in whole seconds, both ends included, as Tempo searches it."""

    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """An even sample of whole traces: those whose ids end in a number below `below`, of `digits` hexadecimal digits.

    The end of an id is random wherever ids are made (W3C Trace Context asks for it), so the sample depends neither on
    when a trace was, nor on which services it met, nor on how slow it was.
    """

    below: int = 16
    digits: int = 1

    @property
    def whole(self) -> bool:
        return self.below >= 1 << 4 * self.digits

    @property
    def value(self) -> float:
        return self.below / (1 << 4 * self.digits)

    @property
    def condition(self) -> str:
        """In TraceQL; "" for all traces. Of ids, Tempo compares only whole ones itself: a pattern is left to the part
        that comes after it has been read, which costs the server a little and the answer nothing."""
        return "" if self.whole else f"trace:id =~ {quoted(f'.*({self._endings()})$')}"

    def _endings(self) -> str:
        """All numbers below `below`: those with the same first digits and then a smaller one, for each digit."""
        text, found = f"{self.below:0{self.digits}x}", []
        for place, digit in enumerate(text):
            smaller = _HEX[: _HEX.index(digit)]
            if smaller:
                rest = self.digits - place - 1
                found.append(f"{text[:place]}[{smaller}]" + (f"[0-9a-f]{{{rest}}}" if rest else ""))
        return "|".join(found)


def share_for(most: int, there: float) -> Share:
    """The sample of `there` spans that has about `most` and not more, to within a sixteenth."""
    target = most / there if there > 0 else 1.0
    if target >= 1.0:
        return Share()
    digits = 2
    while target * (1 << 4 * digits) < 16 and digits < _MOST_DIGITS:
        digits += 1
    return Share(below=max(1, math.floor(target * (1 << 4 * digits))), digits=digits)


def quoted(text: str) -> str:
    """A string literal (Go's escapes: what a JSON encoder writes for characters beyond 16 bits would be refused)."""
    sound = text.encode("utf-8", errors="replace").decode("utf-8")
    inner = "".join(
        _ESCAPED.get(letter) or (letter if letter.isprintable() or ord(letter) > 0xFF else f"\\u{ord(letter):04x}")
        for letter in sound
    )
    return f'"{inner}"'


def spanset(*conditions: str) -> str:
    """`{ a && b }` of those that are not empty."""
    kept = [condition.strip() for condition in conditions if condition.strip()]
    if not kept:
        return "{ }"
    return f"{{ {' && '.join(kept if len(kept) == 1 else [f'({one})' for one in kept])} }}"


def bounded(query: str, *conditions: str) -> str:
    """A query of one set of spans, `{ a }`, with more conditions."""
    return spanset(query.strip().removeprefix("{").removesuffix("}"), *conditions)


def count_query(bound: str) -> str:
    """How many spans there are."""
    return f"{spanset(bound)} | count_over_time()"


def names_query(bound: str, share: Share | None = None) -> str:
    """Traces, without their spans."""
    return spanset(bound, share.condition if share is not None else "")


def ids_query(bound: str) -> str:
    """Traces with the ids of all their spans that match."""
    return f"{spanset(bound)} | by(span:id)"


def spans_query(bound: str, share: Share) -> str:
    """Traces with all their spans and what the reader reads of them.

    Grouped by span id: Tempo keeps parts of one trace (from several blocks) apart only as groups, and takes the
    larger of two parts of one group; and its limit of spans in a group (usually 100) then cuts nothing.
    """
    return f"{_head(bound, share)}{','.join(selected(bound, share))})"


def selected(bound: str, share: Share) -> Sequence[str]:
    """The fields that are asked for: of all of them, those that fit into a query."""
    room = LONGEST_QUERY - len(f"{_head(bound, share)})".encode())
    fields: list[str] = []
    for field in FIELDS:
        room -= len(field) + 1
        if room >= 0 or field in _ALWAYS:
            fields.append(field)
    return fields


def _head(bound: str, share: Share) -> str:
    return f"{spanset(bound, share.condition)} | count() <= {MOST_SPANS_A_TRACE} | by(span:id) | select("


def searchable(window: Window) -> Window:
    """The end of `window`, where it is longer than Tempo searches."""
    return Window(start_ns=max(window.start_ns, window.end_ns - LONGEST * NS_PER_S), end_ns=window.end_ns)


def seconds(window: Window) -> Slice:
    """The whole seconds that hold `window`."""
    start = window.start_ns // NS_PER_S
    return Slice(start_s=start, end_s=max(start + 1, -(-window.end_ns // NS_PER_S)))


def slices(window: Window, parts: int) -> Sequence[Slice]:
    """`window` in at most `parts` of about equal length, one after the other.

    No part is shorter than a second, which is the finest Tempo takes.
    """
    whole = seconds(window)
    length = whole.end_s - whole.start_s
    count = max(1, min(parts, length))
    bounds = [whole.start_s + length * i // count for i in range(count + 1)]
    return [Slice(start_s=a, end_s=b) for a, b in pairwise(bounds)]
