from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compass.analysis.namesakes import namesakes
from compass.domain.entity import EntityKind, EntityRef


def ref(kind: EntityKind, name: str = "cards", namespace: str = "") -> EntityRef:
    return EntityRef(kind=kind, name=name, namespace=namespace)


SERVICE, EXTERNAL, CACHE = ref(EntityKind.SERVICE), ref(EntityKind.EXTERNAL), ref(EntityKind.CACHE)


def test_a_service_that_never_reports_is_what_others_say_it_is() -> None:
    assert namesakes([SERVICE, EXTERNAL], reporting=[]) == {SERVICE: EXTERNAL}
    assert namesakes([SERVICE, EXTERNAL], reporting=[SERVICE]) == {EXTERNAL: SERVICE}


def test_who_names_a_product_knows_more() -> None:
    assert namesakes([EXTERNAL, CACHE], reporting=[]) == {EXTERNAL: CACHE}
    assert namesakes([SERVICE, CACHE, EXTERNAL], reporting=[SERVICE]) == {SERVICE: CACHE, EXTERNAL: CACHE}


def test_names_in_two_namespaces_are_two_things_and_an_unstated_one_fits_the_only_one() -> None:
    one, other = ref(EntityKind.SERVICE, namespace="a"), ref(EntityKind.CACHE, namespace="b")
    assert namesakes([one, other], reporting=[one]) == {}
    assert namesakes([one, other, EXTERNAL], reporting=[one]) == {}
    assert namesakes([one, EXTERNAL], reporting=[one]) == {EXTERNAL: one}


def test_pods_nodes_and_other_names_stay_as_they_are() -> None:
    assert namesakes([ref(EntityKind.POD), ref(EntityKind.NODE), SERVICE, ref(EntityKind.CACHE, "other")], []) == {}


@given(
    st.lists(
        st.builds(
            ref, st.sampled_from(list(EntityKind)), st.sampled_from(["a", "b"]), st.sampled_from(["", "x", "y"])
        ), max_size=8,
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_whatever_the_order_it_is_one_level_deep_and_without_circles(entities, random) -> None:
    found = namesakes(entities, entities[:2])
    assert not set(found) & set(found.values())
    shuffled = list(entities)
    random.shuffle(shuffled)
    assert namesakes(shuffled, entities[:2]) == found
