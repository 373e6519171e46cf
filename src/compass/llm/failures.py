"""How a call failed, in words for the person: what is wrong, with which model, what the provider said, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from compass.domain.advice import LlmFailure, Usage
from compass.ports.errors import ConfigurationError
from compass.redaction import bound, redact

NOBODY_HELPS = frozenset({LlmFailure.BUDGET, LlmFailure.VETOED})
"""Failures that are ours: no other model is asked."""
FOR_GOOD = frozenset({LlmFailure.NO_KEY, LlmFailure.WRONG_KEY, LlmFailure.NO_MODEL, LlmFailure.QUOTA})
"""Failures that the same model would meet again in this run: it is passed over from then on."""

INTERRUPTED = "the provider may bill it, so it is counted at what was set aside for it"
WORDS: Mapping[LlmFailure, tuple[str, str]] = MappingProxyType({
    LlmFailure.NO_KEY: ("there is no key for it", "set the provider's environment variable, or [llm.providers] key"),
    LlmFailure.WRONG_KEY: ("its key was refused", "check the key and what it may use, then: compass llm test"),
    LlmFailure.NO_MODEL: ("the provider does not offer this model", "compass llm list; compass llm use PROVIDER:MODEL"),
    LlmFailure.QUOTA: ("the account has nothing left to spend", "top it up with the provider, or use another model"),
    LlmFailure.RATE_LIMIT: ("too many requests for the account", "wait, lower [llm] concurrency, or add a fallback"),
    LlmFailure.TIMEOUT: ("no answer in time", "raise [llm.providers] timeout_s, or use a faster model"),
    LlmFailure.UNREACHABLE: ("it cannot be reached", "check the address, the network and the proxy"),
    LlmFailure.SERVER: ("the provider failed", "wait for the provider, or add a fallback"),
    LlmFailure.CONTEXT: ("the prompt is longer than it takes", "lower [llm] context, or use a larger model"),
    LlmFailure.FILTERED: ("a content filter of the provider stopped it", "look at: compass show --prompts"),
    LlmFailure.CUT_OFF: ("the reply ended in the middle", "try again, or use another model"),
    LlmFailure.INVALID: ("the reply was not what was asked for, twice", "use a larger model for this role"),
    LlmFailure.REFUSAL: ("the model declined to answer", "look at: compass show --prompts, or use another model"),
    LlmFailure.BUDGET: ("the agreed budget is spent", "raise [llm.budget], or agree to more"),
    LlmFailure.VETOED: ("the call was vetoed", "nothing was sent"),
    LlmFailure.INTERRUPTED: ("it was sent, and interrupted before its answer came", INTERRUPTED),
})  # fmt: skip
_LONGEST = 240


class ModelFailure(Exception):  # noqa: N818 - it is what the reply's record says, not an error of COMPASS
    """One request that brought nothing. `detail` are the provider's own words, after the gate.

    `retry_after_s`: how long the provider asked to wait. `rejected`: it did not like the form of the request.
    `usage`: what it cost all the same, where the provider said so.
    """

    usage: Usage | None = None

    def __init__(
        self, failure: LlmFailure, detail: str = "", *, retry_after_s: float | None = None, rejected: bool = False
    ) -> None:
        super().__init__(f"{failure}: {detail}")
        self.failure = failure
        self.detail = bound(redact(bound(detail, 2_000), addresses=False), _LONGEST).replace("\n", " ").strip()
        self.retry_after_s = retry_after_s
        self.rejected = rejected


class ScriptError(Exception):
    """The function that plays a model broke: a bug of the test or the evaluation, never a failure of a call."""


class UnusableModelError(ConfigurationError):
    """A model that cannot be opened as configured. `failure` says whether its key or the model itself is missing."""

    def __init__(self, what: str, failure: LlmFailure = LlmFailure.NO_KEY, *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.failure = failure


def words(model: str, failure: LlmFailure, detail: str) -> str:
    """One sentence: model, what is wrong, the provider's words, what to do."""
    wrong, todo = WORDS[failure]
    quoted = f" (“{detail}”)" if detail else ""
    return f"{model}: {wrong}{quoted}; {todo}"
