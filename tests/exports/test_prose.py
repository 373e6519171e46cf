"""Text that is safe in Markdown."""

from __future__ import annotations

import pytest

from compass.domain.time import NS_PER_S, Instant
from compass.exports.draft import between
from compass.exports.prose import doubt, names, percent, plain, sentence
from tests.support.boards import LEDGER, ONSET_NS, ORDERS, WEB


@pytest.mark.parametrize(
    ("share", "said"), [(0.806, "81 %"), (1.0, "100 %"), (0.01, "1 %"), (0.0099, "<1 %"), (0.0, "<1 %")]
)
def test_no_share_is_said_to_be_nothing(share: float, said: str) -> None:
    assert percent(share) == said


def test_uncertainty_is_shown_from_half_a_second() -> None:
    assert doubt(28 * NS_PER_S) == " ± 28 s"
    assert doubt(NS_PER_S // 3) == ""


def test_a_list_of_names_is_bounded_and_never_empty() -> None:
    assert names((WEB, ORDERS, LEDGER), most=2) == "web, orders and 1 more"
    assert names((), nothing="none") == "none"


@pytest.mark.parametrize("text", ["0", "12", "1. a", "# a", "- a", "| a", "[x](y)", "_a_"])
def test_a_text_opens_no_structure(text: str) -> None:
    said = sentence(text)
    assert "\\" in said
    assert said.replace("\\", "").rstrip(".") == text


def test_words_that_the_report_would_not_use_are_quoted() -> None:
    assert plain("failed to start") == "`failed to start`"


def test_moments_that_overlap_have_no_order() -> None:
    onset = Instant(ns=ONSET_NS, uncertainty_ns=28 * NS_PER_S)

    def told(after_s: int) -> str:
        return between(onset, Instant(ns=ONSET_NS + after_s * NS_PER_S), ("after", "before"))

    assert told(32) == "32 s ± 28 s after"
    assert told(-60) == "60 s ± 28 s before"
    assert told(-12).startswith("the order cannot be told from this data (")
