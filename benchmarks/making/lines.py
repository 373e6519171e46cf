"""Log lines whose template is known because it was there first.

A statement is a fixed message with slots; every line fills the slots anew. Slots hold what real programs print: numbers
with and without units, ids, hexadecimal digests, addresses, paths, JSON, quoted text, lists of any length and names in
several scripts. Statements belong to programs, and a program writes in one dialect (plain, logfmt, JSON, klog, bare).
Some statements are many times as frequent as others (Zipf), as everywhere.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

VERBS = (
    "accepted", "acquired", "added", "aborted", "applied", "assigned", "closed", "committed", "connected", "created",
    "decoded", "deleted", "delivered", "dropped", "enqueued", "evicted", "expired", "failed", "fetched", "finished",
    "flushed", "granted", "ignored", "indexed", "loaded", "locked", "merged", "moved", "opened", "parsed", "paused",
    "published", "purged", "received", "refused", "registered", "rejected", "released", "reloaded", "removed",
    "renewed", "replayed", "resolved", "restarted", "resumed", "retried", "revoked", "saved", "scheduled", "sent",
    "skipped", "started", "stopped", "stored", "synced", "timed out", "truncated", "unlocked", "updated", "validated",
)  # fmt: skip
NOUNS = (
    "account", "batch", "block", "bucket", "cache", "cart", "certificate", "channel", "checkpoint", "chunk", "client",
    "cluster", "column", "connection", "consumer", "coupon", "cursor", "device", "document", "entry", "event", "export",
    "field", "file", "frame", "gateway", "handler", "index", "invoice", "item", "job", "journal", "key", "leader",
    "lease", "ledger", "listener", "message", "metric", "module", "offset", "order", "packet", "page", "partition",
    "payment", "peer", "policy", "pool", "producer", "profile", "query", "queue", "record", "region", "replica",
    "request", "route", "row", "schema", "segment", "session", "shard", "snapshot", "socket", "stream", "table",
    "task", "ticket", "token", "topic", "transaction", "upload", "volume", "worker", "zone",
)  # fmt: skip
LINKS = ("for", "from", "in", "of", "on", "to", "with", "by", "after", "before", "using", "at")
NAMES = (
    "amber", "birch", "cedar", "dahlia", "elm", "fennel", "ginger", "hazel", "iris", "jasmine", "kelp", "laurel",
    "maple", "nettle", "olive", "poppy", "quince", "rowan", "saffron", "thyme", "umber", "violet", "willow", "yarrow",
    "zinnia", "aspen", "basil", "clover", "daisy", "ember", "fern", "gorse", "heather", "ivy", "juniper", "lotus",
)  # fmt: skip
WORLD = (
    "Łukasz", "Zoë", "Søren", "José", "Müller", "Ångström", "Željko", "Ελένη", "Наталья", "Иван", "北京", "東京",
    "서울",     "กรุงเทพ", "मुंबई", "القاهرة", "תל־אביב", "Đặng", "Şule", "Ñandú", "Œuvre", "İzmir", "Győr", "Reykjavík",
)  # fmt: skip
TEXT = (
    "no route", "try again later", "unexpected end of input", "the peer went away", "value is too long for this column",
    "permission was not given", "out of range", "not a valid choice", "already exists", "deadline passed while waiting",
    "checksum does not match", "cannot be parsed as a date", "quota used up", "unknown host", "stale handle",
)  # fmt: skip
LEVELS = ("debug", "info", "info", "info", "warn", "error")

Slot = Callable[[random.Random], str]


def _hex(rng: random.Random, size: int) -> str:
    return f"{rng.getrandbits(4 * size):0{size}x}"


def _ip(rng: random.Random) -> str:
    return f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


def _list(rng: random.Random, values: Callable[[], str], most: int = 8) -> str:
    return f"[{', '.join(values() for _ in range(rng.randrange(1, most)))}]"


SLOTS: dict[str, Slot] = {
    "number": lambda r: str(r.randrange(10 ** r.randrange(1, 10))),
    "decimal": lambda r: f"{r.expovariate(0.01):.{r.randrange(1, 4)}f}",
    "duration": lambda r: f"{r.expovariate(0.02):.2f}{r.choice(('ms', 's', 'µs'))}",
    "bytes": lambda r: f"{r.randrange(1, 1024)} {r.choice(('B', 'KiB', 'MiB'))}",
    "hex": lambda r: _hex(r, r.choice((8, 16, 32, 40))),
    "pointer": lambda r: f"0x{_hex(r, 12)}",
    "uuid": lambda r: f"{_hex(r, 8)}-{_hex(r, 4)}-4{_hex(r, 3)}-a{_hex(r, 3)}-{_hex(r, 12)}",
    "ip": _ip,
    "address": lambda r: f"{_ip(r)}:{r.randrange(1024, 65536)}",
    "ipv6": lambda r: f"fe80::{_hex(r, 4)}:{_hex(r, 4)}:{_hex(r, 4)}",
    "time": lambda r: f"2026-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}T{r.randrange(24):02}:{r.randrange(60)}Z",
    "path": lambda r: f"/var/lib/{r.choice(NAMES)}/{r.randrange(1000)}/{r.choice(NAMES)}.dat",
    "api": lambda r: f"/api/v2/{r.choice(NAMES)}/{r.randrange(100_000)}",
    "url": lambda r: f"https://{r.choice(NAMES)}.example.com/{r.choice(NAMES)}?id={r.randrange(10_000)}",
    "email": lambda r: f"{r.choice(NAMES)}.{r.choice(NAMES)}@example.com",
    "pod": lambda r: f"{r.choice(NAMES)}-{_hex(r, 10)}-{_hex(r, 5)}",
    "name": lambda r: r.choice(NAMES),
    "world": lambda r: r.choice(WORLD),
    "quoted": lambda r: f'"{r.choice(TEXT)}"',
    "numbers": lambda r: _list(r, lambda: str(r.randrange(1000))),
    "names": lambda r: _list(r, lambda: r.choice(NAMES)),
    "json": lambda r: json.dumps(
        {"id": r.randrange(10_000), "owner": r.choice(NAMES), "tags": [r.choice(NAMES) for _ in range(r.randrange(4))]}
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """`parts` alternates fixed text and slots; `head` is what the dialect puts in front, a slot itself."""

    dialect: str
    level: str
    source: str
    parts: tuple[str, ...]
    slots: tuple[str, ...]


def generate(seed: int, lines: int, statements: int = 200) -> tuple[list[str], npt.NDArray[np.int64]]:
    """`lines` lines and the number of the statement of each, int64 [lines]."""
    rng = random.Random(seed)
    made = make_statements(rng, statements)
    shares = list(accumulate(1.0 / (rank + 3) for rank in range(statements)))
    chosen = rng.choices(range(statements), cum_weights=shares, k=lines)
    return [write(rng, made[number], at) for at, number in enumerate(chosen)], np.array(chosen, dtype=np.int64)


def make_statements(rng: random.Random, count: int) -> list[Statement]:
    """Statements of a dozen programs, no two with the same fixed words."""
    dialects = ("plain", "logfmt", "json", "klog", "bare")
    programs = [(rng.choice(NAMES) + rng.choice(NOUNS).capitalize(), dialects[i % len(dialects)]) for i in range(12)]
    seen: set[tuple[str, ...]] = set()
    made: list[Statement] = []
    while len(made) < count:
        program, dialect = rng.choice(programs)
        parts, slots = _message(rng)
        if parts not in seen:
            seen.add(parts)
            made.append(Statement(dialect, rng.choice(LEVELS), f"{program}#{rng.randrange(20, 900)}", parts, slots))
    return made


def _message(rng: random.Random) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """One to four slots, each behind some fixed words."""
    parts = [f"{rng.choice(NOUNS)} {rng.choice(VERBS)}"]
    slots: list[str] = []
    for _ in range(rng.choice((1, 1, 2, 2, 3, 4))):
        joined = rng.choice((" {} ", " {}=", ", {}: ")).format(rng.choice(NOUNS))
        parts[-1] += joined if rng.random() < 0.6 else f" {rng.choice(LINKS)}{joined}"
        slots.append(rng.choice(tuple(SLOTS)))
        parts.append("")
    parts[-1] = rng.choice(("", "", f" {rng.choice(LINKS)} {rng.choice(NOUNS)}", " again"))
    return tuple(parts), tuple(slots)


def write(rng: random.Random, statement: Statement, at: int) -> str:
    """One line."""
    text = statement.parts[0]
    for slot, rest in zip(statement.slots, statement.parts[1:], strict=True):
        text += SLOTS[slot](rng) + rest
    clock = f"{at // 3_600_000 % 24:02}:{at // 60_000 % 60:02}:{at // 1000 % 60:02}"
    program, number = statement.source.split("#")
    match statement.dialect:
        case "plain":
            return f"2026-01-05 {clock},{at % 1000:03} {statement.level.upper():5} [pool-{at % 7}] {program} - {text}"
        case "logfmt":
            said = text.replace('"', '\\"')
            return f'ts=2026-01-05T{clock}Z level={statement.level} caller={program}.go:{number} msg="{said}"'
        case "json":
            body = {"time": f"2026-01-05T{clock}Z", "level": statement.level, "logger": program, "msg": text}
            return json.dumps(body, ensure_ascii=False)
        case "klog":
            letter = {"debug": "I", "info": "I", "warn": "W", "error": "E"}[statement.level]
            return f"{letter}0105 {clock}.{at % 1000:03}000 {1 + at % 9:7} {program}.go:{number}] {text}"
        case _:
            return text


def accuracy(ids: Sequence[int] | npt.NDArray[np.integer], truth: npt.NDArray[np.int64]) -> float:
    """Grouping accuracy: the share of lines whose group is exactly the set of lines of their true statement.

    Zhu et al. 2019, "Tools and Benchmarks for Automated Log Parsing".
    """
    found = np.unique(np.asarray(ids), return_inverse=True)[1].astype(np.int64)
    pairs, counts = np.unique(found * (int(truth.max()) + 1) + truth, return_counts=True)
    group, kind = np.divmod(pairs, int(truth.max()) + 1)
    alone = (np.bincount(found)[group] == counts) & (np.bincount(truth)[kind] == counts)
    return float(counts[alone].sum() / truth.size)
