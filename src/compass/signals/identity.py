"""Whom series are about where their labels follow no convention.

Three habits are read, each from all series of a source together, because one series alone does not show them:
labels in another spelling (`PodName`, `dimension_ServiceName`), one label of the shop's own that tells things apart
(`ci`, `component`, `device`), and tables without labels in which the name of the thing is the head of each series'
name (`orders_cpu`, `orders_latency_p90`, `billing_cpu`, ...).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from compass.signals.names import (
    CONTAINER,
    DESTINATION,
    NODE,
    OBJECT_POD,
    POD,
    SERVICE,
    SOURCE,
    STORE_LABELS,
    WORKLOADS,
    Labels,
    first,
)

NAMING = (*SERVICE, *POD, *OBJECT_POD, *NODE, *CONTAINER, *WORKLOADS, *STORE_LABELS, *SOURCE, *DESTINATION, "instance")
# Labels that tell parts or states of one thing apart, never things.
DIMENSIONS = frozenset(
    {"le", "quantile", "stat", "statistic", "stats", "unit", "region", "zone", "az", "availability_zone", "env",
     "environment", "stage", "tenant", "account", "account_id", "namespace", "cluster", "job", "state", "status",
     "code", "status_code", "response_code", "method", "verb", "route", "path", "uri", "url", "endpoint",
     "operation", "handler", "type", "kind", "mode", "cpu", "core", "mount", "mountpoint", "fstype", "interface",
     "direction", "memtype", "area", "id", "pool", "level", "outcome", "result", "exception", "error_type", "topic",
     "partition", "version", "revision", "datname", "db", "database", "schema", "table", "command", "cmd",
     "reporter", "protocol", "port", "source", "metric", "agg", "aggregation"}
)  # fmt: skip
HOST_LIKE = frozenset({"host", "hostname", "host_id", "machine", "vm", "vm_name", "instance_id", "server", "computer"})
MIN_THINGS = 2
MIN_TABLE_THINGS = 3
JOINTS = "_.-:/ "
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])")
_CLOUD_PATH = re.compile(r"^(?:targetgroup|app|net|loadbalancer)/(?P<name>[^/]+)/[^/]+$|^targetgroup/(?P<short>[^/]+)$")


def snake(word: str) -> str:
    """`DBInstanceIdentifier` → `db_instance_identifier`; what is snake case already stays."""
    return _CAMEL.sub("_", word).lower()


def spelt(labels: Labels) -> Labels:
    """Labels under the usual spelling of their names; a label that is there already in that spelling wins."""
    if all(name == name.lower() and not name.startswith("dimension_") for name in labels):
        return labels
    usual = {_plain(name): _value(value) for name, value in sorted(labels.items())}
    return {**usual, **{name: value for name, value in labels.items() if name == _plain(name)}}


def _plain(name: str) -> str:
    return snake(name.removeprefix("dimension_")) if not name.startswith("__") else name


def _value(value: str) -> str:
    """The name inside a load balancer's or target group's path."""
    found = _CLOUD_PATH.match(value)
    return (found["name"] or found["short"]) if found else value


def without_bound(labels: Labels) -> frozenset[tuple[str, str]]:
    """The labels but for the bound of a bucket, which says nothing of whom a series is about: a key to remember by."""
    return frozenset((name, value) for name, value in labels.items() if name != "le")


def anonymous(labels: Labels) -> bool:
    """Whether no label of any convention names the thing a series is about. A scrape job of its own does not."""
    return not first(labels, NAMING)


def identity_label(series: Iterable[tuple[str, Labels]]) -> str:
    """The label that tells things apart, or "": carried by most of these anonymous series, and repeated by each thing.

    Each of at least two values must come with several series names, and the names must be shared between values:
    that is what things do and what dimensions of one measurement (a mount point, a status) do not.
    """
    names_of: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    total = 0
    for name, labels in series:
        total += 1
        for label, value in labels.items():
            if label not in DIMENSIONS and value and not label.startswith("__"):
                names_of[label][value].add(name)
    best, most = "", 0
    for label in sorted(names_of):
        values = names_of[label]
        shared = Counter(name for names in values.values() for name in names)
        common = {name for name, count in shared.items() if count >= MIN_THINGS}
        covered = sum(len(names & common) for names in values.values() if len(names & common) >= MIN_THINGS)
        if len(values) >= MIN_THINGS and covered > most and 2 * sum(shared.values()) >= total:
            best, most = label, covered
    return best


def table_names(names: Sequence[str], understood: Callable[[str], bool]) -> Mapping[str, tuple[str, str]]:
    """name → (thing, measure) for names that are a table of things and measures, joined by one character.

    `understood` says whether a measure alone means something. A measure is the shortest tail that is understood. A
    table needs three things that share two measures; otherwise nothing is read into the names. What is left of such
    a table after the tails (measures of no known meaning) is split after the longest thing that its name begins with.
    """
    best: Mapping[str, tuple[str, str]] = {}
    for joint in JOINTS:
        found = _table(sorted(set(names)), joint, understood)
        if len(found) > len(best):
            best = found
    return best


def _table(names: Sequence[str], joint: str, understood: Callable[[str], bool]) -> dict[str, tuple[str, str]]:
    known: dict[str, bool] = {}
    splits: dict[str, tuple[str, str]] = {}
    for name in names:
        for at in range(len(name) - 2, 0, -1):
            tail = name[at + 1 :]
            if name[at] != joint:
                continue
            if tail not in known:
                known[tail] = understood(tail)
            if known[tail]:
                splits[name] = (name[:at], tail)
                break
    shared = Counter(measure for _, measure in splits.values())
    common = {measure for measure, count in shared.items() if count >= MIN_TABLE_THINGS}
    support = Counter(thing for thing, measure in splits.values() if measure in common)
    things = {thing for thing, count in support.items() if count >= 2}
    if len(things) < MIN_TABLE_THINGS or len(common) < 2:
        return {}
    table = {name: split for name, split in splits.items() if split[0] in things}
    heads = sorted(things, key=lambda thing: (-len(thing), thing))
    for name in names:
        if name not in table:
            thing = next((t for t in heads if name.startswith(t + joint) and len(name) > len(t) + 1), "")
            if thing:
                table[name] = (thing, name[len(thing) + 1 :])
    return table
