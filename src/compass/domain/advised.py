"""Payloads of the chronicle about a language model: what was asked, what it proposed, when it was lost."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.advice import LlmFailure, ModelCall, ReadChange, ReadName, Sentence
from compass.domain.entity import EntityRef
from compass.domain.mechanism import Mechanism


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSent:
    """A call that is about to be sent, written down before: should nobody be left to see the answer, `call` is what
    happened, as interrupted and at what it costs at most. `id` is unique in the investigation."""

    id: str
    call: ModelCall


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAsked:
    """One call to a language model: what left, what came, what it cost, how it failed. `sent` is the ModelSent that it
    settles, by id; empty where nothing had to be sent. `call.prompt` is empty where a ModelSent has it
    (`projections.costs.calls_of` puts it back)."""

    call: ModelCall
    sent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimated:
    """What the model is expected to cost this investigation, in USD, said before the first call. `basis`: from what."""

    usual_usd: float
    most_usd: float
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLost:
    """From here on the investigation goes on without the model (mode `llm_unavailable`, or the budget is spent)."""

    failure: LlmFailure
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismStated:
    """A mechanism that the catalogue lacks, stated for this investigation by a model or a person."""

    mechanism: Mechanism
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TheoryArgued:
    """Why somebody proposed a theory and what would disprove it, in their words. `cites` are observation ids; `shown`
    are all that its author was shown, and so never fresh support. `predicts` are the signs that it requires or expects
    (words, as in a pattern). `testable`: some strategy can plan an attempt on it with what is on the board."""

    hypothesis: str
    by: str
    reasoning: str
    would_disprove: str
    cites: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    predicts: tuple[str, ...] = ()
    testable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PlansPreferred:
    """Registered plans that a model would make first. They are made besides those the engine chooses, not instead."""

    round: int
    plans: tuple[str, ...]
    by: str
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesRead:
    """A model's reading of changes against the symptom: shown, never scored."""

    by: str
    changes: tuple[ReadChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedFact:
    """What a series that moved shows, if a model reads its name rightly: the move is measured, the meaning is not.

    It is no observation: the engine's theories, evidence and priors know nothing of it, and no theory is supported by
    it. `series` is the id of the unknown series, `sign` a word of `domain.sign`.
    """

    series: str
    sign: str
    entity: EntityRef
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesRead:
    """A model's reading of log templates and series that the catalogue does not know: shown, never scored. `facts` are
    what moved series would show if it is right."""

    by: str
    names: tuple[ReadName, ...]
    facts: tuple[ProposedFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesRejected:
    """People of the team rejected what a model made of these series (ids): it is neither used nor asked for again."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceTaken:
    """The model was heard after round `round`: how many theories it gave, how many entered the board, how many claims
    were dropped because they cite what is not there or do not fit."""

    round: int
    suggested: int = 0
    entered: int = 0
    dropped: int = 0
    skipped: str = ""  # why it was not asked, where it was not


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAnswered:
    """A person's question and what the chronicle says to it; `by` is a model or "evidence"."""

    question: str
    sentences: tuple[Sentence, ...]
    by: str
    dropped: int = 0
