"""Fill the placeholders of a mechanism's texts for one entity. Names come from telemetry and are untrusted."""

from __future__ import annotations

import re
import shlex

from compass.domain.entity import EntityKind, EntityRef

_PLACEHOLDER = re.compile(r"\{(entity|namespace|peer)\}")


class Filler:
    """Fill the placeholders of a mechanism's texts. Names come from telemetry: each is put in once, as it is."""

    def __init__(self, entity: EntityRef, peer: EntityRef | None) -> None:
        self._namespace = entity.name if entity.kind is EntityKind.NAMESPACE else entity.namespace
        self._words = {
            "entity": entity.name, "namespace": self._namespace or "default",
            "peer": peer.name if peer else "its dependency",
        }  # fmt: skip

    def __call__(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: self._words[found[1]], text)

    def command(self, text: str) -> str:
        """A command that a person may paste: every name is quoted for a POSIX shell, no namespace is made up."""
        if not self._namespace:
            text = text.replace(" -n {namespace}", "")
        return _PLACEHOLDER.sub(lambda found: shlex.quote(_printable(self._words[found[1]])), text)


def _printable(name: str) -> str:
    return "".join(character for character in name if character.isprintable())
