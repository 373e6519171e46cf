"""What every section of the draft is written from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Observation
from compass.domain.time import NS_PER_S, Instant
from compass.exports.prose import clock, doubt, sentence
from compass.exports.sources_of_fact import Citations
from compass.projections.timeline import PAGE_TIME
from compass.projections.view import AccountLine, View

OUTCOME_WORD = {
    Outcome.AMBIGUOUS: "inconclusive", Outcome.NO_DATA: "no data", Outcome.REFUTED: "refuted",
    Outcome.SURVIVED: "survived",
}  # fmt: skip
HELD = 0.01  # belief from which a theory still counts as held


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    board: Board
    view: View
    cites: Citations
    mechanisms: Mapping[str, Mechanism]

    def fact(self, o: Observation) -> str:
        """The observation as a sentence, with its event."""
        return f"{sentence(o.text)}{self.cites.of('observation', o.id)}"

    def facts(self, observations: Iterable[Observation]) -> list[str]:
        """Observations that read differently; those that read the same share a line."""
        told: dict[str, str] = {}
        for o in observations:
            told[o.text] = told.get(o.text, sentence(o.text)) + self.cites.of("observation", o.id)
        return list(told.values())

    def theory(self, account: AccountLine) -> str:
        """The id of the hypothesis an account begins with."""
        return next((h.id for h in self.board.hypotheses.values() if h.label == account.label), "")

    @property
    def held(self) -> tuple[AccountLine, ...]:
        """Accounts that are still held; the leading one always."""
        return tuple(a for i, a in enumerate(self.view.accounts) if i == 0 or a.confidence >= HELD)

    @property
    def onset(self) -> Instant | None:
        """The incident's onset, when one was determined: a page time that stands in for it is none."""
        found = self.board.onset
        return found.instant if found is not None and found.method != PAGE_TIME else None


def between(earlier: Instant, later: Instant, words: tuple[str, str]) -> str:
    """How far apart two moments are, or that their order cannot be told."""
    gap = (later.ns - earlier.ns) / NS_PER_S
    within = doubt(earlier.uncertainty_ns + later.uncertainty_ns)
    if earlier.surely_before(later):
        return f"{gap:.0f} s{within} {words[0]}"
    if later.surely_before(earlier):
        return f"{-gap:.0f} s{within} {words[1]}"
    return f"the order cannot be told from this data ({clock(earlier)} against {clock(later)})"
