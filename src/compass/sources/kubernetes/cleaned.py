"""Objects without what could be a secret: values of the environment, headers, annotations, configuration.

The objects feed rules that read host names, ports and limits from environment variables, so that values cannot simply
go. What stays is what does not look like a secret, neither by its name nor by its form; texts are bounded and lose
their control characters, for they come from whoever may write to the cluster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise

from compass.redaction import bound, redact
from compass.sources.live.gathered import JsonObject
from compass.tables.objects import Json

MOST_TEXT, MOST_DEPTH, MOST_ITEMS = 4_000, 40, 2_000
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SECRET_WORDS = frozenset(
    {
        "pass", "password", "passwd", "passphrase", "passcode", "pwd", "secret", "secrets", "token", "tokens", "apikey",
        "key", "keys", "credential", "credentials", "cred", "creds", "auth", "authorization", "cookie", "signature",
        "salt", "private", "license", "bearer", "jwt", "pin", "webhook", "sas",
    }
)  # fmt: skip
# A name that ends so tells about a secret, and does not hold it: TOKEN_SERVICE_ADDR, SECRET_NAME, PASSWORD_FILE.
_ABOUT = frozenset(
    {
        "addr", "address", "host", "hostname", "url", "uri", "endpoint", "port", "server", "service", "file", "path",
        "dir", "name", "ttl", "timeout", "seconds", "enabled", "count", "size", "limit", "namespace",
    }
)  # fmt: skip
_SECRET_ENDS = ("password", "passwd", "passphrase", "secret", "token", "apikey", "credentials", "pass")
_OTHER_PASSES = frozenset({"bypass", "compass", "surpass", "encompass"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_RUN = re.compile(r"[A-Za-z0-9+/_=-]{16,}")
_SPACED = re.compile(r"\S+")
_URL_QUERY = re.compile(r"(://[^\s?#]{1,500}\?)[^\s\"']{1,4000}")
_OPAQUE_SHARE = 0.25  # of neighbours that differ in class: words have less, random letters and digits about half
_PLAIN = frozenset({"name", "namespace", "uid", "resourceVersion", "kind", "apiVersion", "nodeName"})
_SAID = frozenset({"annotations", "volumeAttributes", "options", "parameters"})
Mask = Callable[[str], str]


def hidden(_: str) -> str:
    """What stands for a value that may be a secret."""
    return "[redacted:secret]"


class Numbered:
    """As `hidden`, with a number for each value: that a secret changed can be seen, what it is cannot."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def __call__(self, value: str) -> str:
        return f"[redacted:secret {self._seen.setdefault(value, len(self._seen) + 1)}]"


def cleaned(body: JsonObject, mask: Mask = hidden) -> JsonObject:
    """The object without secrets and without the server's notes about who manages which field."""
    made = _clean(body, "", mask, 0)
    assert isinstance(made, dict)
    return made


def value_of(name: str, value: str, mask: Mask = hidden) -> str:
    """The value of a variable, header or setting, or what stands for it."""
    if value and names_a_secret(name):
        return mask(value)
    shown = redact(_URL_QUERY.sub(r"\1[redacted:query]", value))
    return bound(_SPACED.sub(lambda word: _word(word[0], mask), shown), MOST_TEXT)


def names_a_secret(name: str) -> bool:
    """Whether what goes by this name is a secret: DB_PASSWORD, PGPASSWORD, --requirepass, apiToken."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _ABOUT:
        return False
    return any(w in _SECRET_WORDS or (w.endswith(_SECRET_ENDS) and w not in _OTHER_PASSES) for w in words)


def _word(word: str, mask: Mask) -> str:
    """A word of a text, or what stands for it. Of a configuration file, what is around a key stays readable."""
    return mask(word) if any(_opaque(run) for run in _RUN.findall(word)) else word


def _opaque(run: str) -> bool:
    """Whether letters and digits follow each other as in keys and hashes, not as in words, hosts and paths."""
    classes = ["0" if c.isdigit() else "a" if c.islower() else "A" if c.isupper() else "" for c in run]
    changes = sum(1 for a, b in pairwise(classes) if a and b and a != b)
    return changes >= _OPAQUE_SHARE * len(run)


def _clean(value: Json, key: str, mask: Mask, depth: int) -> Json:
    if depth > MOST_DEPTH:
        return None
    if isinstance(value, dict):
        return dict(_entries(value, key, mask, depth))
    if isinstance(value, list):
        kept = value[:MOST_ITEMS]
        if key in ("args", "command"):
            return [_argument(before, entry, mask, depth) for before, entry in zip(["", *kept], kept, strict=False)]
        return [_clean(entry, key, mask, depth + 1) for entry in kept]
    if isinstance(value, str):
        if key in _PLAIN:
            return value if value.isprintable() and len(value) <= MOST_TEXT else bound(value, MOST_TEXT)
        return _text(value)
    return value


def _argument(before: Json, entry: Json, mask: Mask, depth: int) -> Json:
    """One word of a command line. The one after `--token` is what `--token` names."""
    if not isinstance(entry, str):
        return _clean(entry, "", mask, depth + 1)
    flag = isinstance(before, str) and before.startswith("-") and "=" not in before and not entry.startswith("-")
    name, equals, value = entry.partition("=")
    if equals and not flag:
        return f"{name}={value_of(name, value, mask)}" if names_a_secret(name) else value_of("", entry, mask)
    return value_of(str(before) if flag else "", entry, mask)


def _entries(found: dict[str, Json], key: str, mask: Mask, depth: int) -> Iterator[tuple[str, Json]]:
    named, given = found.get("name"), found.get("value")
    for inner, value in found.items():
        if inner == "managedFields" and key == "metadata":
            continue
        if key in _SAID or (depth == 1 and key in ("data", "stringData")):
            if inner != LAST_APPLIED:
                yield inner, _set(inner, value, mask, depth)
        elif depth == 1 and key == "binaryData":
            yield inner, ""  # that it is there is enough
        elif inner == "value" and isinstance(named, str) and isinstance(given, str):
            yield inner, value_of(named, given, mask)
        else:
            yield inner, _clean(value, inner, mask, depth + 1)


def _set(name: str, value: Json, mask: Mask, depth: int) -> Json:
    return value_of(name, value, mask) if isinstance(value, str) else _clean(value, name, mask, depth + 1)


@lru_cache(maxsize=8_192)
def _text(value: str) -> str:
    """Most texts of a cluster repeat: labels, reasons, phases."""
    return bound(redact(value), MOST_TEXT)
