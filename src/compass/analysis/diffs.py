"""What a change does, read from its diff, summary and attributes in general terms: which limit fell, which flag turned.

Handles unified diffs of YAML, properties, environment files, JSON and code, and phrases such as `replicas 3 → 1`
or "from 50 to 5". The text is untrusted: lines are cut, their number is capped, and nothing is ever evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from compass.domain.incident import Change

MAX_LINES = 4_000
MAX_LINE = 400
MAX_EFFECTS = 20

_PAIR = re.compile(
    r"""(?P<key>[A-Za-z_][\w.\-]{0,80})["']?\s{0,4}(?:[:=(]|=>|\s)\s{0,4}["']?"""
    r"""(?P<value>-?\d[\d_]{0,18}(?:\.\d{1,9})?\s?[A-Za-z%]{0,7}|true|false|on|off|enabled|disabled)(?![\w.])""",
    re.IGNORECASE,
)
_UNIT = r"(?:%|[kKMG]i?B?|[munµ]?s|sec|min|m|h)"
_NUMBER = rf"-?\d[\d_,]{{0,18}}(?:\.\d{{1,9}})?(?:\s?{_UNIT}(?![A-Za-z]))?(?![\w])"
_JVM = re.compile(r"-Xm([xs])(?=\d)")
_ARROW = re.compile(
    rf"""(?P<key>[A-Za-z_][\w.\- ]{{0,60}}?)["']?\s{{0,3}}[:=]?\s{{0,3}}(?:was\s|changed\s)?(?:from\s)?"""
    rf"""(?P<old>{_NUMBER})\s{{0,3}}(?:->|→|=>|\bto\b)\s{{0,3}}(?P<new>{_NUMBER})(?P<after>\s[A-Za-z_]{{2,30}})?""",
    re.IGNORECASE,
)
_VALUE = re.compile(r"(-?\d[\d_,]*(?:\.\d+)?)\s?([A-Za-z%]*)")
_NAME = re.compile(r"""^\s*-?\s*["']?name["']?\s*[:=]\s*["']?([A-Za-z_][\w.\-]{0,80})""")
_SECTION = re.compile(r"""^(\s*)(?:-\s+)?["']?([A-Za-z_][\w.\-]{0,80})["']?\s*[:=]?\s*[{\[]?\s*$""")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CONFIG_FILE = re.compile(r"\.(ya?ml|properties|env|toml|ini|conf|cfg|json|cnf|xml|hcl|tf)$", re.IGNORECASE)

# What key words mean. They are the vocabulary of configuration at large (HikariCP, pgbouncer, envoy, JVM, cgroups,
# Kubernetes), not of one system.
POOL_WORDS = frozenset(
    {
        "pool", "pools", "connection", "connections", "conn", "conns", "maxconn", "thread", "threads", "worker",
        "workers", "concurrency", "concurrent", "parallelism", "parallel", "inflight", "executor", "executors",
        "semaphore", "slots", "permits", "bulkhead",
    }
)  # fmt: skip
LIMIT_WORDS = frozenset(
    {
        "limit", "limits", "timeout", "timeouts", "deadline", "quota", "quotas", "memory", "mem", "cpu", "heap", "xmx",
        "max", "maximum", "rate", "burst", "buffer", "throughput", "rps", "qps", "capacity", "budget",
    }
)  # fmt: skip
TIME_WORDS = frozenset({"timeout", "timeouts", "deadline", "ttl"})
REPLICA_WORDS = frozenset({"replica", "replicas", "instances"})
FLOOR_WORDS = frozenset({"min", "minimum"})
FLAG_WORDS = frozenset(
    {"flag", "flags", "feature", "features", "toggle", "enable", "enabled", "disable", "disabled", "experiment"}
)
_BOOLEAN = {"true": 1.0, "on": 1.0, "enabled": 1.0, "false": 0.0, "off": 0.0, "disabled": 0.0}
_SUFFIX = {
    "m": 1e-3, "k": 1e3, "ki": 2.0**10, "mi": 2.0**20, "gi": 2.0**30, "kb": 1e3, "mb": 1e6, "gb": 1e9, "ms": 1e-3,
    "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "us": 1e-6, "ns": 1e-9, "g": 1e9, "": 1.0, "%": 1.0,
}  # fmt: skip
_SCALE = ("scale", "autoscale", "replicas")
_CONFIG = ("config", "configuration", "configmap", "settings", "environment", "env", "secret", "parameter")
_FLAG = ("flag", "feature_flag", "featureflag", "feature", "toggle", "experiment")
_PROVIDER = ("provider_status", "provider", "status_page", "vendor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One thing a change does: `sign` is a word of domain.sign, `text` says it in one phrase."""

    sign: str
    text: str
    key: str = ""
    old: float | None = None
    new: float | None = None


def effects(change: Change) -> tuple[Effect, ...]:
    """What the change does as far as its kind and text say, strongest meaning first, without repeats."""
    found = [*_by_kind(change)]
    for key, old, new in _moves(change):
        effect = _meaning(key, old, new)
        if effect is not None:
            found.append(effect)
    unique = {(e.sign, e.text): e for e in found}
    return tuple(sorted(unique.values(), key=lambda e: (_ORDER.index(e.sign), e.text))[:MAX_EFFECTS])


_ORDER = (
    "change.pool_shrunk", "change.limit_lowered", "change.scale_down", "change.flag", "change.provider",
    "change.config",
)  # fmt: skip


def _by_kind(change: Change) -> Iterator[Effect]:
    kind = change.kind.strip().lower().replace("-", "_")
    if kind in _PROVIDER:
        yield Effect(sign="change.provider", text="a provider reported an incident")
    if kind in _FLAG:
        yield Effect(sign="change.flag", text="a feature flag changed")
    if kind in _CONFIG or any(_CONFIG_FILE.search(path) for path in _paths(change.diff)):
        yield Effect(sign="change.config", text="configuration changed")


def _paths(diff: str) -> Iterator[str]:
    for line in diff.splitlines()[:MAX_LINES]:
        if line.startswith(("+++ ", "--- ")):
            yield line[4:MAX_LINE].split("\t")[0].strip()


def _moves(change: Change) -> Iterator[tuple[str, str, str]]:
    """(key words, old, new) for every number or switch that the diff, the attributes or the summary moves."""
    yield from _diff_moves(change.diff)
    for text in (change.summary, *(change.diff.splitlines()[:MAX_LINES] if not _unified(change.diff) else ())):
        for match in _ARROW.finditer(text[:MAX_LINE]):
            yield f"{match['key']} {match['after'] or ''}".strip(), match["old"], match["new"]
    low = {key.lower(): value for key, value in change.attributes.items()}
    kind = change.kind.strip().lower()
    for before, after in (("from", "to"), ("old", "new"), ("old_replicas", "new_replicas"), ("before", "after")):
        old, new = low.get(before, ""), low.get(after, "")
        if old and new:
            named = low.get("key", low.get("parameter", low.get("field", "")))
            yield named or ("replicas" if kind in _SCALE or "replicas" in before else kind), old, new


def _unified(diff: str) -> bool:
    return any(line.startswith(("+", "-", "@@")) for line in diff.splitlines()[:MAX_LINES])


def _diff_moves(diff: str) -> Iterator[tuple[str, str, str]]:
    """Numbers of the same key on removed and added lines of one hunk."""
    removed: dict[str, list[str]] = {}
    added: dict[str, list[str]] = {}
    path: list[tuple[int, str]] = []
    name = ""
    for raw in [*diff.splitlines()[:MAX_LINES], "@@"]:
        if raw.startswith(("@@", "diff ", "--- ", "+++ ")):
            yield from _matched(removed, added)
            removed, added, path, name = {}, {}, [], ""
            continue
        mark, line = raw[:1], raw[1:MAX_LINE]
        named = _NAME.match(line)
        name = named.group(1) if named else name
        path = _descend(path, line)
        side = removed if mark == "-" else added if mark == "+" else None
        if side is None:
            continue
        for match in _PAIR.finditer(_JVM.sub(r"Xm\1=", line)):
            key = name if match["key"].lower() == "value" and name else match["key"]
            above = ".".join(part for depth, part in path if depth < len(line) - len(line.lstrip()))
            side.setdefault(f"{above}.{key}" if above else key, []).append(match["value"])


def _descend(path: list[tuple[int, str]], line: str) -> list[tuple[int, str]]:
    """The headings above this line, by indentation, so that `memory:` below `limits:` keeps its meaning."""
    if not line.strip():
        return path
    depth = len(line) - len(line.lstrip())
    kept = [entry for entry in path if entry[0] < depth]
    section = _SECTION.match(line)
    return [*kept, (depth, section.group(2))][-6:] if section else kept


def _matched(removed: dict[str, list[str]], added: dict[str, list[str]]) -> Iterator[tuple[str, str, str]]:
    for key in sorted(removed.keys() & added.keys()):
        for old, new in zip(removed[key], added[key], strict=False):
            if old != new:
                yield key, old, new


def _number(text: str) -> float | None:
    """A plain, suffixed (512Mi, 500m, 30s) or boolean value as a number; None when it is none."""
    text = text.strip()
    if text.lower() in _BOOLEAN:
        return _BOOLEAN[text.lower()]
    match = _VALUE.fullmatch(text)
    if match is None:
        return None
    digits = match.group(1).replace("_", "").replace(",", "")
    suffix = match.group(2)
    factor = 1e6 if suffix == "M" else _SUFFIX.get(suffix.lower(), 1.0)
    return float(digits) * factor


def words(key: str) -> frozenset[str]:
    """The words of a key in any style (maxPoolSize, MAX_POOL_SIZE, max-pool-size), lower-case."""
    return frozenset(match.group().lower() for match in _WORD.finditer(key))


def _meaning(key: str, before: str, after: str) -> Effect | None:
    old, new = _number(before), _number(after)
    if old is None or new is None:
        return None
    found = words(key)
    shown = f"{key.strip()[-60:]} {before.strip()} → {after.strip()}"
    if found & FLAG_WORDS and {old, new} == {0.0, 1.0}:
        return Effect(sign="change.flag", text=shown, key=key, old=old, new=new)
    if new >= old:
        return None
    if found & REPLICA_WORDS:
        return Effect(sign="change.scale_down", text=shown, key=key, old=old, new=new)
    if found & FLOOR_WORDS and not found & LIMIT_WORDS:
        return None
    if found & POOL_WORDS and not found & TIME_WORDS:
        return Effect(sign="change.pool_shrunk", text=shown, key=key, old=old, new=new)
    if found & LIMIT_WORDS:
        return Effect(sign="change.limit_lowered", text=shown, key=key, old=old, new=new)
    return None
