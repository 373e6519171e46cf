from __future__ import annotations

import platform
import sys
import threading
import time

import pytest

from compass.sources.recording import turns
from compass.sources.recording.turns import LARGE_ROWS, Turns


def most_at_once(rows: int) -> int:
    """How many of four threads held a turn for `rows` rows at the same time."""
    shared, inside, seen = Turns(), [0], [0]
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        with shared.turn(rows):
            inside[0] += 1
            seen[0] = max(seen[0], inside[0])
            time.sleep(0.05)
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen[0]


def test_large_answers_are_made_one_after_the_other_and_small_ones_at_once() -> None:
    assert most_at_once(LARGE_ROWS) == 1
    assert most_at_once(LARGE_ROWS - 1) > 1


def test_memory_is_given_back_after_a_large_answer_even_when_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(turns, "give_back", lambda: given.append(1))
    shared = Turns()
    with shared.turn(LARGE_ROWS - 1):
        pass
    assert not given
    with pytest.raises(ValueError, match="no"), shared.turn(LARGE_ROWS):
        raise ValueError("no")
    with shared.turn(LARGE_ROWS):  # the failure has not kept the turn
        pass
    assert len(given) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="other systems give memory back themselves")
def test_giving_back_works_with_this_c_library() -> None:
    known = turns._of_glibc("malloc_trim") is not None
    assert known is (platform.libc_ver()[0] == "glibc")
    turns.give_back()
