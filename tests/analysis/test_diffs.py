from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.diffs import effects, words
from compass.domain.incident import Change
from compass.domain.time import Instant


def signs(diff: str = "", summary: str = "", kind: str = "commit", **attributes: str) -> list[str]:
    change = Change(id="c", at=Instant(ns=0), kind=kind, summary=summary, diff=diff, attributes=attributes)
    return [effect.sign for effect in effects(change)]


@pytest.mark.parametrize(
    ("diff", "expected"),
    [
        ("@@\n hikari:\n-  maximum-pool-size: 50\n+  maximum-pool-size: 5\n", "change.pool_shrunk"),
        ("-pool = Pool(max_size=20)\n+pool = Pool(max_size=2)\n", "change.limit_lowered"),
        ("-c.setMaximumPoolSize(20);\n+c.setMaximumPoolSize(2);\n", "change.pool_shrunk"),
        ("@@\n - name: DB_POOL_SIZE\n-  value: \"20\"\n+  value: \"5\"\n", "change.pool_shrunk"),
        ("-\"maxConnections\": 100,\n+\"maxConnections\": 10,\n", "change.pool_shrunk"),
        ("-WORKERS=16\n+WORKERS=2\n", "change.pool_shrunk"),
        ("@@\n limits:\n-  memory: 1Gi\n+  memory: 256Mi\n", "change.limit_lowered"),
        ("@@\n limits:\n-  cpu: 2\n+  cpu: 500m\n", "change.limit_lowered"),
        ("-connection_timeout=30s\n+connection_timeout=500ms\n", "change.limit_lowered"),
        ("-java -Xmx2g -jar a.jar\n+java -Xmx512m -jar a.jar\n", "change.limit_lowered"),
        ("-  replicas: 5\n+  replicas: 1\n", "change.scale_down"),
        ("-new_checkout_enabled: false\n+new_checkout_enabled: true\n", "change.flag"),
    ],
)  # fmt: skip
def test_a_lowered_limit_is_read_from_diffs_of_any_style(diff: str, expected: str) -> None:
    assert signs(diff) == [expected]


@pytest.mark.parametrize(
    "diff",
    [
        "-maximum-pool-size: 5\n+maximum-pool-size: 50\n",  # raised
        "-color: 7\n+color: 3\n",  # says nothing about a limit
        "-min_connections: 10\n+min_connections: 2\n",  # a floor, not a limit
        "-timeout: 5\n+retries: 3\n",  # different keys
        "-    total = 3  # max\n+    total = 3  # maximum\n",
        "- only words here\n+ and others there\n",
    ],
)
def test_other_diffs_have_no_effect(diff: str) -> None:
    assert signs(diff) == []


def test_units_are_compared_not_digits() -> None:
    assert signs("-memory: 1Gi\n+memory: 2048Mi\n") == []
    assert signs("-memory: 1Gi\n+memory: 900Mi\n") == ["change.limit_lowered"]


def test_summaries_attributes_and_kinds_speak_too() -> None:
    assert signs(summary="scale orders from 3 to 1 replicas", kind="scale") == ["change.scale_down"]
    assert signs(kind="scale", **{"from": "3", "to": "1"}) == ["change.scale_down"]
    assert signs(kind="scale", **{"from": "1", "to": "3"}) == []
    assert signs(kind="config", key="max_connections", old="100", new="20") == ["change.pool_shrunk", "change.config"]
    assert signs(kind="provider_status") == ["change.provider"]
    assert signs(kind="flag") == ["change.flag"]
    assert signs("--- a/app.yaml\n+++ b/app.yaml\n-a: x\n+a: y\n") == ["change.config"]
    assert signs(summary="rollout of orders v2, step 1: 1 of 3 pods", kind="deploy", **{"from": "v1", "to": "v2"}) == []


def test_the_effect_says_what_moved_as_it_was_written() -> None:
    change = Change(id="c", at=Instant(ns=0), kind="config", summary="", diff="-max_memory: 512Mi\n+max_memory: 64Mi\n")
    assert effects(change)[0].text == "max_memory 512Mi → 64Mi"


def test_keys_of_any_style_have_the_same_words() -> None:
    assert words("maxPoolSize") == words("MAX_POOL_SIZE") == words("max-pool.size") == {"max", "pool", "size"}


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=300),
    st.text(max_size=100),
    st.dictionaries(st.sampled_from(["from", "to", "key"]), st.text(max_size=9)),
)
def test_hostile_text_is_no_error(diff: str, summary: str, attributes: dict[str, str]) -> None:
    assert isinstance(signs(diff, summary, "deploy", **attributes), list)


def test_a_huge_line_and_a_huge_diff_are_cut() -> None:
    assert signs("-" + "a" * 1_000_000 + ": 5\n+" + "a" * 1_000_000 + ": 3\n") == []
    assert signs("-x 1 1 1 1\n+x 2 2 2 2\n" * 50_000) == []
