"""What every series of a source means and whom it is about, decided over all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from compass.domain.telemetry import SignalKind
from compass.signals.catalogue import About, Catalogue, Meaning
from compass.signals.entities import KIND_OF_ABOUT
from compass.signals.identity import HOST_LIKE, anonymous, identity_label, table_names

Read = Mapping[int, tuple[str, Mapping[str, str]]]
Named = dict[int, tuple[str, Mapping[str, str], Meaning]]
_SERVES = frozenset({SignalKind.LATENCY, SignalKind.TRAFFIC, SignalKind.ERRORS, SignalKind.SUCCESS})


def meanings(read: Read, catalogue: Catalogue, types: Mapping[int, str] | None = None) -> Named:
    """(name, labels, meaning) of each series; anonymous series get the thing they are about as a `service_name` label.

    `types` are what the server says of series (counter, gauge, ...), by number, where it says anything.

    Series of a table without labels are renamed to what they measure (`orders_cpu` → `cpu`), so that rows of one
    measure are a family; `__name__` in their labels keeps the recorded name.
    """
    siblings = frozenset(name for name, _ in read.values())
    said = types or {}
    named: Named = {
        n: (name, labels, catalogue.meaning(name, labels, siblings, said.get(n, "")))
        for n, (name, labels) in read.items()
    }
    nameless = [
        n for n, (_, labels, meaning) in named.items() if anonymous(labels) and meaning.about not in KIND_OF_ABOUT
    ]
    label = identity_label((named[n][0], named[n][1]) for n in nameless)
    if label:
        _by_label(named, label)
        nameless = [n for n in nameless if not named[n][1].get(label)]
    _by_name(named, [n for n in nameless if anonymous(named[n][1])], catalogue)
    return named


def _by_label(named: Named, label: str) -> None:
    """A machine that serves requests itself is a service here: nothing else would be named by which to call it."""
    carried = [n for n, (_, labels, _) in named.items() if labels.get(label) and anonymous(labels)]
    serves = any(named[n][2].signal.kind in _SERVES for n in carried)
    key = "service_name" if serves or label not in HOST_LIKE else "host_name"
    for number in carried:
        name, labels, meaning = named[number]
        about = About.LABELS if meaning.about is About.NODE and key == "service_name" else meaning.about
        named[number] = (name, {**labels, key: labels[label]}, replace(meaning, about=about))


def _by_name(named: Named, numbers: list[int], catalogue: Catalogue) -> None:
    def understood(measure: str) -> bool:
        return catalogue.meaning(measure, {}).signal.kind is not SignalKind.OTHER

    table = table_names([named[n][0] for n in numbers], understood)
    for number in numbers:
        name, labels, _ = named[number]
        if name in table:
            thing, measure = table[name]
            kept = {key: value for key, value in labels.items() if key not in ("job", "exported_job")}
            told = {**kept, "service_name": thing, "__name__": name}
            meaning = replace(catalogue.meaning(measure, labels), about=About.LABELS)
            named[number] = (measure, told, meaning)
