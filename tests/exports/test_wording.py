from __future__ import annotations

import pytest

from compass.exports.wording import BANNED, objections


@pytest.mark.parametrize("phrase", sorted(BANNED))
def test_every_banned_phrase_is_found_with_what_to_say_instead(phrase: str) -> None:
    (said,) = objections(f"It was the {phrase.upper()} again.")
    assert BANNED[phrase] in said


def test_quoted_telemetry_is_evidence_and_left_alone() -> None:
    assert objections("The log says `connection failed to open`, a contributing cause.") == ()
