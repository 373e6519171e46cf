"""One thing under several kinds: a store that spans call a database and series a service, a third party that one source
takes for a service of ours. Left apart, each would be blamed for half of what is known of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from compass.domain.entity import EntityKind, EntityRef

_KINDS = (EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE, EntityKind.SERVICE, EntityKind.EXTERNAL)
"""Most telling first: who names a product knows more than who names an address."""


def namesakes(entities: Iterable[EntityRef], reporting: Collection[EntityRef]) -> Mapping[EntityRef, EntityRef]:
    """Containment (child to parent) of things of one name under another kind in the one that says most what they are.

    A service that never reports anything itself (it is not among `reporting`, who measure, write or call) is taken for
    external where something says so. Things whose namespaces or clusters differ are different; an unstated one is
    compatible with any, if it is the only one.
    """
    by_name: dict[str, list[EntityRef]] = {}
    for entity in sorted(set(entities)):
        if entity.kind in _KINDS:
            by_name.setdefault(entity.name.lower(), []).append(entity)
    found: dict[EntityRef, EntityRef] = {}
    for alike in by_name.values():
        places = {(e.namespace, e.cluster) for e in alike if e.namespace or e.cluster}
        if len({e.kind for e in alike}) < 2 or len(places) > 1:
            continue
        outer = min(alike, key=lambda e: (_rank(e, reporting), e))
        found.update((e, outer) for e in alike if e != outer)
    return found


def _rank(entity: EntityRef, reporting: Collection[EntityRef]) -> int:
    silent = entity.kind is EntityKind.SERVICE and entity not in reporting
    return len(_KINDS) if silent else _KINDS.index(entity.kind)
