"""A team's documents (runbooks, architecture notes) as passages that can be found again, and what of them an
investigation was shown. Texts of people who were not there: quoted with their source, never weighed and never followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a document says it is for: names of services (none: all), ids of mechanisms, whose it is."""

    services: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()
    team: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHead:
    """A document without its text. `name` is its path as people know it, unique in the team; `digest` is of its bytes
    and of how they are read. `commit` and `changed_at` are of the last commit that touched it, where that is known and
    the file is as it was committed."""

    name: str
    title: str
    digest: str
    lines: int
    kind: str = "document"
    scope: Scope = Scope()
    commit: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A part of a document below its headings, the outermost first. Lines count from 1, both ends included; `text` is
    redacted, without control characters, and as it stands in the file otherwise."""

    position: int
    heading: tuple[str, ...]
    first_line: int
    last_line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    head: DocumentHead
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDocument:
    """A document as it stands in the store; `passages` of which `embedded` have a vector of the present embedder."""

    head: DocumentHead
    passages: int
    embedded: int
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for: `words` that a passage should hold, `text` that it should be like.

    Where a document says which services it is for, one of `services` has to be among them; None: whatever it says.
    One that names one of `mechanisms` is found for that, without any word.
    """

    words: str
    text: str = ""
    services: frozenset[str] | None = None
    mechanisms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPassage:
    """A passage with why it was found. `said` in [0, 1]: how much of the words wanted it holds, rare ones counting
    more; `tagged`: its document names one of the mechanisms; `cosine` None: not compared. `score` orders them."""

    head: DocumentHead
    passage: Passage
    said: float
    tagged: bool
    cosine: float | None
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPassages:
    """For each that was wanted its passages, best first; among how many, and why vectors could not help ("": they
    did, or there is no embedder)."""

    found: tuple[tuple[FoundPassage, ...], ...]
    searched: int
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsChange:
    """What reading a folder or files changed, by name. `notes` are for whoever wrote them."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unembedded: int = 0
    problem: str = ""


# --- in the chronicle -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """One passage that an investigation was shown. `about` are labels of theories (H1) it was found for, none: the
    page and the affected services. `changed_at`: ISO 8601, UTC, "" not known."""

    document: str
    title: str
    kind: str
    heading: tuple[str, ...]
    first_line: int
    last_line: int
    text: str
    about: tuple[str, ...] = ()
    team: str = ""
    commit: str = ""
    changed_at: str = ""

    @property
    def id(self) -> str:
        return f"{self.document}:{self.first_line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsRead:
    """What the team's documents say about this incident, looked for once, when the first accounts stand. Folded, never
    looked for again on replay; nothing of it is weighed. `lost`: why they could not be read."""

    quoted: tuple[Quoted, ...] = ()
    searched: int = 0
    lost: str = ""
    problem: str = ""
