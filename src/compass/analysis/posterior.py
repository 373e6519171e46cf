"""One exhaustive probability over causal accounts, "no incident" and "not on this list" (DESIGN §4).

A softmax over log scores. The score of an account is its log prior mass plus the terms of its evidence, all of them
log likelihood ratios against the background; "not on this list" is the background, so its evidence is 0 unless
something speaks about it by name. Sums are taken with `math.fsum`, which is exactly rounded: the order in which
evidence arrives cannot change a bit of the result.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from compass.analysis.groups import SUPPORT, Piece, connected, tokens_of
from compass.analysis.history import log_factor, words
from compass.analysis.likelihood import LikelihoodTable
from compass.domain.hypothesis import Account, Hypothesis
from compass.domain.learned import HistoryCount
from compass.domain.posterior import Evidence, Posterior, Term
from compass.domain.proposed import brought, is_proposal, is_stated

NO_INCIDENT = "no_incident"
NOT_LISTED = "not_listed"
ENGINE = "compass-evidence/1"
_LEAST_MASS = 1e-9
_REQUIRED = frozenset({"suggestion", "required"})


def update(
    accounts: Sequence[Account],
    hypotheses: Mapping[str, Hypothesis],
    mechanisms: Mapping[str, tuple[str, float]],
    evidence: Collection[Evidence],
    table: LikelihoodTable,
    *,
    series: Mapping[str, str] | None = None,
    history: Mapping[str, HistoryCount] | None = None,
    engine: str = ENGINE,
) -> Posterior:
    """The posterior of `accounts`.

    `mechanisms` maps every mechanism of the catalogue to (family, prior weight): those without a theory keep their
    mass in "not on this list". `evidence` may hold `no_incident` and `not_listed` among its hypothesis ids. `series`
    maps observation ids to the records they rest on, so that evidence that shares them forms one group. Evidence
    given twice (same id) counts once. Figures that are not finite count as 0.

    What a language model proposed (`domain.proposed`) divides "not on this list" and nothing else: without evidence of
    its own it leaves the probability of every other account, of "no incident", and of itself and "not on this list"
    together as they were.

    `history` maps hypothesis ids to what the team's past says of them. It is a part of the prior: it enters once,
    within a cap, is lent to no other account, and is gone with the account's decisive refutation.
    """
    unique = {account.id: account for account in sorted(accounts, key=lambda a: (a.id, a.head))}
    proposed = {key for key, account in unique.items() if _proposed(account, hypotheses)}
    screened = len(proposed) < len(unique)
    masses = prior_masses(unique.values(), hypotheses, mechanisms, table)
    weights = _weights(mechanisms)
    stated = (masses[key] for key in proposed if not _known_mechanism(unique[key], hypotheses, weights))
    reserve = table.prior.not_listed - math.fsum(stated)
    by_key = _by_key(evidence)
    weigher = _Weigher(table=table, by_key=by_key, series=series or {})
    terms: dict[str, list[Term]] = {}
    for key, account in unique.items():
        prior = _prior_term(key, masses[key], _describe(account.head, hypotheses))
        unshown = key in proposed or weigher.only_brought(account.head, hypotheses)
        unseen = _unseen_of(account, hypotheses, mechanisms, table) if unshown and screened else []
        past = _past(account, (history or {}).get(account.head)) if not weigher.is_cut(account.head) else []
        terms[key] = [prior, *past, *unseen, *weigher.account(account)]
    terms[NO_INCIDENT] = [
        _prior_term(NO_INCIDENT, masses[NO_INCIDENT], "no incident"), *weigher.own(NO_INCIDENT, NO_INCIDENT),
    ]  # fmt: skip
    terms[NOT_LISTED] = [
        _prior_term(NOT_LISTED, masses[NOT_LISTED], "all that no theory was stated for"),
        *_unseen(masses[NOT_LISTED], reserve, table, stated=screened),
        *weigher.own(NOT_LISTED, NOT_LISTED),
    ]
    chance = softmax({key: math.fsum(term.log_score for term in own) for key, own in terms.items()})
    order = [*sorted(unique, key=lambda key: (-chance[key], key)), NO_INCIDENT, NOT_LISTED]
    return Posterior(
        accounts={key: chance[key] for key in order[:-2]}, no_incident=chance[NO_INCIDENT],
        not_listed=chance[NOT_LISTED], terms=tuple(term for key in order for term in terms[key]),
        engine=engine, table_sha256=table.sha256,
    )  # fmt: skip


def softmax(scores: Mapping[str, float]) -> dict[str, float]:
    """Probabilities by key; they sum to 1. `scores` are finite log scores; empty gives empty."""
    if not scores:
        return {}
    top = max(scores.values())
    raised = {key: math.exp(score - top) for key, score in scores.items()}
    total = math.fsum(raised.values())
    return {key: value / total for key, value in raised.items()}


def prior_masses(
    accounts: Iterable[Account],
    hypotheses: Mapping[str, Hypothesis],
    mechanisms: Mapping[str, tuple[str, float]],
    table: LikelihoodTable,
) -> dict[str, float]:
    """P(mechanism) x P(entity | mechanism) by account id, with `no_incident` and `not_listed`; sums to 1.

    P(mechanism) is its weight among the whole catalogue. P(entity | mechanism) is lead / capacity: a theory takes
    from "not on this list" alone and never from another theory, up to the point where the leads of one mechanism add
    up to more than the capacity; from there they share its mass in proportion. A mechanism that the catalogue does
    not know takes from the reserve. What a language model proposed has what the engine's own theories leave of the
    same mass, and shares it with all that was proposed, also with what has no account: stating many and keeping those
    that survive gains nothing, and no engine's theory's mass changes, whatever is stated.
    """
    prior = table.prior
    weights = _weights(mechanisms)
    total = math.fsum(weights.values())
    leads: dict[tuple[str, bool], list[tuple[str, float]]] = {}
    for account in accounts:
        known = _known_mechanism(account, hypotheses, weights)
        key = known, _proposed(account, hypotheses)
        leads.setdefault(key, []).append((account.id, _lead(hypotheses.get(account.head)) ** prior.lead_power))
    tried: dict[str, float] = {}  # what was proposed shares with what was proposed beside it and came to nothing
    for hypothesis in hypotheses.values():
        if is_proposal(hypothesis):
            known = hypothesis.mechanism if weights.get(hypothesis.mechanism, 0.0) > 0 else ""
            tried[known] = tried.get(known, 0.0) + _lead(hypothesis) ** prior.lead_power
    masses: dict[str, float] = {}
    for mechanism in dict.fromkeys(mechanism for mechanism, _ in leads):
        if mechanism:
            mass = (1 - prior.no_incident - prior.not_listed) * weights[mechanism] / total
        else:
            mass = prior.not_listed * prior.unlisted_share
        own, more = leads.get((mechanism, False), []), leads.get((mechanism, True), [])
        capacity = max(prior.entity_capacity, math.fsum(lead for _, lead in own))
        masses.update({key: max(_LEAST_MASS, mass * lead / capacity) for key, lead in own})
        left = max(0.0, capacity - math.fsum(lead for _, lead in own))
        asked = max(left, tried.get(mechanism, 0.0)) or 1.0
        masses.update({key: max(_LEAST_MASS, mass * left / capacity * lead / asked) for key, lead in more})
    masses[NO_INCIDENT] = prior.no_incident
    masses[NOT_LISTED] = max(_LEAST_MASS, 1.0 - math.fsum(masses.values()))
    return masses


def _weights(mechanisms: Mapping[str, tuple[str, float]]) -> dict[str, float]:
    return {key: weight if math.isfinite(weight) and weight > 0 else 0.0 for key, (_, weight) in mechanisms.items()}


def _known_mechanism(account: Account, hypotheses: Mapping[str, Hypothesis], weights: Mapping[str, float]) -> str:
    """The mechanism of the account's head, "" where the catalogue has none of that name (or gives it no weight)."""
    hypothesis = hypotheses.get(account.head)
    mechanism = hypothesis.mechanism if hypothesis is not None else ""
    return mechanism if weights.get(mechanism, 0.0) > 0 else ""


def _proposed(account: Account, hypotheses: Mapping[str, Hypothesis]) -> bool:
    hypothesis = hypotheses.get(account.head)
    return hypothesis is not None and is_proposal(hypothesis)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weigher:
    table: LikelihoodTable
    by_key: Mapping[str, tuple[Evidence, ...]]
    series: Mapping[str, str]

    def account(self, account: Account) -> list[Term]:
        """The terms of an account: its head's evidence, what its links lend, and the floor."""
        cut = self._cut(account.head)
        if cut is not None:
            others = len(self.by_key[account.head]) - 1
            text = f"refuted: {cut.because}" + (f" ({others} other results no longer count)" if others else "")
            return [self._term(account.id, "refuted", self.table.decisive_floor, (cut.id,), text)]
        own = self._explained_away(account.head, self._pieces(account.head))
        terms = self._grouped(account.id, own)
        link = self._links(account, own)
        if link is not None:
            terms.append(link)
        below = self.table.decisive_floor - math.fsum(term.log_score for term in terms)
        if below > 0:
            text = "no sum of weak results counts for more than one decisive refutation"
            terms.append(self._term(account.id, "floor", below, (), text))
        return terms

    def own(self, account: str, key: str) -> list[Term]:
        return self._grouped(account, self._pieces(key))

    def is_cut(self, hypothesis: str) -> bool:
        return self._cut(hypothesis) is not None

    def only_brought(self, head: str, hypotheses: Mapping[str, Hypothesis]) -> bool:
        """A person or a past incident brought it, and nothing that it requires was seen so far."""
        hypothesis = hypotheses.get(head)
        if hypothesis is None or not brought(hypothesis):
            return False
        return not any(e.kind in _REQUIRED and e.log_likelihood[head] > 0 for e in self.by_key.get(head, ()))

    def _cut(self, hypothesis: str) -> Evidence | None:
        """The decisive refutation of a hypothesis, if there is one (the first by id)."""
        found = [e for e in self.by_key.get(hypothesis, ()) if e.kind == "refuted" and e.link == hypothesis]
        return min(found, key=lambda e: e.id) if found else None

    def _pieces(self, key: str) -> list[Piece]:
        pieces = []
        for item in self.by_key.get(key, ()):
            value = item.log_likelihood[key] * self.table.temper
            # A gap in one line of reasoning must not make the whole sum infinite or undefined.
            value = max(-1e3, min(1e3, value)) if math.isfinite(value) else 0.0
            pieces.append(Piece(evidence=item, value=value, tokens=tokens_of(item, self.series)))
        return pieces

    def _explained_away(self, hypothesis: str, pieces: list[Piece]) -> list[Piece]:
        """The same pieces, their support reduced where a refutation gives it another reason."""
        if not any(e.explained for e in self.by_key.get(hypothesis, ())):
            return pieces
        share = self.table.groups.explained_share
        return [
            replace(p, value=share * p.value) if p.value > 0 and p.evidence.kind in SUPPORT else p for p in pieces
        ]  # fmt: skip

    def _grouped(self, account: str, pieces: Sequence[Piece]) -> list[Term]:
        terms = [self._group_term(account, group) for group in connected(pieces)]
        return sorted(terms, key=lambda t: (-abs(t.log_score), t.group, t.text))

    def _group_term(self, account: str, group: Sequence[Piece]) -> Term:
        strongest = max(group, key=lambda p: (abs(p.value), p.value, p.evidence.id))
        others = len(group) - 1
        text = strongest.evidence.because
        if others:
            text += f" (and {others} more from the same records, counted in part)"
        ids = tuple(sorted(piece.evidence.id for piece in group))
        name = strongest.evidence.group
        return self._term(account, name, self._combine([piece.value for piece in group]), ids, text)

    def _combine(self, values: Sequence[float]) -> float:
        """Strongest plus a share of the rest, for and against apart: what contradicts does not corroborate."""
        share = self.table.groups.share_of_rest
        sides = ([v for v in values if v > 0], [v for v in values if v < 0])
        parts = []
        for side in sides:
            ordered = sorted(side, key=abs, reverse=True)
            parts.extend([*ordered[:1], *(share * value for value in ordered[1:])])
        return math.fsum(parts)

    def _links(self, account: Account, own: Sequence[Piece]) -> Term | None:
        """What the effects that the head explains lend to it: part of their support, on records of their own."""
        used = frozenset[str]().union(*(piece.tokens for piece in own))
        lent: dict[str, Piece] = {}
        for member in account.reached(lambda effect: self._cut(effect) is not None):
            for piece in self._pieces(member):
                if piece.value > 0 and piece.evidence.kind in SUPPORT and not piece.tokens & used:
                    known = lent.get(piece.evidence.id)
                    if known is None or piece.value > known.value:
                        lent[piece.evidence.id] = piece
        if not lent:
            return None
        best = [max(piece.value for piece in group) for group in connected([lent[key] for key in sorted(lent)])]
        groups = self.table.groups
        score = min(groups.link_cap, groups.link_share * self._combine(best))
        text = f"also explains what suggests {len(best)} further sign{'s' if len(best) != 1 else ''} elsewhere"
        return self._term(account.id, "links", score, tuple(sorted(lent)), text)

    def _term(self, account: str, group: str, score: float, because: tuple[str, ...], text: str) -> Term:
        return Term(account=account, group=group, log_score=score, because=because, text=text)


def _by_key(evidence: Collection[Evidence]) -> dict[str, tuple[Evidence, ...]]:
    unique: dict[str, Evidence] = {}
    for item in sorted(evidence, key=lambda e: (e.id, e.group, e.kind, e.because, sorted(e.log_likelihood.items()))):
        unique.setdefault(item.id, item)
    found: dict[str, list[Evidence]] = {}
    for item in unique.values():
        for key in item.log_likelihood:
            found.setdefault(key, []).append(item)
    return {key: tuple(items) for key, items in found.items()}


def _prior_term(account: str, mass: float, what: str) -> Term:
    text = f"before any data: {mass:.2g} for {what}"
    return Term(account=account, group="prior", log_score=math.log(mass), because=(), text=text)


def _unseen(mass: float, reserve: float, table: LikelihoodTable, *, stated: bool) -> list[Term]:
    """What the screening says about the mechanisms of the catalogue that no theory was stated for.

    Had one of them been at work, what it requires would mostly have been seen: their part of the mass keeps `unseen`
    of its weight; the reserve for what the catalogue does not know keeps all. Before any theory was stated nothing is
    known to have been screened.
    """
    reserve = min(mass, reserve)
    if not stated or mass <= reserve:
        return []
    score = math.log((reserve + table.prior.unseen * (mass - reserve)) / mass)
    text = "most of it are known mechanisms, and what those require was not seen anywhere else"
    return [Term(account=NOT_LISTED, group="unseen", log_score=score, because=(), text=text)]


def _unseen_of(
    account: Account, hypotheses: Mapping[str, Hypothesis], mechanisms: Mapping[str, tuple[str, float]],
    table: LikelihoodTable,
) -> list[Term]:  # fmt: skip
    """The same for a known mechanism that a model, a person or a past incident proposed: its mass was a part of that
    mass, and it was screened for like all the rest. So what it takes from "not on this list" is what that loses."""
    if not _known_mechanism(account, hypotheses, _weights(mechanisms)) or table.prior.unseen >= 1:
        return []
    text = "a known mechanism: what it requires was not seen when it was proposed"
    score = math.log(table.prior.unseen)
    return [Term(account=account.id, group="unseen", log_score=score, because=(), text=text)]


def _past(account: Account, count: HistoryCount | None) -> list[Term]:
    if count is None or not (score := log_factor(count)):
        return []
    return [Term(account=account.id, group="history", log_score=score, because=count.lessons, text=words(count))]


def _describe(head: str, hypotheses: Mapping[str, Hypothesis]) -> str:
    hypothesis = hypotheses.get(head)
    if hypothesis is None:
        return head
    what = "a newly stated mechanism" if is_stated(hypothesis.mechanism) else hypothesis.mechanism.replace("_", " ")
    return f"{what} at {hypothesis.entity}"


def _lead(hypothesis: Hypothesis | None) -> float:
    if hypothesis is None or not math.isfinite(hypothesis.lead):
        return 0.5
    return min(1.0, max(0.01, hypothesis.lead))
