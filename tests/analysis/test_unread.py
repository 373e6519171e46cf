from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis import unread
from compass.analysis.unread import unread_of
from compass.domain.telemetry import SignalKind
from compass.domain.unread import UnreadSeries
from compass.tables.series import Floats, NoRule, SeriesTable
from tests.analysis.synthetic import row, service, split, table

N, AT = 120, 100


def noisy(level: float = 100.0, spread: float = 5.0, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(level, spread, N)


def stepped(before: float, after: float) -> Floats:
    return np.where(np.arange(N) < AT, before, after).astype(np.float64)


def of(values: Mapping[str, Floats], told: NoRule | None = None) -> SeriesTable:
    rows = [
        replace(row(service("orders"), SignalKind.OTHER, "1", name=name), no_rule=told or NoRule()) for name in values
    ]
    return table(rows, np.stack(list(values.values())))


def moved(values: Mapping[str, Floats]) -> dict[str, UnreadSeries]:
    found = unread_of(of(values), *split(N, AT))
    assert found is not None
    return {one.name: one for one in found.most}


def test_what_the_catalogue_knows_is_not_counted() -> None:
    known = table([row(service("orders"))], stepped(1.0, 90.0)[None, :])
    assert unread_of(known, *split(N, AT)) is None


def test_names_that_moved_are_counted_and_told_with_their_direction() -> None:
    found = unread_of(of({"still": noisy(), "rose": stepped(3.0, 40.0), "fell": stepped(50.0, 5.0)}), *split(N, AT))
    assert found is not None
    assert (found.names, found.series, found.moved) == (3, 3, 2)
    told = {one.name: one for one in found.most}
    assert (told["rose"].up, told["rose"].usual, told["rose"].value) == (True, 3.0, 40.0)
    assert not told["fell"].up
    assert told["rose"].entity == service("orders")


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-6, 1e9), st.booleans())
def test_the_unit_does_not_matter(scale: float, down: bool) -> None:
    ends = (40.0, 3.0) if down else (0.0, 40.0)
    assert set(moved({"x": scale * stepped(*ends), "y": scale * noisy()})) == {"x"}


@pytest.mark.parametrize("after", [110.0, 130.0, 90.0])
def test_a_small_change_of_a_constant_is_none(after: float) -> None:
    assert moved({"x": stepped(100.0, after)}) == {}


def test_what_only_ever_grows_is_judged_by_how_fast() -> None:
    steps = np.ones(N)
    faster = np.where(np.arange(N) < AT, 1.0, 9.0)
    found = moved({"uptime": np.cumsum(steps), "served": np.cumsum(faster)})
    assert set(found) == {"served"}
    assert found["served"].usual == pytest.approx(1 / 15, rel=1e-3)


def test_without_samples_nothing_moved() -> None:
    assert moved({"gone": np.full(N, np.nan), "zero": np.zeros(N)}) == {}


def test_the_most_moved_name_is_told_first_and_no_more_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "MOST_NAMES", 2)
    names = {f"n{i}": noisy(100.0, 2.0, seed=i) + stepped(0.0, 90.0 + 60 * i) for i in range(4)}
    found = unread_of(of(names), *split(N, AT))
    assert found is not None
    assert found.moved == 4
    assert len(found.most) == 2
    assert found.most[0].score >= found.most[1].score


def test_every_name_has_its_share_of_what_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "MOST_ROWS", 4)
    many = of({"a": noisy()})
    rows = [replace(many.rows[0], labels={"n": str(i)}) for i in range(50)]
    last = replace(many.rows[0], name="z")
    values = np.vstack([np.tile(noisy(), (50, 1)), stepped(1.0, 20.0)[None, :]])
    found = unread_of(table([*rows, last], values), *split(N, AT))
    assert found is not None
    assert (found.series, [one.name for one in found.most]) == (51, ["z"])


def test_what_a_server_says_is_kept_short_and_without_secrets() -> None:
    told = NoRule(type="gauge", help="see https://u:hunter2zq@db/ " + "x" * 4000, labels=("pool", "state"))
    found = unread_of(of({"rose": stepped(3.0, 40.0)}, told), *split(N, AT))
    assert found is not None
    (one,) = found.most
    assert (one.type, one.labels) == ("gauge", ("pool", "state"))
    assert len(one.help) <= unread.MOST_HELP + 1
    assert "hunter2zq" not in one.help


def test_the_id_is_that_of_name_and_metadata_whatever_the_incident() -> None:
    (one,) = moved({"x": stepped(3.0, 40.0)}).values()
    (other,) = moved({"x": stepped(30.0, 4.0)}).values()
    assert one.id == other.id
    assert replace(one, help="in seconds").id != one.id
