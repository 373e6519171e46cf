"""What was rolled out: consecutive revisions of the pod template, compared."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import yaml

from compass.domain.time import Window, rfc3339
from compass.redaction import bound, redact
from compass.sources.kubernetes.cleaned import Numbered, cleaned
from compass.sources.kubernetes.fields import Place, at, controller, entries, number, owner, place, text, when
from compass.sources.kubernetes.scaling import Scaled
from compass.sources.live.gathered import JsonObject
from compass.tables.objects import Json

REVISIONS = ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")
HISTORY = "deployment.kubernetes.io/revision-history"
CAUSE = "kubernetes.io/change-cause"
RESTARTED = "kubectl.kubernetes.io/restartedAt"
MOST_DIFF, MOST_SUMMARY, CONTEXT = 20_000, 300, 6
_HASHES = ("pod-template-hash", "controller-revision-hash")
_DIGITS = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One pod template of a workload. `again`: it had been there before and was taken back into use, so that the time
    it was created is not the time of this change."""

    kind: str
    workload: Place
    number: int
    name: str
    created_ns: int | None
    template: JsonObject
    cause: str = ""
    again: bool = False


def of_replica_sets(sets: Iterable[JsonObject]) -> list[Revision]:
    """Revisions of Deployments, and of what stands in for them (an Argo Rollout). A ReplicaSet that was rolled back to
    stands for all its numbers."""
    found = []
    for body in sets:
        (kind, name), notes = controller(body), at(body, "metadata", "annotations")
        latest = next((given for key in REVISIONS if (given := number(notes, key)) is not None), None)
        if not name or latest is None:
            continue
        earlier = [int(digits) for digits in _DIGITS.findall(text(notes, HISTORY))]
        for one in sorted({*earlier, latest}):
            made = Revision(
                kind=kind, workload=Place(place(body).namespace, name), number=one,
                name=place(body).name, created_ns=when(body, "metadata", "creationTimestamp"),
                template=_template(at(body, "spec", "template")), cause=text(notes, CAUSE) if one == latest else "",
                again=one > min(earlier, default=latest),
            )  # fmt: skip
            found.append(made)
    return found


def of_revisions(revisions: Iterable[JsonObject]) -> list[Revision]:
    """Revisions of StatefulSets and DaemonSets. One that was rolled back to gets a new number and keeps its age."""
    found: dict[tuple[str, Place], list[JsonObject]] = defaultdict(list)
    for body in revisions:
        for kind in ("StatefulSet", "DaemonSet"):
            if name := owner(body, kind):
                found[kind, Place(place(body).namespace, name)].append(body)
    made = []
    for (kind, workload), bodies in found.items():
        newest = 0
        for body in sorted(bodies, key=lambda b: number(b, "revision") or 0):
            created = when(body, "metadata", "creationTimestamp")
            made.append(Revision(
                kind=kind, workload=workload, number=number(body, "revision") or 0, name=place(body).name,
                created_ns=created, template=_template(at(body, "data", "spec", "template")),
                cause=text(body, "metadata", "annotations", CAUSE), again=(created or 0) < newest,
            ))  # fmt: skip
            newest = max(newest, created or 0)
    return made


def _template(found: Json) -> JsonObject:
    """The template without what is a consequence of its own content."""
    template = {key: value for key, value in found.items() if key != "$patch"} if isinstance(found, dict) else {}
    meta = template.get("metadata")
    if isinstance(meta, dict):
        labels = meta.get("labels")
        kept = {k: v for k, v in labels.items() if k not in _HASHES} if isinstance(labels, dict) else {}
        rest = {key: value for key, value in meta.items() if key not in ("labels", "creationTimestamp")}
        template = {**template, "metadata": {**rest, "labels": kept}}
    return template


def rollouts(
    revisions: Sequence[Revision], created: Mapping[tuple[str, Place], int], window: Window,
    scaled: Sequence[Scaled], pods: Sequence[JsonObject],
) -> tuple[list[JsonObject], list[str]]:  # fmt: skip
    """A change for each revision that came into use in the window, and what could not be placed in time, in words.

    `created` tells when a workload itself was made.
    """
    by_workload: dict[tuple[str, Place], list[Revision]] = defaultdict(list)
    for one in revisions:
        by_workload[one.kind, one.workload].append(one)
    changes, missing = [], []
    for key, of_one in sorted(by_workload.items()):
        ordered = sorted(of_one, key=lambda r: r.number)
        for before, after in zip([None, *ordered[:-1]], ordered, strict=True):
            # Of a template used more than once, only the last time can have left pods and events.
            last = after.number == max(r.number for r in ordered if r.name == after.name)
            at_ns = after.created_ns if not after.again else _taken_up(after, before, scaled, pods) if last else None
            newest = after is ordered[-1]
            if at_ns is None and newest and after.again:
                missing.append(f"when {key[0]} {after.workload} went back to an earlier template is not known")
            if at_ns is None or not window.start_ns <= at_ns <= window.end_ns:
                continue
            if before is None and at_ns - created.get(key, 0) > 60_000_000_000:
                before_gone = " (what it replaced is no longer kept)"
                changes.append(_change(after, None, at_ns, before_gone))
            else:
                changes.append(_change(after, before, at_ns, ""))
    return changes, missing


def _taken_up(
    after: Revision, before: Revision | None, scaled: Sequence[Scaled], pods: Sequence[JsonObject]
) -> int | None:
    """When an old template came back into use: its set was scaled up, or the first of its pods was made."""
    since = (before.created_ns if before is not None else None) or 0
    namespace, hashed = after.workload.namespace, after.name.rpartition("-")[2]
    ups = [s.at_ns for s in scaled if s.workload == after.workload and s.set_name == after.name and s.up]
    made = [
        born for pod in pods
        if place(pod).namespace == namespace and (born := when(pod, "metadata", "creationTimestamp")) is not None
        and (owner(pod, "ReplicaSet") == after.name
             or (text(pod, "metadata", "labels", "controller-revision-hash") in (after.name, hashed)
             and after.workload.name in (owner(pod, "StatefulSet"), owner(pod, "DaemonSet"))))
    ]  # fmt: skip
    return min((ns for ns in [*ups, *made] if ns >= since), default=None)


def _change(after: Revision, before: Revision | None, at_ns: int, note: str) -> JsonObject:
    name = after.workload.name
    attributes: JsonObject = {
        "workload": f"{after.kind}/{after.workload}", "revision": str(after.number),
        "images": ", ".join(_images(after.template).values()),
    }  # fmt: skip
    if after.again:
        attributes["compass_time"] = "estimated from the first pod or scaling of the template that came back"
    diff = "" if before is None else compared(before, after)
    said = f"{name}: {_words(before, after)}{note}"
    if after.cause:
        said += f" — {' '.join(after.cause.split())}"
    return {
        "time": rfc3339(at_ns), "kind": "deploy", "service": name,
        "id": f"{after.kind.lower()}/{after.workload}@{after.number}",
        "summary": bound(redact(said), MOST_SUMMARY), "diff": diff, "attributes": attributes,
    }  # fmt: skip


def _words(before: Revision | None, after: Revision) -> str:
    """What a revision does, in one phrase."""
    if before is None:
        return f"revision {after.number} began with {', '.join(_images(after.template).values()) or 'no image'}"
    number_ = f"(revision {before.number} → {after.number}{', rolled back' if after.again else ''})"
    old, new = _images(before.template), _images(after.template)
    moved = [f"{old.get(c, 'none')} → {new.get(c, 'none')}" for c in sorted(old | new) if old.get(c) != new.get(c)]
    if moved:
        return f"image {'; '.join(moved)} {number_}"
    path = ("metadata", "annotations", RESTARTED)
    if _without_restart(before.template) == _without_restart(after.template):
        restarted = text(after.template, *path) != text(before.template, *path)
        return f"{'restarted on request' if restarted else 'nothing but its number changed'} {number_}"
    return f"the pod template changed: {', '.join(_parts(before.template, after.template))} {number_}"


def _images(template: JsonObject) -> dict[str, str]:
    return {
        text(container, "name"): text(container, "image")
        for group in ("initContainers", "containers") for container in entries(template, "spec", group)
    }  # fmt: skip


def _without_restart(template: JsonObject) -> JsonObject:
    notes = at(template, "metadata", "annotations")
    kept = {k: v for k, v in notes.items() if k != RESTARTED} if isinstance(notes, dict) else {}
    meta = template.get("metadata")
    return {**template, "metadata": {**(meta if isinstance(meta, dict) else {}), "annotations": kept}}


def _parts(old: JsonObject, new: JsonObject) -> list[str]:
    """Which fields of which container differ, else which of the pod."""
    found = []
    groups: list[tuple[str, Json, Json]] = [("", at(old, "spec"), at(new, "spec"))]
    before = {text(c, "name"): c for c in entries(old, "spec", "containers")}
    groups += [(text(c, "name"), before.get(text(c, "name")), c) for c in entries(new, "spec", "containers")]
    for name, a, b in groups:
        one, other = (a if isinstance(a, dict) else {}), (b if isinstance(b, dict) else {})
        fields = sorted(k for k in one | other if one.get(k) != other.get(k) and not (name == "" and k == "containers"))
        if fields:
            found.append(f"{name + ': ' if name else ''}{', '.join(fields)}")
    return found[:5] or ["its labels or annotations"]


def compared(before: Revision, after: Revision) -> str:
    """A unified diff of two templates. Values that may be secrets are numbered: that they changed can be seen."""
    mask = Numbered()
    old, new = (_yaml(cleaned(r.template, mask)).splitlines() for r in (before, after))
    # No file name: by its ending a reader would take it for a configuration file in a repository.
    heads = [f"{r.kind.lower()}/{r.workload} revision {r.number}" for r in (before, after)]
    lines = difflib.unified_diff(old, new, heads[0], heads[1], n=CONTEXT, lineterm="")
    return bound("\n".join(lines), MOST_DIFF)


def _yaml(body: JsonObject) -> str:
    # The dumper in C, where PyYAML was built with it, is several times faster.
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(body, Dumper=dumper, default_flow_style=False, width=200, allow_unicode=True))
