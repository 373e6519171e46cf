"""Changes from what GitHub lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import NamedTuple

from compass.domain.time import Window, from_datetime, rfc3339
from compass.redaction import bound, redact
from compass.sources.github.api import Commit, Deployment, Release, Run, Status, User
from compass.sources.github.options import GitHubOptions
from compass.sources.github.patches import MOST_SERVICES, bounded, by_service, patches
from compass.sources.live.gathered import JsonObject

_SHORT = 10
_SUMMARY = 300
_REPLACED = "inactive"
_ENDED = {"success": "succeeded", "failure": "failed", "error": "failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One change, before it is known whose it is. `sha` is what it brought; of a deployment, `base` what was there,
    and `back` whether `sha` had been there before that; `deployment` is its number."""

    at: datetime
    kind: str
    id: str
    summary: str
    repository: str
    sha: str = ""
    base: str | None = None
    back: bool = False
    deployment: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def at_ns(self) -> int:
        return from_datetime(self.at)

    @property
    def diff(self) -> Diff | None:
        """Which diff says what it did. That of a deployment begins at the one before it."""
        if not self.sha or (self.base is None and self.kind != "commit"):
            return None
        return Diff(self.repository, self.sha, self.base, self.back)


class Diff(NamedTuple):
    """What changed in a commit, or between `base` and it. With `back`, the base is the newer one: GitHub compares with
    what both have in common, which leaves nothing of a way back, so the way there is read and turned round."""

    repository: str
    sha: str
    base: str | None
    back: bool = False


def inside(changes: Iterable[Happened], window: Window) -> list[Happened]:
    """Those of the window, oldest first."""
    found = [one for one in changes if window.start_ns <= one.at_ns <= window.end_ns]
    return sorted(found, key=lambda one: (one.at_ns, one.id))


def worth_reading(changes: Sequence[Happened], detected_ns: int) -> list[Diff]:
    """Diffs of what came before the page, the nearest first; deployments before commits, which took effect later."""
    before = [one for one in changes if one.at_ns <= detected_ns]
    ordered = sorted(before, key=lambda one: (one.base is None, -one.at_ns, one.id))
    return list(dict.fromkeys(one.diff for one in ordered if one.diff is not None))


def worth_following(changes: Sequence[Happened], detected_ns: int) -> list[Happened]:
    """Deployments, the nearest before the page first; those after it last: they may be somebody's answer to it."""
    deployments = [one for one in changes if one.deployment is not None]
    return sorted(deployments, key=lambda one: (one.at_ns > detected_ns, abs(one.at_ns - detected_ns), one.id))


def followed(one: Happened, statuses: Sequence[Status]) -> Happened:
    """The deployment with what became of it. `statuses` are newest first.

    A later deployment makes an earlier one inactive, which says nothing of how it went.
    """
    last = next((status for status in statuses if status.state != _REPLACED), None)
    if last is None:
        return one
    known = last.state in _ENDED
    said = f": {last.description}" if last.description else ""
    at = f" at {last.created_at.astimezone(UTC):%H:%M:%S} UTC" if known else ""
    ended = {"ended": rfc3339(from_datetime(last.created_at))} if known else {}
    return replace(
        one, summary=f"{one.summary}; {_ENDED.get(last.state, last.state.replace('_', ' '))}{at}{said}",
        attributes={**one.attributes, "state": last.state, **ended},
    )  # fmt: skip


def written(
    changes: Sequence[Happened], diffs: Mapping[Diff, str], options: GitHubOptions
) -> tuple[list[JsonObject], list[str]]:
    """The changes as the recording format has them, and which services are not told of one. One of several services is
    one for each of them, of MOST_SERVICES at most."""
    made: list[JsonObject] = []
    notes: list[str] = []
    for one in changes:
        owner = options.services.get(one.repository, "")
        diff = diffs.get(one.diff) if one.diff is not None else None
        found = patches(diff or "")
        if isinstance(owner, str):
            made.append(_object(one, owner, bounded(found)))
            continue
        split = by_service(found, owner)
        touched = sorted(name for name in split if name)
        if left := touched[MOST_SERVICES:]:
            notes.append(
                f"{one.id} of {one.repository} changed {len(touched)} services: "
                f"it is not told of {bound(', '.join(left), 300)}"
            )
        named = touched[:MOST_SERVICES] or [""]
        made += [_object(one, name, bounded(split.get(name, [])), several=len(named) > 1) for name in named]
    return made, notes


def _object(one: Happened, service: str, diff: str, *, several: bool = False) -> JsonObject:
    body: JsonObject = {
        "time": rfc3339(one.at_ns), "kind": one.kind,
        "id": f"{one.id}/{service}" if several else one.id, "summary": bound(redact(one.summary), _SUMMARY),
        "attributes": {name: bound(redact(value), _SUMMARY) for name, value in one.attributes.items() if value},
    }  # fmt: skip
    if service:
        body["service"] = service
    if diff:
        body["diff"] = diff
    return body


def of_commits(repository: str, listed: Sequence[Commit]) -> list[Happened]:
    changes = []
    for one in listed:
        said = (one.commit.message.strip().splitlines() or [""])[0]
        if one.at is not None:
            changes.append(Happened(
                at=one.at, kind="commit", id=one.sha, repository=repository, sha=one.sha,
                summary=f"{said} ({repository} {one.sha[:_SHORT]} by {one.by})",
                attributes={"repository": repository, "compass_time": "when it was committed; it took effect later"},
            ))  # fmt: skip
    return changes


def of_deployments(repository: str, listed: Sequence[Deployment], options: GitHubOptions) -> list[Happened]:
    """Each against the one before it in its environment. `listed` is newest first."""
    wanted = [
        one for one in listed
        if (one.environment in options.environments if options.environments else not one.transient_environment)
    ]  # fmt: skip
    changes = []
    for place, one in enumerate(wanted):
        before = next((other for other in wanted[place + 1 :] if other.environment == one.environment
                       and other.task == one.task), None)  # fmt: skip
        back = any(other.sha == one.sha and other.environment == one.environment for other in wanted[place + 1 :])
        moved = f"{before.sha[:_SHORT]} → {one.sha[:_SHORT]}" if before is not None else one.sha[:_SHORT]
        moved += ", which had been there before" if back else ""
        said = f": {one.description}" if one.description else ""
        changes.append(Happened(
            at=one.created_at, kind="deploy", id=f"deployment/{one.id}", repository=repository, sha=one.sha,
            summary=f"{one.task} of {repository} {one.ref} to {one.environment} ({moved}) by {_who(one.creator)}{said}",
            base=before.sha if before is not None and before.sha != one.sha else None, back=back,
            deployment=one.id,
            attributes={"repository": repository, "environment": one.environment, "sha": one.sha},
        ))  # fmt: skip
    return changes


def of_releases(repository: str, listed: Sequence[Release]) -> list[Happened]:
    return [
        Happened(
            at=one.published_at, kind="release", id=f"release/{one.id}", repository=repository,
            summary=f"{repository} {one.tag_name} was released" + (f" ({one.name})" if one.name else ""),
            attributes={"repository": repository, "tag": one.tag_name, "of": one.target_commitish},
        )
        for one in listed if one.published_at is not None and not one.draft
    ]  # fmt: skip


def of_runs(repository: str, listed: Sequence[Run], options: GitHubOptions) -> list[Happened]:
    """Runs of the workflows that change something."""
    return [
        Happened(
            at=one.run_started_at or one.created_at, kind="deploy", id=f"run/{one.id}", repository=repository,
            summary=f"workflow {one.name or one.path} of {repository} "
                    f"({one.conclusion or one.status or 'of unknown state'}): {one.display_title} "
                    f"({one.head_sha[:_SHORT]} by {_who(one.actor)})",
            attributes={"repository": repository, "sha": one.head_sha, "workflow": one.path, "event": one.event,
                        "ended": rfc3339(from_datetime(one.updated_at)) if one.conclusion else ""},
        )
        for one in listed if _deploys(one, options)
    ]  # fmt: skip


def _deploys(one: Run, options: GitHubOptions) -> bool:
    names = ((one.name or "").lower(), one.path.partition("@")[0].rpartition("/")[2].lower())
    return any(fnmatchcase(name, pattern.lower()) for pattern in options.workflows for name in names)


def _who(user: User | None) -> str:
    return user.login if user is not None and user.login else "somebody"
