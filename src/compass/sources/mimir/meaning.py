"""Which series of a name end up in one row: those may be summed where they are kept. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compass.domain.telemetry import SignalKind, Temporality
from compass.signals.catalogue import Combine, builtin
from compass.signals.entities import KIND_OF_ABOUT
from compass.signals.entity_facts import EntityIndexBuilder
from compass.signals.identity import spelt
from compass.signals.meaning import meanings
from compass.signals.names import CLUSTER, CONTAINER, JOB, NAMESPACE, NODE, NODE_FALLBACK, POD, SERVICE, WORKLOADS
from compass.sources.live.gathered import Labels
from compass.sources.recording.plan import group_series

# Other parts of an investigation may know more by these than the series alone say: they are never summed away.
IDENTITY = frozenset(
    {*SERVICE, *POD, *NAMESPACE, *NODE, *NODE_FALLBACK, *CONTAINER, *CLUSTER, *JOB, *WORKLOADS, "reporter"}
) - {"instance"}  # fmt: skip
Cell = tuple[int, str, float, str]
_Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """By series number: its kind, and the cell (row, part, bound, outcome) in which it is added to others.

    A series of which no cell is known stands alone.
    """

    kinds: Mapping[int, SignalKind]
    cells: Mapping[int, Cell]
    numbers: Mapping[_Key, int]

    def kind_of(self, number: int) -> SignalKind:
        return self.kinds.get(number, SignalKind.OTHER)

    def cell_of(self, labels: Labels) -> Cell | None:
        return self.cells.get(self.numbers[_key(labels)])


def label_sets(series: Sequence[Labels], types: Mapping[str, str] | None = None) -> Cells:
    """What the label sets (with `__name__`) mean, as the reader of a recording would understand them.

    `types` are what the server says of metrics, by name.
    """
    plain = {
        number: (labels.get("__name__", ""), spelt({k: v for k, v in labels.items() if k != "__name__"}))
        for number, labels in enumerate(series)
    }
    said = {number: type_of(name, types) for number, (name, _) in plain.items()} if types else {}
    named = meanings(plain, builtin(), said)
    builder = EntityIndexBuilder()
    for _, labels, meaning in named.values():
        builder.add_labels(labels, meaning.about)
        if meaning.about in KIND_OF_ABOUT:
            builder.add_store_labels(labels, meaning.about)
    cells: dict[int, Cell] = {}
    for place, group in enumerate(group_series(named, builder.build())):
        grows = group.histogram or (
            group.meaning.signal.temporality is Temporality.CUMULATIVE and group.meaning.combine is Combine.SUM
        )
        for member in group.members if grows else ():
            outcome = member.outcome.value if member.outcome is not None else ""
            cells[member.series] = (place, member.part.value, member.bound, outcome)
    return Cells(
        kinds={number: meaning.signal.kind for number, (_, _, meaning) in named.items()}, cells=cells,
        numbers={_key(labels): number for number, labels in enumerate(series)},
    )  # fmt: skip


def type_of(name: str, types: Mapping[str, str]) -> str:
    """The type of a series; "" where none is stated. OpenMetrics states a counter's without its `_total`."""
    return types.get(name) or types.get(name.removesuffix("_total"), "")


def summable(labels: Sequence[Labels], cells: Cells) -> tuple[str, ...] | None:
    """The fewest labels that keep apart what must stay apart when the series of one name are summed; None: do not.

    Labels are let go one by one, those with most values first, as long as no two cells would be mixed.
    """
    found = [cells.cell_of(one) for one in labels]
    if len(labels) < 2 or any(cell is None for cell in found):
        return None
    names = sorted({name for one in labels for name in one if name != "__name__"})
    if any(not name.isidentifier() for name in names):
        return None  # a name that needs quoting is not understood by every server
    values = {name: len({one.get(name, "") for one in labels}) for name in names}
    kept = list(names)
    for name in sorted(names, key=lambda n: (-values[n], n)):
        if name in IDENTITY or name == "le":
            continue
        fewer = [other for other in kept if other != name]
        if values[name] == 1 or _apart(labels, found, fewer):
            # A label with one value costs nothing and may say something (a unit, a pool's name).
            kept = kept if values[name] == 1 else fewer
    return tuple(kept)


def _apart(labels: Sequence[Labels], cells: Sequence[Cell | None], kept: Sequence[str]) -> bool:
    seen: dict[tuple[str, ...], Cell | None] = {}
    for one, cell in zip(labels, cells, strict=True):
        if seen.setdefault(tuple(one.get(name, "") for name in kept), cell) != cell:
            return False
    return True


def _key(labels: Labels) -> _Key:
    return tuple(sorted(labels.items()))
