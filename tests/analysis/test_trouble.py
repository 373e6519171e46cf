"""Waiting and failing are told apart, and a mechanism that says neither predicts both."""

from __future__ import annotations

from compass.analysis.trouble import Trouble, troubles_of, unexplained
from compass.domain.entity import EntityKind
from compass.domain.mechanism import Mechanism, Pattern, Relation


def _mechanism(*at_caller: str, own: str = "latency.up") -> Mechanism:
    patterns = [Pattern(signs=(own,))]
    if at_caller:
        patterns.append(Pattern(signs=at_caller, at=Relation.CALLER))
    return Mechanism(
        id="m", claim="", family="f", strikes=frozenset(EntityKind), owner="o", requires=(Pattern(signs=("cpu.up",)),),
        expects=tuple(patterns),
    )  # fmt: skip


def test_what_callers_show_is_read_from_what_is_expected_there() -> None:
    assert troubles_of(_mechanism("errors.up", "log.novel")) == {Trouble.FAILING}
    assert troubles_of(_mechanism("client_latency.up")) == {Trouble.SLOW}
    assert troubles_of(_mechanism("latency.up", "success.down")) == set(Trouble)


def test_a_mechanism_that_does_not_say_predicts_both() -> None:
    assert troubles_of(_mechanism()) == set(Trouble)  # what it shows itself says nothing of its callers
    assert troubles_of(_mechanism("log.novel")) == set(Trouble)
    assert troubles_of(None) == set(Trouble)


def test_each_kind_leaves_the_other_kinds_own_signs_unexplained() -> None:
    assert "latency.up" in unexplained(frozenset({Trouble.FAILING}))
    assert "log.path_changed" in unexplained(frozenset({Trouble.SLOW}))
    assert "errors.up" not in unexplained(frozenset({Trouble.SLOW}))  # who waits long enough gives up
    assert unexplained(frozenset(Trouble)) == frozenset()
