"""`compass init` on a terminal: ask for a server, read from it, show what is there, and ask again where it fails."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from compass.entrypoints.cli.answers import REFERENCE_HINT, address_of, reference_of
from compass.entrypoints.looking import Looked, State
from compass.ports.errors import BadInputError
from compass.sources.http.words import NOT_TRUSTED, WANTS_OURS

Table = dict[str, object]
Ask = Callable[[str, str], str]
"""(question, what Enter means) → the answer, stripped."""
Look = Callable[[str, Table], tuple[Looked, ...]]
"""Read from one server and show what was found."""
NONE = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One sort of server. `name` is what it is called in compass.toml."""

    name: str
    type: str
    title: str


GRAFANA = Kind(name="grafana", type="grafana", title="Grafana")
SEPARATE = (
    Kind(name="metrics", type="mimir", title="Prometheus or Mimir"),
    Kind(name="logs", type="loki", title="Loki"),
    Kind(name="traces", type="tempo", title="Tempo"),
)
KUBERNETES = Kind(name="kubernetes", type="kubernetes", title="Kubernetes")
GRAFANA_TOKEN = "env GRAFANA_TOKEN"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True)
class Chosen:
    """Tables by name; `unchecked` are kept although they could not be read."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    unchecked: frozenset[str] = frozenset()

    def and_(self, kind: Kind, table: Table, *, unchecked: bool = False) -> Chosen:
        more = frozenset({kind.name}) if unchecked else frozenset()
        return Chosen({**self.tables, kind.name: table}, self.unchecked | more)


class Interview:
    """One conversation. `known` are the types of source that there are; others are not asked for."""

    def __init__(
        self, ask: Ask, look: Look, say: Callable[[str], None], known: Collection[str], environment: Mapping[str, str]
    ) -> None:
        self._ask, self._look, self._say, self._known, self._environment = ask, look, say, known, environment
        self._token = self._tenant = ""

    def run(self) -> Chosen:
        """Everything that was chosen; empty where nothing was."""
        chosen = Chosen()
        if GRAFANA.type in self._known:
            chosen = self._server(chosen, GRAFANA, "Grafana: address (Enter: separate servers instead)")
        if not chosen.tables:
            for kind in SEPARATE:
                if kind.type in self._known:
                    chosen = self._server(chosen, kind, f"{kind.title}: address (Enter: none)")
        if KUBERNETES.type in self._known:
            chosen = self._kubernetes(chosen)
        return chosen

    def _server(self, chosen: Chosen, kind: Kind, question: str) -> Chosen:
        url = ""
        while True:
            url = self._address(kind, question, url)
            if not url:
                return chosen
            table: Table = {"type": kind.type, "url": url}
            self._token = self._reference(kind)
            if self._token:
                table["token"] = self._token
            if kind is not GRAFANA:
                self._tenant = self._optional("Its tenant, sent as X-Scope-OrgID", self._tenant)
                if self._tenant:
                    table["tenant"] = self._tenant
            now = self._checked(chosen, kind, table, certificates=url.startswith("https:"))
            if now is not None:
                return now

    def _kubernetes(self, chosen: Chosen) -> Chosen:
        context = ""
        while True:
            question = f"Kubernetes: context (Enter: {context or 'the current one'}; {NONE}: none)"
            answer = self._ask(question, context)
            if answer == NONE:
                return chosen
            context = answer
            table: Table = {"type": KUBERNETES.type, **({"context": context} if context else {})}
            now = self._checked(chosen, KUBERNETES, table)
            if now is not None:
                return now

    def _checked(self, chosen: Chosen, kind: Kind, table: Table, *, certificates: bool = False) -> Chosen | None:
        """What is chosen after a read; None: ask again. `certificates`: files are asked for where TLS wants some."""
        looked = self._look(kind.name, table)
        while certificates and (files := self._files(looked)):
            table.update(files)
            looked = self._look(kind.name, table)
        if all(one.state is State.OK for one in looked):
            return chosen.and_(kind, table)
        while True:
            match self._ask("Again, skip it, or keep it as it is? a/s/k", "a").lower()[:1]:
                case "k":
                    return chosen.and_(kind, table, unchecked=True)
                case "s":
                    return chosen
                case "a":
                    return None

    def _files(self, looked: Sequence[Looked]) -> Table:
        """PEM files, each asked for only where a server's certificate, or the lack of ours, made the read fail, with
        the words of what failed. Nothing where that was not it, or nothing is given."""
        said = next((one.detail for one in looked if one.state is not State.OK and NOT_TRUSTED in one.detail), "")
        if said:
            given = self._ask(f"{said}. CA of your own, a PEM file (Enter: none)", "")
            return {"authority": given} if given and given != NONE else {}
        said = next((one.detail for one in looked if one.state is not State.OK and WANTS_OURS in one.detail), "")
        if said:
            certificate = self._ask(f"{said}. Certificate, a PEM file (Enter: none)", "")
            if certificate and certificate != NONE:
                key = self._ask("Its key, a PEM file (Enter: it is in the same file)", "")
                return {"certificate": certificate, **({"key": key} if key else {})}
        return {}

    def _address(self, kind: Kind, question: str, default: str) -> str:
        while True:
            answer = self._ask(question, default)
            if not answer or answer == NONE:
                return ""
            try:
                return address_of(answer, kind.title)
            except BadInputError as error:
                self._say(str(error))

    def _reference(self, kind: Kind) -> str:
        needed = kind is GRAFANA
        default = self._token.replace(":", " ", 1) or (GRAFANA_TOKEN if needed else "")
        none = "" if needed else f" ({NONE if default else 'Enter'}: none)"
        while True:
            answer = self._ask(f"Its token: {REFERENCE_HINT}{none}", default)
            if not answer or (answer == NONE and not needed):
                return ""
            try:
                return reference_of(answer, self._environment, f"token of {kind.title}")
            except BadInputError as error:
                self._say(str(error))

    def _optional(self, question: str, default: str) -> str:
        answer = self._ask(f"{question} ({NONE if default else 'Enter'}: none)", default)
        return "" if answer == NONE else answer
