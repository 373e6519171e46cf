"""A document from its bytes: front matter, title, passages. What is wrong with it is told with its line."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from compass.analysis.passages import READER, gate, passages_of
from compass.domain.documents import Document, DocumentHead, Scope
from compass.ports.errors import BadInputError
from compass.redaction import bound
from compass.untrusted.yaml import Node, YamlError, locate

MOST_BYTES = 200_000
"""As much as the gate searches at once."""
MARKDOWN = frozenset({".md", ".markdown"})
SUFFIXES = MARKDOWN | {".txt"}
MOST_FRONT, MOST_NAMES, MOST_WORD = 200, 50, 200
_HINT = 'for example "services: [orders, payments]" between two lines of "---" at the top'
_NAMED = {
    "services": "services", "service": "services", "mechanisms": "mechanisms", "mechanism": "mechanisms",
}  # fmt: skip
_SAID = ("title", "kind", "team")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Front:
    """What the front matter says, and the line (from 0) that the text begins at."""

    scope: Scope = Scope()
    title: str = ""
    kind: str = ""
    start: int = 0


def document_of(name: str, data: bytes) -> Document:
    """The document of that name; one that says nothing has no passages. Raises BadInputError naming it and the line."""
    if len(data) > MOST_BYTES:
        raise BadInputError(
            f"more than {MOST_BYTES:,} bytes are too many for one document", where=name,
            hint="split it, or leave it out of the folder",
        )  # fmt: skip
    lines = gate(_text(name, data)).split("\n")
    suffix = f".{name.rpartition('.')[2].lower()}"
    markdown = suffix in MARKDOWN
    front = _front(name, lines) if markdown else _Front()
    passages = passages_of(lines, markdown=markdown, start=front.start)
    first = passages[0].heading[0] if passages and passages[0].heading else ""
    head = DocumentHead(
        name=name, title=front.title or first or name.rpartition("/")[2],
        digest=sha256(READER.encode() + b"\0" + data).hexdigest(), lines=len(lines) - (not lines[-1]),
        kind=front.kind or "document", scope=front.scope,
    )  # fmt: skip
    return Document(head=head, passages=passages)


def _text(name: str, data: bytes) -> str:
    """UTF-8 without control characters; line ends of every sort become line feeds, so that lines count as shown."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise BadInputError(
            f"byte 0x{data[error.start]:02x} is no UTF-8", where=f"{name}:{line}:{column}", hint="save it as UTF-8"
        ) from error
    return bound(text.replace("\x0b", " ").replace("\x0c", " "), 2 * MOST_BYTES)


def _front(name: str, lines: list[str]) -> _Front:
    if lines[0].rstrip() != "---":
        return _Front()
    end = next((at for at in range(1, min(len(lines), MOST_FRONT)) if lines[at].rstrip() in ("---", "...")), None)
    if end is None:
        return _Front()  # a rule, as Markdown has it
    try:
        root = locate("\n".join(lines[1:end]).encode())
    except YamlError as error:
        raise BadInputError(
            f"front matter {error.what}", where=f"{name}:{error.line + 1}", hint=error.hint or _HINT
        ) from error
    if root is None:
        return _Front(start=end + 1)
    if root.fields is None:
        return _Front()  # words between two rules
    names: dict[str, tuple[str, ...]] = {"services": (), "mechanisms": ()}
    words: dict[str, str] = {}
    for key, line, node in root.fields:
        where = f"{name}:{line + 1}"
        if key in _NAMED:
            names[_NAMED[key]] += _names(node, key, where)
        elif key in _SAID:
            words[key] = _word(node, key, where)
    scope = Scope(services=names["services"], mechanisms=names["mechanisms"], team=words.get("team", ""))
    return _Front(scope=scope, title=words.get("title", ""), kind=words.get("kind", ""), start=end + 1)


def _names(node: Node, key: str, where: str) -> tuple[str, ...]:
    listed = (node,) if node.items is None else node.items
    if len(listed) > MOST_NAMES:
        raise BadInputError(f"front matter: {key} has {len(listed)} names, at most {MOST_NAMES}", where=where)
    return tuple(dict.fromkeys(_word(one, key, where).lower() for one in listed))


def _word(node: Node, key: str, where: str) -> str:
    if node.fields is not None or node.items is not None or isinstance(node.value, bool) or not node.text.strip():
        raise BadInputError(f"front matter: {key} has to be a name", where=where, hint=_HINT)
    return " ".join(bound(node.text, MOST_WORD).split())
