"""Whole lists of a kind: paged, bounded, restarted once when they grow old, each asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from compass.ports.clock import Deadline
from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.redaction import bound
from compass.sources.kubernetes.api import Api, Page
from compass.sources.kubernetes.kinds import Kind
from compass.sources.live.gathered import JsonObject

MOST_APART = 3  # namespaces that are asked one by one
MOST_PAGES, MOST_BYTES = 4, 6_000_000
KEPT_PAGES, KEPT_BYTES = 40, 100_000_000
ROLE = "kubectl apply -f deploy/kubernetes/read-only-role.yaml"
_GONE, _FORBIDDEN, _UNKNOWN = 410, 403, 404
# Of these a rule concludes something from an absence: half a list would be worse than none.
_WHOLE_OR_NONE = frozenset({"ConfigMap", "ServiceAccount", "StorageClass"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The objects of a kind, with kind and apiVersion as `kubectl get -o json` gives them. `complete` when absence
    from it means that an object does not exist; `notes` say why not; `error` when nothing came at all."""

    kind: Kind
    objects: Sequence[JsonObject] = ()
    complete: bool = True
    notes: tuple[str, ...] = ()
    error: SourceError | None = None


@dataclass(slots=True)
class Budget:
    """What may still be moved. The first page of a list is always asked for; further ones while there is room."""

    pages: int
    left: int
    spent: int = 0

    def take(self, size: int) -> None:
        self.left -= size
        self.spent += size


@dataclass(slots=True)
class _Pages:
    """A list under way."""

    objects: list[JsonObject] = field(default_factory=list)
    skipped: int = 0
    more: int | None = None
    cut: bool = False

    def add(self, page: Page) -> None:
        self.objects += page.objects
        self.skipped += page.skipped
        self.more = page.more


class Lists:
    """Every kind is listed once; parts that need the same kind share it. `namespaces` limits what is read."""

    def __init__(self, api: Callable[[], asyncio.Future[Api]], namespaces: Sequence[str], budget: Budget) -> None:
        self._api, self._namespaces, self._budget = api, tuple(namespaces), budget
        self._known: dict[str, asyncio.Task[Listed]] = {}

    async def all(self, kinds: Sequence[Kind], deadline: Deadline) -> dict[str, Listed]:
        """The lists by name of the kind. A kind that cannot be had comes with its error, and stops no other."""
        return dict(
            zip(
                (kind.name for kind in kinds),
                await asyncio.gather(*(self.of(kind, deadline) for kind in kinds)),
                strict=True,
            )
        )

    async def of(self, kind: Kind, deadline: Deadline) -> Listed:
        task = self._known.get(kind.name)
        if task is None:
            task = self._known[kind.name] = asyncio.ensure_future(self._of(kind, deadline))
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        for task in self._known.values():
            task.cancel()
        await asyncio.gather(*self._known.values(), return_exceptions=True)

    def places(self, kind: Kind) -> tuple[str | None, ...]:
        """The namespaces that are asked one by one; None stands for all at once."""
        apart = kind.namespaced and 0 < len(self._namespaces) <= MOST_APART
        return self._namespaces if apart else (None,)

    async def _of(self, kind: Kind, deadline: Deadline) -> Listed:
        came = await asyncio.gather(*(self._of_place(kind, place, deadline) for place in self.places(kind)))
        objects = [body for one in came for body in one.objects]
        if kind.namespaced and len(self._namespaces) > MOST_APART:
            objects = [body for body in objects if _namespace(body) in self._namespaces]
        failed = [one.error for one in came if one.error is not None]
        return Listed(
            kind=kind, objects=objects, complete=all(one.complete for one in came),
            notes=tuple(dict.fromkeys(note for one in came for note in one.notes)),
            error=failed[0] if len(failed) == len(came) else None,
        )  # fmt: skip

    async def _of_place(self, kind: Kind, place: str | None, deadline: Deadline) -> Listed:
        try:
            pages = await self._pages(kind, place, deadline)
        except (SourceUnavailableError, SourceRefusedError) as error:
            return Listed(kind=kind, complete=False, notes=(refused(kind, place, error),), error=error)
        notes = []
        if pages.skipped:
            notes.append(f"{pages.skipped} {kind.plural} were not objects and were left out")
        if pages.cut:
            rest = f"about {pages.more}" if pages.more else "some"
            notes.append(
                f"only {len(pages.objects)} {kind.plural} were read, {rest} were not: set namespaces for this source"
            )
        objects = [] if pages.cut and kind.name in _WHOLE_OR_NONE else pages.objects
        whole = not pages.cut and not pages.skipped
        return Listed(kind=kind, objects=[_typed(kind, body) for body in objects], complete=whole, notes=tuple(notes))

    async def _pages(self, kind: Kind, place: str | None, deadline: Deadline) -> _Pages:
        try:
            return await self._from_start(kind, place, kind.page, deadline, keep=False)
        except SourceRefusedError as error:
            if error.status != _GONE:
                raise
        # The list grew old while it was read. Larger pages are quicker, and a new question to the server.
        return await self._from_start(kind, place, kind.page * 2, deadline, keep=True)

    async def _from_start(self, kind: Kind, place: str | None, limit: int, deadline: Deadline, *, keep: bool) -> _Pages:
        """With `keep`, what came before a list that is gone, or a failure, stays: it is cut."""
        api, found, after = await self._api(), _Pages(), ""
        for number in range(self._budget.pages):
            if number and self._budget.left <= 0:
                break
            try:
                page = await api.page(kind, place, limit=limit, after=after, deadline=deadline)
            except (SourceRefusedError, SourceUnavailableError) as error:
                if number == 0 or (error.status == _GONE and not keep):
                    raise
                break
            self._budget.take(page.size)
            found.add(page)
            after = page.next
            if not after:
                return found
        found.cut = True
        return found


def refused(kind: Kind, place: str | None, error: SourceError) -> str:
    """Why a kind is missing, and what to do, in words."""
    where = f" in {place}" if place else ""
    if error.status == _FORBIDDEN:
        account = " (a Role there is enough)" if place else ""
        return f"not allowed to list {kind.plural}{where}: grant {kind.grant}{account}: {ROLE}"
    if error.status == _UNKNOWN:
        return f"the cluster does not know {kind.plural} of {kind.api}"
    return f"{kind.plural}{where} could not be listed: {bound(error.what, 200)}"


def alone(lists: Sequence[Listed], name: str) -> SourceError | None:
    """The error to raise when nothing could be listed at all; None otherwise."""
    errors = [one.error for one in lists if one.error is not None]
    if not errors or len(errors) < len(lists):
        return None
    if all(error.status == _FORBIDDEN for error in errors):
        what = f"may list none of the {len(lists)} kinds it was asked for"
        return SourceRefusedError(what, where=name, hint=f"grant the read-only role: {ROLE}", status=_FORBIDDEN)
    return next((error for error in errors if isinstance(error, SourceUnavailableError)), errors[0])


def _typed(kind: Kind, body: JsonObject) -> JsonObject:
    """Items of a list carry no kind; metadata alone carries that of metadata."""
    rest = {key: value for key, value in body.items() if key not in ("kind", "apiVersion")}
    return {"apiVersion": kind.api, "kind": kind.name, **rest}


def _namespace(body: JsonObject) -> str:
    meta = body.get("metadata")
    found = meta.get("namespace") if isinstance(meta, dict) else None
    return found if isinstance(found, str) else ""


def with_names(kind: Kind, *, values: bool) -> Kind:
    """The kind with its values, where a team allowed them."""
    return replace(kind, names_only=False) if values and kind.names_only and kind.name == "ConfigMap" else kind
