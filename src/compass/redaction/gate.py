"""The one gate for text that leaves or is stored: secrets out, control characters out, length bounded.

Patterns are linear: every repetition is bounded or followed by something it cannot match, and texts are cut before
they are searched. Placeholders are deterministic and say what was there: `[redacted:token]`.
Token shapes follow the vendors' documentation (GitHub secret scanning's list of supported patterns; RFC 7519 for JWT;
RFC 7468 for PEM).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_CHARS = 200_000
_CUT = " …"

# Names whose value is a secret, as they appear in key=value, JSON, YAML, headers and query strings.
_NAMES_ENDING_IN = (
    "password|passwd|passphrase|secret|secret[_-]?key|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key"
    "|account[_-]?key|shared[_-]?access[_-]?key|signing[_-]?key|encryption[_-]?key|credentials?|connection[_-]?string"
    "|signature"
)
_NAMES = "pwd|sig|cookie|set-cookie"
# Quoted, quoted inside a quoted text (JSON in JSON: as many backslashes at its end as at its beginning), or bare.
_VALUE = (
    r"""(?:"(?:[^"\\]|\\.){1,200000}"?|'(?:[^'\\]|\\.){1,200000}'?"""
    r"""|(?P<bs>\\{1,8})(?P<q>["'])(?:(?!(?<!\\)(?P=bs)(?P=q))[\s\S]){1,200000}|(?:[^\s,;&"'<>(){}\[\]\\]|\\(?!\\{0,7}["'])){1,200000})"""
)

StandIn = Callable[[str, str], str]
"""What to write for something: called with what it is ("token") and the thing itself."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    """`needs`: lower-case fragments, one of which must occur before the (slower) expression is tried.

    The group `secret` is replaced, or all of it where there is no such group; the rest stays.
    """

    needs: tuple[str, ...]
    what: str
    expression: re.Pattern[str]


_EMPTY = frozenset({"", "null", "none", "true", "false", "***", "nil"})
_QUOTED = re.compile(r"(\\{0,8}[\"'])([\s\S]*?)(\\{0,8}[\"'])?")
KINDS = frozenset({
    "private-key", "jwt", "password", "token", "authorization", "aws-key", "google-key", "google-token",
    "github-token", "gitlab-token", "slack-token", "webhook", "grafana-token", "api-key", "vault-token", "secret",
    "cookie", "card", "email", "ip",
})  # fmt: skip
"""What can stand in a placeholder: `[redacted:<kind>]`, with a number (`#2`) where equal ones are told apart."""
_PLACED = re.compile(rf"\[redacted:(?:{'|'.join(sorted(KINDS))})(?:#\d{{1,9}})?\]")


def _pattern(needs: str, what: str, expression: str, flags: int = 0) -> _Pattern:
    return _Pattern(tuple(needs.split()), what, re.compile(expression, flags))


def _replaced(found: re.Match[str], what: str, stand_in: StandIn) -> str:
    """The match with a placeholder for its secret; unchanged where there is one, or nothing that could be secret."""
    group = "secret" if "secret" in found.re.groupindex else 0
    secret, before, after = found[group], "", ""
    if group and (quoted := _QUOTED.fullmatch(secret)):
        before, secret, after = quoted[1], quoted[2], quoted[3] or ""
    if _PLACED.fullmatch(secret) or secret.lower() in _EMPTY:
        return found[0]
    start, end = (at - found.start() for at in found.span(group))
    return f"{found[0][:start]}{before}{stand_in(what, secret)}{after}{found[0][end:]}"


_I = re.IGNORECASE
_PATTERNS: tuple[_Pattern, ...] = (
    _pattern(
        # Up to the end line or the next key; a key that is cut off goes too.
        "-----begin", "private-key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:(?!-----(?:BEGIN|END))[\s\S]){0,20000}"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)?",
    ),
    _pattern("eyj", "jwt", r"\beyJ[\w-]{5,4000}\.[\w-]{5,8000}(?:\.[\w-]{0,4000})?"),
    # The password of a URL, to the last @ before the path (some are not escaped); the user name stays.
    _pattern("://", "password", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,200}:(?P<secret>[^\s/\"'<>]{1,400})@", _I),
    _pattern(
        "bearer basic token apikey digest", "token",
        r"\b(?:bearer|basic|token|apikey|digest)[ \t]{1,4}"
        r"(?P<secret>(?=[\w+/.~-]{0,200}[\d+/=_-])[\w+/.~=-]{16,200000})", _I,
    ),
    _pattern(
        "authorization", "authorization",
        r"\b(?:proxy-)?authorization(?:\\{0,8}[\"'])?\s{0,4}[:=]\s{0,4}(?:\\{0,8}[\"'])?"
        r"(?!(?:(?:bearer|basic|digest|token)[ \t]{1,4})?\[(?:redacted|ip|email|name):)"
        r"(?P<secret>(?:[A-Za-z]{2,20} )?[^\s\"',;\\]{6,200000})", _I,
    ),
    _pattern("akia asia aroa aida", "aws-key", r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b"),
    _pattern("aiza", "google-key", r"\bAIza[\w-]{35}"),
    _pattern("ya29.", "google-token", r"\bya29\.[\w-]{20,2000}"),
    _pattern(
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", "github-token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255})",
    ),
    _pattern("glpat-", "gitlab-token", r"\bglpat-[\w-]{16,255}"),
    _pattern("xox xapp-", "slack-token", r"\b(?:xox[abeprs]|xapp)-[\w-]{10,500}"),
    _pattern("hooks.slack.com", "webhook", r"hooks\.slack\.com/(?P<secret>(?:services|workflows)/[\w/-]{10,300})", _I),
    _pattern("glsa_ glc_", "grafana-token", r"\b(?:glsa|glc)_[\w=+/-]{20,500}"),
    _pattern("sk- sk_ rk_ pk_", "api-key", r"\b(?:sk-[\w-]{20,300}|[srp]k_(?:live|test)_\w{10,300})"),
    _pattern(
        "npm_ pypi- hf_ dop_v1_ sg.", "token",
        r"\b(?:(?:npm|hf)_[A-Za-z0-9]{30,60}|pypi-[\w-]{40,400}|dop_v1_[a-f0-9]{60,70}|SG\.[\w-]{16,40}\.[\w-]{30,80})",
    ),
    _pattern("hvs. hvb.", "vault-token", r"\bhv[sb]\.[\w-]{20,300}"),
    _pattern(
        "cookie", "cookie",
        r"(?<![\w-])(?:set-)?cookie[\"']?\s{0,4}:\s{0,4}[\"']?"
        r"(?P<secret>[^\s;=\"'\[]{1,200}=[^\r\n\"'\[\]]{0,4000})", _I,
    ),
    _pattern(
        "pass pwd secret token key credential connection sig cookie", "secret",
        rf"(?<![\w.-])(?:[\w.-]{{0,60}}?(?:{_NAMES_ENDING_IN})|{_NAMES})(?:\\{{0,8}}[\"'])?"
        rf"\s{{0,4}}(?:=>|:=|=|:)\s{{0,4}}(?P<secret>{_VALUE})", _I,
    ),
    _pattern(  # <password>…</password>
        "pass pwd secret token key credential connection", "secret",
        rf"<[\w:.-]{{0,60}}?(?:{_NAMES_ENDING_IN}|{_NAMES})>(?P<secret>[^<\[]{{1,200000}})", _I,
    ),
    _pattern(
        "--pass --token --secret --api --auth", "secret",
        r"--(?:password|passwd|token|secret|api-?key|auth-?token)[ \t]{1,4}"
        r"(?P<secret>\"[^\"]{1,1000}\"?|'[^']{1,1000}'?|[^\s-]\S{0,1000})", _I,
    ),
)  # fmt: skip

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-])", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d]|\.\d)")
_IPV6 = re.compile(
    r"(?<![\w:.])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}"
    r"|(?:[0-9a-f]{1,4}:){1,7}:|::(?:[0-9a-f]{1,4}:){0,6}[0-9a-f]{1,4})(?![\w:.])",
    re.IGNORECASE,
)
_DASHED = re.compile(
    r"(?<![\w-])(?:ip-(?:\d{1,3}-){3}\d{1,3}(?![\w-])|(?:\d{1,3}-){3}\d{1,3}(?=\.[\w.-]{1,200}\.(?:pod|svc)\b))",
    re.IGNORECASE,
)
# Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay; in groups as people write them.
_CARD = re.compile(
    r"(?<![\w.])(?:3[47]\d\d[ -]?\d{6}[ -]?\d{5}|3[068]\d\d[ -]?\d{6}[ -]?\d{4}"
    r"|(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6(?:011|4[4-9]\d|5\d\d|2\d\d)|35\d\d)(?:[ -]?\d{4}){3}(?:\d{3})?|4\d{12})"
    r"(?![\w]|\.\d)",
    re.ASCII,
)
# CSI and OSC sequences, then any other escape, then what is left of C0, C1, DEL, and characters that reorder text.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)?"
    r"|\x9b[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b[ -/]{0,8}[0-~]?"
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_ACTING = re.compile(rf"(?![\x00-\x1f]){_CONTROL.pattern}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def redact(text: str, *, addresses: bool = False) -> str:
    """`text` without secrets and e-mail addresses; with `addresses`, also without IP addresses.

    Keys, tokens, passwords in URLs, assignments, JSON and headers, private keys and the token shapes of common vendors
    become `[redacted:<what>]`. Idempotent. What lies beyond 200 000 characters is cut: nothing unsearched passes.
    """
    text = replace_personal(replace_secrets(cut(text), _say), _say)
    return replace_addresses(text, _say) if addresses else text


def _say(what: str, _thing: str) -> str:
    return f"[redacted:{what}]"


def cut(text: str) -> str:
    """At most as much of `text` as is searched."""
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS] + _CUT


def replace_secrets(text: str, stand_in: StandIn) -> str:
    """`text` with what `stand_in` gives for every secret; what is a placeholder already stays."""
    folded = text.lower()
    for pattern in _PATTERNS:
        if any(fragment in folded for fragment in pattern.needs):
            text = pattern.expression.sub(lambda found, what=pattern.what: _replaced(found, what, stand_in), text)  # type: ignore[misc]
    return text


def replace_personal(text: str, stand_in: StandIn) -> str:
    """The same for e-mail addresses."""
    return _EMAIL.sub(lambda found: stand_in("email", found[0]), text) if "@" in text else text


def replace_addresses(text: str, stand_in: StandIn) -> str:
    """The same for IP addresses, also where they make up a host name (ip-10-0-0-7.ec2.internal)."""
    text = _IPV4.sub(lambda found: stand_in("ip", found[0]), text)
    text = _DASHED.sub(lambda found: stand_in("ip", found[0]), text)
    return _IPV6.sub(lambda found: stand_in("ip", found[0]), text) if ":" in text else text


def replace_cards(text: str, stand_in: StandIn) -> str:
    """The same for card numbers: the issuers' prefixes and lengths (ISO/IEC 7812), and a right check digit (Luhn)."""
    return _CARD.sub(lambda found: stand_in("card", found[0]) if _luhn(found[0]) else found[0], text)


def _luhn(number: str) -> bool:
    digits = [int(character) for character in reversed(number) if character.isdigit()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def secret_in(text: str) -> bool:
    """Whether `redact` would take a secret out of `text`, by its shape or the name beside it."""
    searched = text[:MAX_CHARS]
    return replace_secrets(searched, _say) != searched


def bound(text: str, limit: int = 2_000) -> str:
    """`text` safe to print and no longer than `limit` characters: no escape sequences, control or bidi characters.

    Line feeds and tabs stay; carriage returns become line feeds, so that nothing overwrites what was printed.
    A cut text ends in " …". Raises ValueError for a limit below 2.
    """
    if limit < len(_CUT):
        raise ValueError(f"a limit of {limit} characters leaves no room")
    # Escapes only shorten: a little more than the limit is enough to search, twice because of what they remove.
    kept = text[: 4 * limit + 8_192]
    plain = _ESCAPES.sub("", kept)
    plain = _CONTROL.sub("", plain.replace("\r\n", "\n").replace("\r", "\n"))
    plain = _SURROGATE.sub("\ufffd", plain)
    if len(plain) > limit or len(kept) < len(text):
        return plain[: limit - len(_CUT)] + _CUT
    return plain


def escape_json(text: str) -> str:
    """An encoded JSON document with the same meaning, in which no character acts on a terminal or hides another: what
    `bound` takes out is written as \\uXXXX. JSON itself only asks that of those below U+0020."""
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
