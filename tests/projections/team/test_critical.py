"""What is about a critical error."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.sign import CRITICAL
from compass.projections.team.critical import criticals, series_of
from compass.projections.team.discount import discounted
from tests.support import boards as b
from tests.support.knowing import about, critical, false_alarm, knowledge

CODE = critical("ORA-00600", id="internal")
ALARM = false_alarm(about("log.novel"))


def test_what_was_looked_for_is_shown_though_its_words_are_not_quoted() -> None:
    """They may stand in another field of a structured line, or behind what is quoted of a long one."""
    seen = replace(
        b.seen(CRITICAL, b.ORDERS, text="orders: internal, 1 line since the onset, 0 before: it failed"),
        series=series_of(b.ORDERS, CODE), statements=("it failed",),
    )  # fmt: skip
    other = critical("ORA-00942", id="missing")
    ((shown, met),) = criticals(b.board((seen,), team=knowledge(critical_errors=(other, CODE))))
    assert (shown.id, met) == (seen.id, (CODE,))
    usual = replace(seen, sign="log.novel")  # no screen looked for it
    assert criticals(b.board((usual,), team=knowledge(critical_errors=(CODE,)))) == ()


def test_a_false_alarm_hides_nothing_that_may_be_an_error_code() -> None:
    text = "orders: a new statement, 4 lines: error code ORA-00942 in session 17"
    seen = replace(b.seen("log.novel", b.ORDERS, text=text), statements=("error code <*> in session <*>",))
    for entries, hidden in (((), True), ((CODE,), False), ((critical("checksum"),), True)):
        team = knowledge(critical_errors=entries, false_alarms=(ALARM,))
        assert (discounted(b.board((seen,), team=team), seen) is not None) is hidden
    # That it is one is shown only by what looked for it by name.
    assert criticals(b.board((seen,), team=knowledge(critical_errors=(CODE,)))) == ()
