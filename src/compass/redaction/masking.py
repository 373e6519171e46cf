"""Placeholders for what must not leave the building: stable, readable, and turned back on this machine only.

A placeholder of an address, an e-mail address or a name is `[ip:k7q2mp]`: its last part is a keyed digest of what it
stands for, so that equal things look equal, the order of texts does not matter, and nobody without the key can write
a text that turns into somebody's address. A secret becomes `[redacted:token#2]`, numbered by a digest that is salted
anew in every process and never kept: equal secrets look equal, and none comes back.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable, Sequence

from compass.redaction.gate import (
    KINDS,
    MAX_CHARS,
    bound,
    replace_addresses,
    replace_cards,
    replace_personal,
    replace_secrets,
)

_LETTERS = "23456789bcdfghjkmnpqrstvwxyz"  # no vowels: never a word
_LENGTH, _LONGEST = 6, 12
_GIVEN_BACK = "ip|email|name"
_PLACED = re.compile(
    rf"\[(?:(?:{_GIVEN_BACK}):[{_LETTERS}]{{{_LENGTH},{_LONGEST}}}|redacted:(?:{'|'.join(sorted(KINDS))})(?:#\d{{1,9}})?)\]"
)
_KEYED = re.compile(rf"\[(?:{_GIVEN_BACK}):[{_LETTERS}]{{{_LENGTH},{_LONGEST}}}\]")
# Where a name may begin and end: beside no letter, or from lower to upper case (acmePayments); a digit at its edge
# stands beside no other digit.
_CAMEL = r"(?-i:(?<=[a-z])(?=[A-Z]))"


class Masker:
    """One investigation's placeholders. `names` are replaced whatever their case, and however their words are joined
    (Acme Bank, acme-bank, AcmeBank), never inside a longer word. `key` makes the placeholders of another process the
    same (an investigation that is resumed); left out, nobody's are. `lines`: the line breaks inside what is replaced
    stay, so that every line keeps its number.

    What was replaced by `mask` and may come back is kept in memory, for `unmask`; secrets and card numbers are not.
    """

    def __init__(
        self, names: Sequence[str] = (), addresses: bool = True, *, key: bytes = b"", lines: bool = False
    ) -> None:
        self._addresses = addresses
        self._names = _any_of(names)
        self._key = hashlib.blake2b(key or secrets.token_bytes(32)).digest()
        self._lines = lines
        self._salt = secrets.token_bytes(32)
        self._numbers: dict[bytes, int] = {}  # salted digest of a secret → its number
        self._originals: dict[str, str] = {}  # placeholder → what it stands for

    def mask(self, text: str) -> str:
        """`text` without control characters, secrets, card numbers, e-mail addresses, names and (unless they are
        allowed) IP addresses. Idempotent. What lies beyond 200 000 characters is cut."""
        text = replace_personal(replace_secrets(bound(text, MAX_CHARS), self._secret), self._kept)
        text = replace_cards(text, self._secret)
        if self._names:
            text = self._names.sub(self._name, text)
        return replace_addresses(text, self._kept) if self._addresses else text

    def unmask(self, text: str) -> str:
        """`text` with what this masker's placeholders stand for. Others, and those of secrets, stay as they are."""
        return _KEYED.sub(lambda found: self._originals.get(found[0], found[0]), text)

    def received(self, text: str, limit: int = 2_000) -> str:
        """What came from a model, safe to store and to show on this machine: no control characters, no secrets, at
        most `limit` characters, placeholders turned back."""
        return bound(self.unmask(self.mask(text)), limit)

    def _name(self, found: re.Match[str]) -> str:
        return self._kept("name", found[0]) + self._breaks(found[0]) if found["name"] else found[0]

    def _secret(self, what: str, secret: str) -> str:
        digest = hashlib.blake2b(secret.encode("utf-8", "surrogatepass"), key=self._salt, digest_size=32).digest()
        number = self._numbers.setdefault(digest, len(self._numbers) + 1)
        return f"[redacted:{what}#{number}]{self._breaks(secret)}"

    def _breaks(self, replaced: str) -> str:
        return "\n" * replaced.count("\n") if self._lines else ""

    def _kept(self, what: str, thing: str) -> str:
        digest = _letters(hashlib.blake2b(f"{what}:{thing}".encode("utf-8", "surrogatepass"), key=self._key).digest())
        for length in range(_LENGTH, _LONGEST + 1):
            placeholder = f"[{what}:{digest[:length]}]"
            if self._originals.setdefault(placeholder, thing) == thing:
                return placeholder
        return f"[redacted:{what}]"  # never seen: two things with the same 57 bits


def placeholders(text: str) -> Iterable[str]:
    """The kinds of the placeholders in a masked text, in order."""
    for found in _PLACED.finditer(text):
        kind, _, rest = found[0].strip("[]").partition(":")
        yield rest.partition("#")[0] if kind == "redacted" else kind


def _letters(digest: bytes) -> str:
    number, letters = int.from_bytes(digest[:16], "big"), []
    for _ in range(_LONGEST):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return "".join(letters)


def _any_of(names: Sequence[str]) -> re.Pattern[str] | None:
    """Any of the names, the longest first, or a placeholder (which stays). None where no name has a letter."""
    worded = [re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name)) for name in names]
    wanted = sorted({tuple(words) for words in worded if words}, key=lambda words: (-len("".join(words)), words))
    if not wanted:
        return None
    either = "|".join(_spelled(words) for words in wanted)
    return re.compile(rf"{_PLACED.pattern}|(?P<name>{either})", re.IGNORECASE)


def _spelled(words: tuple[str, ...]) -> str:
    begins = r"(?<![^\W_])" if words[0][0].isdigit() else rf"(?:(?<![^\W\d_])|{_CAMEL})"
    ends = r"(?![^\W_])" if words[-1][-1].isdigit() else rf"(?:(?![^\W\d_])|{_CAMEL})"
    return begins + r"[\s_.-]{0,3}".join(re.escape(word) for word in words) + ends
