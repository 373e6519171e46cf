"""What several feeds told of one part."""

from __future__ import annotations

from compass.domain.telemetry import NativeQuery
from compass.sources.live.gathered import Gathered, Objects
from compass.sources.live.got import Got


def gathered(**each: str) -> Gathered:
    """`each`: by object, the address that opens it."""
    queries = {name: NativeQuery(language="grafana", text=name, url=url) for name, url in each.items()}
    return Gathered(data=Objects(objects=[]), each=queries)


def test_of_feeds_that_lead_to_one_object_the_first_that_opens_it_counts() -> None:
    got = Got(gathered=(gathered(a="", b="https://one/b", c=""), gathered(a="https://two/a", b="https://two/b", d="")))
    assert {name: query.url for name, query in got.told.each.items()} == {
        "a": "https://two/a", "b": "https://one/b", "c": "", "d": "",
    }  # fmt: skip
