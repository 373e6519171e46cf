"""A version of a team's knowledge as text, and back. PostgreSQL and its twin both go by this."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.team import TeamKnowledge
from compass.domain.team_version import TeamVersion
from compass.ports.errors import StorageError
from compass.storage.knowledge_rows import decode


def encode(knowledge: TeamKnowledge) -> str:
    """JSON without what the version itself says. Raises StorageError for what could not be read again."""
    import msgspec

    plain = replace(knowledge, version=0, commit="")
    try:
        text = msgspec.json.encode(plain, order="sorted").decode("utf-8")
    except (TypeError, ValueError) as error:  # UnicodeEncodeError is one
        raise StorageError(f"team knowledge cannot be stored: {error}", where="team knowledge") from error
    if decode(TeamKnowledge, text) != plain or "\\u0000" in text:
        raise StorageError("team knowledge would be read as something else", where="team knowledge")
    return text


def decoded(data: str, version: TeamVersion) -> TeamKnowledge:
    """Raises StorageError when the text is not what it should be."""
    return replace(decode(TeamKnowledge, data), version=version.number, commit=version.commit)


def entries_in(knowledge: TeamKnowledge) -> int:
    sections = (
        knowledge.normal, knowledge.false_alarms, knowledge.critical_errors, knowledge.known_issues,
        knowledge.maintenance, knowledge.dependencies, knowledge.escalation, knowledge.metrics, knowledge.mechanisms,
    )  # fmt: skip
    return sum(map(len, sections))
