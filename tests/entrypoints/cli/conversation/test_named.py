"""The keys by name: all on one page, and in one line as many as fit."""

from __future__ import annotations

from compass.entrypoints.cli.conversation.named import ENDED, RUNNING, in_one_line, keys_lines


def test_every_key_is_named_among_the_keys() -> None:
    text = "\n".join(line.plain for line in keys_lines())
    assert all(
        key in text for key in ("1-9", "r ", "u ", "t ", "l  n", "w  e", "d ", "x ", "p ", "s ", ": ", "Esc", "?")
    )
    assert len(keys_lines()) < 23


def test_what_there_is_no_room_for_goes_before_the_key_that_names_all() -> None:
    for keys in (RUNNING, ENDED):
        widest = " · ".join(keys)
        assert in_one_line(keys, "", len(widest)) == widest
        assert in_one_line(keys, "", len(widest) - 1) == " · ".join(key for key in keys if key != "e evidence")
        assert in_one_line(keys, " (9 s)", 30).endswith("? keys (9 s)")
