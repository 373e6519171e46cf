"""Label files: what they say, and what is said about those that say it wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.domain.time import NS_PER_S
from compass.evaluation.truth import NONE, Place, load_truth, set_of
from compass.ports.errors import BadInputError


def written(folder: Path, text: str) -> Path:
    path = folder / "shop-1.yaml"
    path.write_text(text)
    return path


def test_a_full_label(tmp_path: Path) -> None:
    truth = load_truth(written(tmp_path, """
id: shop-1
fault_type: memory_leak
entity: {kind: service, name: orders}
indicators: [memory]
also_accept: [orders-db, {kind: node, name: n1}]
onset: 2026-01-05T10:00:00.5Z
decoys: [pay-2, {kind: service, name: cart}]
trigger: {kind: deploy, id: orders-3}
"""))  # fmt: skip
    assert truth.accepted == (
        Place(kind="service", name="orders"), Place(kind="service", name="orders-db"), Place(kind="node", name="n1"),
    )  # fmt: skip
    assert truth.trigger == "orders-3"
    assert truth.decoys == {"pay-2", "cart"}
    assert truth.onset_ns is not None
    assert truth.onset_ns % NS_PER_S == NS_PER_S // 2


@pytest.mark.parametrize("onset", ["2026-01-05T10:00:00.5Z", "'2026-01-05T10:00:00.5Z'", "2026-01-05 11:00:00.5+01:00"])
def test_a_time_may_stand_in_quotes_as_in_a_header(tmp_path: Path, onset: str) -> None:
    truth = load_truth(written(tmp_path, f"id: shop-1\nentity: {{kind: service, name: a}}\nonset: {onset}\n"))
    assert truth.onset_ns == 1_767_607_200 * NS_PER_S + NS_PER_S // 2


def test_nothing_wrong_and_no_change(tmp_path: Path) -> None:
    truth = load_truth(written(tmp_path, "id: shop-1\nentity: {kind: none}\ntrigger: {kind: none}\n"))
    assert truth.healthy
    assert truth.trigger == NONE


def test_a_trigger_that_is_not_labelled_is_not_none(tmp_path: Path) -> None:
    assert load_truth(written(tmp_path, "id: shop-1\nentity: {kind: service, name: a}\n")).trigger is None


@pytest.mark.parametrize(
    "text", ["id: shop-1", "[1, 2]", "id: shop-1\nentity: orders", "{", "id: shop-1\nentity: {kind: none}\nonset: noon"]
)
def test_what_is_wrong_names_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInputError, match=r"shop-1\.yaml"):
        load_truth(written(tmp_path, text))


@pytest.mark.parametrize(("text", "said"), [
    ("entity: {kind: servise, name: a}", "kind 'servise'"),
    ("entity: {kind: service}", "needs a name"),
    ("entity: {kind: service, name: a}\nalso_accept: [{kind: none, name: b}]", "kind 'none'"),
    ("entity: {kind: service, name: a}\ntrigger: {kind: deploy}", "id of its change"),
])  # fmt: skip
def test_what_could_never_be_right_is_no_label(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        load_truth(written(tmp_path, f"id: shop-1\n{text}\n"))


@pytest.mark.parametrize(("identity", "name"), [
    ("shop-0001", "shop"), ("shop-0922-07", "shop"), ("shop_12", "shop"), ("shop-tt-0129-01", "shop-tt"),
    ("pool-exhaustion", "pool-exhaustion"), ("12", "12"),
])  # fmt: skip
def test_the_set_is_the_id_without_its_number(identity: str, name: str) -> None:
    assert set_of(identity) == name
