# ruff: noqa: E501 - tables of names and texts read better in one line; recipes share one form
"""Log lines as services write them: routine work, and what the fault makes them say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from benchmarks.worlds.faults import Fault
from benchmarks.worlds.physics import Telling
from benchmarks.worlds.shape import Floats, World

FORMATS = ("json", "plain", "java", "go", "python")
MOST_LINES = 12_000
ROUTINE = (
    "handled {verb} /v1/{word}/{number} in {ms} ms", "{word} {number} updated", "cache entry for {word}:{number} refreshed",
    "request {hex} accepted from client {number}", "processed batch of {small} {word} records", "GET /healthz 200 0ms",
)  # fmt: skip
COMMON_TROUBLE = (
    "deprecated option {word}_timeout is ignored",
    "slow request {hex}: {ms} ms",
    "retrying {word} fetch, attempt {small}",
)
# what the struck service says, and what its callers say of it
SAYS: dict[str, tuple[str, str]] = {
    "memory_leak": ("", ""), "memory_hog": ("", ""),
    "disk_fill": ("could not write to file \"base/{number}/{number}\": No space left on device", "statement failed: {callee}: could not extend file: No space left on device"),
    "fd_exhaustion": ("accept failed: too many open files", "Post http://{callee}/v1/{word}: connection reset by peer"),
    "pool_exhaustion": ("Connection is not available, request timed out after {ms}ms", "upstream {callee} responded 503"),
    "error_burst": ("unhandled exception in {word} handler: {exception}", "call to {callee} failed: HTTP 500"),
    "crash_loop": ("starting server on port 8080", "dial tcp {callee}:8080: connect: connection refused"),
    "dependency_down": ("", "could not connect to {callee}: Connection refused"),
    "dns_failure": ("lookup {callee} on 10.96.0.10:53: no such host", "call to {callee} failed: HTTP 503"),
    "gc_pauses": ("GC overhead: pause {ms} ms", "call to {callee} timed out after 2000 ms"),
    "thread_exhaustion": ("task rejected from executor, queue full ({number} waiting)", "call to {callee} timed out after 2000 ms"),
    "network_loss": ("", "read tcp {callee}: i/o timeout"), "slow_query": ("duration: {ms}000 ms  statement: select * from {word}", "call to {callee} timed out after 2000 ms"),
}  # fmt: skip
EXCEPTIONS = {
    "java": "java.lang.NullPointerException: Cannot invoke \"String.length()\"", "python": "KeyError: 'currency'",
    "go": "panic: runtime error: invalid memory address or nil pointer dereference", "json": "TypeError: cannot read property 'id' of undefined",
    "plain": "segmentation fault in worker {number}",
}  # fmt: skip


@dataclass(slots=True)
class Line:
    """One line of a stream."""

    service: int
    time_s: float
    text: str


def write_lines(world: World, telling: Telling, fault: Fault | None, start: datetime) -> list[Line]:
    """Lines of all apps and of the stores that say something, sorted by service and time."""
    rng = world.rng
    routine = float(rng.uniform(0.3, 1.5))
    talking = [
        i for i, s in enumerate(world.services) if not s.store or rng.random() < 0.4 or (fault and fault.place == i)
    ]
    budget = MOST_LINES / max(len(talking), 1)
    lines: list[Line] = []
    for i in talking:
        state = telling.services[i]
        language = FORMATS[int(rng.integers(len(FORMATS)))]
        scale = min(routine, budget / max(float(state.rate.sum() * world.step_s), 1.0))
        for template in rng.choice(ROUTINE, 3, replace=False):
            lines += _lines(world, i, language, "INFO", str(template), state.rate * scale / 3, start)
        lines += _lines(world, i, language, "WARN", str(rng.choice(COMMON_TROUBLE)), state.rate * scale * 0.01, start)
        lines += _trouble(world, telling, fault, i, language, start)
    return sorted(lines, key=lambda line: (line.service, line.time_s))


def _trouble(world: World, telling: Telling, fault: Fault | None, i: int, language: str, start: datetime) -> list[Line]:
    if fault is None or fault.on_node:
        return []
    state, found = telling.services[i], []
    own, callers = SAYS.get(fault.kind, ("", "call to {callee} timed out after 2000 ms"))
    struck = world.services[fault.place]
    usual = (
        float(np.median(state.errors[world.times_s < fault.onset_s])) if (world.times_s < fault.onset_s).any() else 0
    )
    extra = np.clip(state.errors - usual, 0, 1) * (world.times_s >= fault.onset_s)
    most = 400 / max(float((state.rate * extra).sum() * world.step_s), 1.0)
    if i == fault.place and own:
        callees = [world.services[e.callee].name for e in world.out.get(i, ())] or ["upstream"]
        if fault.kind == "crash_loop":
            rate = np.maximum(np.diff(state.restarts, prepend=state.restarts[0]), 0) / world.step_s
        elif extra.max() < 0.005:
            rate = (world.times_s >= fault.onset_s) * 60 / max(world.times_s[-1] - fault.onset_s, 1.0)
        else:
            rate = state.rate * extra * min(1.0, most)
        found += _lines(world, i, language, "ERROR", own, rate, start, callee=str(world.rng.choice(callees)))
    for edge in world.out.get(i, ()):
        if edge.callee == fault.place and edge.awaited and callers and extra.max() > 0.005:
            found += _lines(
                world, i, language, "ERROR", callers, state.rate * extra * min(1.0, most), start, callee=struck.name
            )
        elif edge.awaited and extra.max() > 0.02 and edge.callee != fault.place:
            other = telling.services[edge.callee]
            failing = np.clip(other.errors - float(np.median(other.errors[: max(3, other.errors.size // 3)])), 0, 1)
            rate = state.rate * failing * (world.times_s >= fault.onset_s) * min(1.0, most)
            found += _lines(world, i, language, "ERROR", "upstream {callee} failed with status 500", rate, start,
                            callee=world.services[edge.callee].name)  # fmt: skip
    return found


def _lines(
    world: World, i: int, language: str, level: str, template: str, rate: Floats, start: datetime, callee: str = ""
) -> list[Line]:
    rng = world.rng
    counts = rng.poisson(np.clip(rate * world.step_s, 0, 500))
    lines = []
    for at in np.flatnonzero(counts):
        for _ in range(int(counts[at])):
            time_s = float(world.times_s[at] + rng.uniform(0, world.step_s))
            lines.append(Line(i, time_s, _rendered(world, language, level, template, start, time_s, callee)))
    return lines


def _rendered(
    world: World, language: str, level: str, template: str, start: datetime, time_s: float, callee: str
) -> str:
    rng = world.rng
    message = template.replace("{exception}", EXCEPTIONS[language]).format(
        verb=("GET", "POST")[int(rng.integers(2))], word="item", number=int(rng.integers(1, 99_999)),
        ms=int(np.exp(rng.normal(3, 1))), hex=f"{int(rng.integers(2**40)):010x}", small=int(rng.integers(1, 60)), callee=callee,
    )  # fmt: skip
    when = datetime.fromtimestamp(start.timestamp() + time_s, UTC)
    if language == "json":
        return json.dumps(
            {"ts": when.isoformat(timespec="milliseconds"), "level": level.lower(), "msg": message, "logger": "app"}
        )
    if language == "java":
        return f"{when:%Y-%m-%d %H:%M:%S},{when.microsecond // 1000:03d} {level:5} [http-nio-8080-exec-{int(rng.integers(1, 40))}] c.e.app.Handler - {message}"
    if language == "go":
        return f'time="{when:%Y-%m-%dT%H:%M:%SZ}" level={level.lower()} msg="{message}"'
    if language == "python":
        return f"{when:%Y-%m-%d %H:%M:%S},{when.microsecond // 1000:03d} {level} app.views: {message}"
    return f"{when:%b %d %H:%M:%S} {level} {message}"
