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
_VALUE = r"""(?:"(?:[^"\\]|\\.){1,4000}"?|'(?:[^'\\]|\\.){1,4000}'?|[^\s,;&"'<>(){}\[\]]{1,4000})"""


@dataclass(frozen=True, slots=True)
class _Pattern:
    """`needs`: lower-case fragments, one of which must occur before the (slower) expression is tried."""

    needs: tuple[str, ...]
    expression: re.Pattern[str]
    replace: str | Callable[[re.Match[str]], str]


def _assigned(found: re.Match[str]) -> str:
    """Keep the name and the quotes of an assignment, replace its value."""
    value = found["value"]
    if value.startswith("[redacted:") or value.strip("\"'").lower() in _EMPTY:
        return found[0]
    quote = value[0] if value[0] in "\"'" else ""
    end = quote if quote and len(value) > 1 and value.endswith(quote) else ""
    return f"{found['name']}{found['gap']}{quote}[redacted:secret]{end}"


_EMPTY = frozenset({"", "null", "none", "true", "false", "***", "nil"})


def _pattern(needs: str, expression: str, replace: str | Callable[[re.Match[str]], str], flags: int = 0) -> _Pattern:
    return _Pattern(tuple(needs.split()), re.compile(expression, flags), replace)


_I = re.IGNORECASE
_PATTERNS: tuple[_Pattern, ...] = (
    _pattern(
        # Up to the end line or the next key; a key that is cut off goes too.
        "-----begin",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:(?!-----(?:BEGIN|END))[\s\S]){0,20000}"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)?",
        "[redacted:private-key]",
    ),
    _pattern("eyj", r"\beyJ[\w-]{5,4000}\.[\w-]{5,8000}(?:\.[\w-]{0,4000})?", "[redacted:jwt]"),
    # The password of a URL; the user name stays.
    _pattern(
        "://", r"(?P<user>\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,200}:)[^\s/@\"'<>]{1,400}@",
        r"\g<user>[redacted:password]@", _I,
    ),
    _pattern(
        "bearer basic token apikey digest",
        r"\b(?P<word>bearer|basic|token|apikey|digest)(?P<gap>[ \t]{1,4})"
        r"(?=[\w+/.~-]{0,200}[\d+/=_-])[\w+/.~=-]{16,4000}",
        r"\g<word>\g<gap>[redacted:token]", _I,
    ),
    _pattern(
        "authorization",
        r"(?P<name>\b(?:proxy-)?authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?)"
        r"(?!(?:(?:bearer|basic|digest|token)[ \t]{1,4})?\[redacted)(?:[A-Za-z]{2,20} )?[^\s\"',;]{6,4000}",
        r"\g<name>[redacted:authorization]", _I,
    ),
    _pattern("akia asia aroa aida", r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b", "[redacted:aws-key]"),
    _pattern("aiza", r"\bAIza[\w-]{35}", "[redacted:google-key]"),
    _pattern("ya29.", r"\bya29\.[\w-]{20,2000}", "[redacted:google-token]"),
    _pattern(
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255})",
        "[redacted:github-token]",
    ),
    _pattern("glpat-", r"\bglpat-[\w-]{16,255}", "[redacted:gitlab-token]"),
    _pattern("xox xapp-", r"\b(?:xox[abeprs]|xapp)-[\w-]{10,500}", "[redacted:slack-token]"),
    _pattern(
        "hooks.slack.com", r"(hooks\.slack\.com/)(?:services|workflows)/[\w/-]{10,300}", r"\1[redacted:webhook]", _I
    ),
    _pattern("glsa_ glc_", r"\b(?:glsa|glc)_[\w=+/-]{20,500}", "[redacted:grafana-token]"),
    _pattern("sk- sk_ rk_ pk_", r"\b(?:sk-[\w-]{20,300}|[srp]k_(?:live|test)_\w{10,300})", "[redacted:api-key]"),
    _pattern(
        "npm_ pypi- hf_ dop_v1_ sg.",
        r"\b(?:(?:npm|hf)_[A-Za-z0-9]{30,60}|pypi-[\w-]{40,400}|dop_v1_[a-f0-9]{60,70}|SG\.[\w-]{16,40}\.[\w-]{30,80})",
        "[redacted:token]",
    ),
    _pattern("hvs. hvb.", r"\bhv[sb]\.[\w-]{20,300}", "[redacted:vault-token]"),
    _pattern(
        "pass pwd secret token key credential connection sig cookie",
        rf"(?P<name>(?<![\w.-])(?:[\w.-]{{0,60}}?(?:{_NAMES_ENDING_IN})|{_NAMES})[\"']?)"
        rf"(?P<gap>\s{{0,4}}(?:=>|:=|=|:)\s{{0,4}})(?P<value>{_VALUE})",
        _assigned, _I,
    ),
    _pattern(
        "--pass --token --secret --api --auth",
        r"(?P<name>--(?:password|passwd|token|secret|api-?key|auth-?token))(?P<gap>[ \t]{1,4})"
        r"(?P<value>[^\s-]\S{0,1000})",
        _assigned, _I,
    ),
)  # fmt: skip

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-])", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d]|\.\d)")
_IPV6 = re.compile(
    r"(?<![\w:.])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}"
    r"|(?:[0-9a-f]{1,4}:){1,7}:|::(?:[0-9a-f]{1,4}:){0,6}[0-9a-f]{1,4})(?![\w:.])",
    re.IGNORECASE,
)
# CSI and OSC sequences, then any other escape, then what is left of C0, C1, DEL, and characters that reorder text.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)?"
    r"|\x9b[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b[ -/]{0,8}[0-~]?"
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def redact(text: str, *, addresses: bool = False) -> str:
    """`text` without secrets and e-mail addresses; with `addresses`, also without IP addresses.

    Keys, tokens, passwords in URLs, assignments, JSON and headers, private keys and the token shapes of common vendors
    become `[redacted:<what>]`. Idempotent. What lies beyond 200 000 characters is cut: nothing unsearched passes.
    """
    if len(text) > MAX_CHARS:
        text = text[:MAX_CHARS] + _CUT
    folded = text.lower()
    for pattern in _PATTERNS:
        if any(fragment in folded for fragment in pattern.needs):
            text = pattern.expression.sub(pattern.replace, text)
    if "@" in text:
        text = _EMAIL.sub("[redacted:email]", text)
    if addresses:
        text = _IPV4.sub("[redacted:ip]", text)
        text = _IPV6.sub("[redacted:ip]", text) if ":" in text else text
    return text


def secret_in(text: str) -> bool:
    """Whether `redact` would take a secret out of `text`, by its shape or the name beside it."""
    folded = text[:MAX_CHARS].lower()
    tried = (pattern for pattern in _PATTERNS if any(fragment in folded for fragment in pattern.needs))
    return any(pattern.expression.sub(pattern.replace, text) != text for pattern in tried)


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
