"""The severity a line states, whatever the logger's dialect, and the message inside structured lines."""

from __future__ import annotations

import json
import re

LEVELS = ("", "trace", "debug", "info", "warn", "error", "fatal")
ERROR_LEVELS = ("error", "fatal")

_WORDS = {
    "trace": "trace", "trce": "trace", "finest": "trace", "finer": "trace", "verbose": "trace", "v": "trace",
    "debug": "debug", "dbg": "debug", "dbug": "debug", "fine": "debug", "d": "debug",
    "info": "info", "information": "info", "inf": "info", "notice": "info", "log": "info", "i": "info",
    "warn": "warn", "warning": "warn", "wrn": "warn", "w": "warn",
    "error": "error", "err": "error", "eror": "error", "fail": "error", "severe": "error", "e": "error",
    "fatal": "fatal", "critical": "fatal", "crit": "fatal", "panic": "fatal", "emerg": "fatal", "emergency": "fatal",
    "alert": "fatal", "ftl": "fatal", "f": "fatal",
}  # fmt: skip
LEVEL_WORDS = tuple(_WORDS)
"""Every word that can state a severity, lower case."""
_LONG = sorted((word for word in _WORDS if len(word) > 2), key=lambda word: (-len(word), word))
_FIELD = re.compile(
    r"[\"']?(?:log\.?level|levelname|level|lvl|severity(?:_?text)?|loglevel)[\"']?\s*[=:]\s*[\"']?"
    rf"(\d{{2}}|{'|'.join(_LONG)})\b",
    re.IGNORECASE,
)
_KLOG = re.compile(r"^([IWEF])\d{4} \d\d:\d\d:\d\d")
_REDIS = re.compile(r"^\d+:[A-Z] \d\d \w{3} [\d :.]+ ([.*#-]) ")
_REDIS_LEVELS = {".": "debug", "-": "trace", "*": "info", "#": "warn"}
_UPPER = re.compile(rf"(?<![\w.-])({'|'.join(word.upper() for word in _LONG)})(?![\w-])")
_PREFIX = re.compile(rf"^\W*({'|'.join(_LONG)})\s*[:\]|)]", re.IGNORECASE)
_BRACKET = re.compile(rf"[\[<|(]\s*({'|'.join(_LONG)}|[DIWEFV])\s*[\]>|)]", re.IGNORECASE)
_CRASH = re.compile(
    r"^\s*(?:Traceback \(most recent call last\)|panic: |fatal error: |Exception in thread|Unhandled |Uncaught |"
    r"thread '[^']*' panicked|Segmentation fault|[\w.$]+(?:Exception|Error)(?::|\b.*\bat\b|$))"
)
_CONTINUATION = re.compile(
    r"^\s*(?:at\s+(?:async )?[^\s(]*(?:[.(/]| \()|\.\.\. \d+ (?:more|common frames)|File \"[^\"]+\", line \d+|"
    r"goroutine \d+ \[|---+>? ?(?:End of|$)|--- End of|\^+\s*$|created by |\s+[\w./-]+\.(?:go|py|js|rb):\d+)"
)
_HEAD = 160  # the level stands at the front of a line; further on the same words are prose
_PINO = ((60, "fatal"), (50, "error"), (40, "warn"), (30, "info"), (20, "debug"), (10, "trace"))
_MESSAGE_FIELDS = ("message", "msg", "log", "body", "short_message", "event")
_ERROR_FIELDS = ("error", "err", "exception", "exc_info", "stack_trace", "stack", "reason", "cause")
_TEXT_FIELDS = (*_MESSAGE_FIELDS, *_ERROR_FIELDS)
_LEVEL_FIELDS = ("level", "severity", "log.level", "levelname", "lvl", "severityText", "severity_text", "@l", "l")

JsonText = str | int | float | bool | None | list["JsonText"] | dict[str, "JsonText"]


def level_of(line: str) -> str:
    """The stated severity, one of LEVELS; "" when the line states none. A crash report's first line is an error."""
    klog = _KLOG.match(line)
    if klog:
        return _WORDS[klog.group(1).lower()]
    redis = _REDIS.match(line)
    if redis:
        return _REDIS_LEVELS[redis.group(1)]
    head = line[:_HEAD]
    field = _FIELD.search(line)
    if field:
        return _named(field.group(1))
    upper, prefix = _UPPER.search(head), _PREFIX.match(head)
    if prefix and not (upper and upper.start() < prefix.start(1)):
        return _named(prefix.group(1))
    if upper:
        return _named(upper.group(1))
    bracket = _BRACKET.search(head)
    if bracket:
        return _named(bracket.group(1))
    return "error" if _CRASH.match(line) else ""


def _named(word: str) -> str:
    if word.isdigit():
        return next((name for number, name in _PINO if int(word) >= number), "")
    return _WORDS.get(word.lower(), "")


def is_continuation(line: str) -> bool:
    """Whether the line is a frame of a stack trace rather than an event of its own."""
    return _CONTINUATION.match(line) is not None


def structured(line: str) -> tuple[str, str] | None:
    """(message with its error text, level) of a JSON line; None when the line is not a JSON object with a message.

    Nested error objects contribute their own message; every other field is data.
    """
    if not line.lstrip().startswith("{"):
        return None
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    texts = [text for name in _TEXT_FIELDS if name in fields and (text := _text(fields[name]))]
    if not texts:
        return None
    stated = next((str(fields[k]) for k in _LEVEL_FIELDS if k in fields and isinstance(fields[k], str | int)), "")
    message = ": ".join(dict.fromkeys(texts))
    return message, _named(stated) or level_of(message)


def _text(value: JsonText) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        return next((text for name in ("message", "msg", "detail", "type") if (text := _text(value.get(name)))), "")
    return ""
