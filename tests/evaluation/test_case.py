"""Running one case."""

from __future__ import annotations

from dataclasses import dataclass, field

from compass.evaluation.case import to_end


@dataclass(slots=True, repr=False)
class Large:
    """Says how often it was written out."""

    times: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        self.times.append("once more")
        return "large"


def test_what_a_case_comes_to_is_never_written_out() -> None:
    large = Large()

    async def work() -> Large:
        return large

    assert to_end(work()) is large
    assert large.times == []
