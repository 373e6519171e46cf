"""Metrics about objects of Kubernetes, as kube-state-metrics exports them: `kube_pod_…{namespace=…, pod=…}`. Pure.

Its metrics are called after the kind of object, whose name is in a label called after the kind, too
(https://github.com/kubernetes/kube-state-metrics/tree/main/docs).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from compass.domain.telemetry import NativeQuery
from compass.sources.live.native import PROMQL

Exported = tuple[str, str, str]
"""Kind in lower case, namespace ("" where the kind has none), name."""
OF_OBJECTS = "kubernetes:"
"""How `Observation.series` begins where it names an object, `kubernetes:Kind/namespace/name`."""
_PREFIX = "kube_"
# Labels that say otherwise what their kind is called.
_LABELS = {"job": "job_name"}


def exported_of(names: Sequence[str], labels: Sequence[Mapping[str, str]]) -> Iterator[Exported]:
    """What series are about, from their names and labels; of other metrics, nothing."""
    for name, given in zip(names, labels, strict=True):
        if name.startswith(_PREFIX):
            kind = name.removeprefix(_PREFIX).partition("_")[0]
            called = given.get(_LABELS.get(kind, kind), "")
            if called:
                yield kind, given.get("namespace", ""), called


def series_about(series: str, exported: frozenset[Exported]) -> NativeQuery | None:
    """All series about the object that an observation names, None where there is none, or it names none."""
    kind, _, rest = series.removeprefix(OF_OBJECTS).partition("/")
    namespace, _, name = rest.partition("/")
    kind = kind.lower()
    if not series.startswith(OF_OBJECTS) or (kind, namespace, name) not in exported:
        return None
    matchers = [f'__name__=~"{_PREFIX}{kind}_.+"', *([f"namespace={_quoted(namespace)}"] if namespace else []),
                f"{_LABELS.get(kind, kind)}={_quoted(name)}"]  # fmt: skip
    return NativeQuery(language=PROMQL, text=f"{{{', '.join(matchers)}}}")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
