"""The feed against a stand-in GitHub whose answers are parsed with GitHub's own description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from compass.analysis.diffs import effects
from compass.domain.incident import Change
from compass.domain.time import Instant
from compass.ports.errors import ConfigurationError, SourceRefusedError, SourceUnavailableError
from compass.redaction.secret import Secrets
from compass.sources.github import CONNECTOR
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means
from tests.sources.github.hub import (
    NOW,
    PATIENT,
    SCOPE,
    SHOP,
    TOKEN,
    Hub,
    asking,
    commit,
    deployment,
    objects_of,
    patch,
    release,
    run,
    status,
)

A, B, C = ("a" * 40, "b" * 40, "c" * 40)


def shop() -> Hub:
    hub = Hub()
    hub.add("commits", commit(B, "10:05:00", "Shrink the pool\n\nIt was never full."), commit(A, "10:01:00", "Docs"))
    hub.add("deployments", deployment(2, B, "10:20:00"), deployment(1, A, "09:00:00"))
    hub.add("releases", release(7, "v2", "10:19:00", name="Second"), release(6, "v1", "08:00:00"),
            release(8, "v3", None, draft=True))  # fmt: skip
    hub.add("runs", run(5, "Deploy to production", "10:19:30"), run(4, "Unit tests", "10:06:00"))
    hub.diffs = {B: patch(("app/pool.yaml", "maxPoolSize: 50", "maxPoolSize: 5")),
                 A: patch(("README.md", "old", "new")),
                 f"{A}...{B}": patch(("app/pool.yaml", "maxPoolSize: 50", "maxPoolSize: 5"))}  # fmt: skip
    return hub


async def test_what_happened_in_the_window_with_its_diffs() -> None:
    async with asking(shop(), services={SHOP: "checkout"}) as (feed, server, ledger):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
        assert ledger.requests == 8
    found = objects_of(gathered)
    assert [(one["kind"], one["time"], one["summary"]) for one in found] == [
        ("commit", "2026-11-26T10:01:00Z", f"Docs ({SHOP} aaaaaaaaaa by ann)"),
        ("commit", "2026-11-26T10:05:00Z", f"Shrink the pool ({SHOP} bbbbbbbbbb by ann)"),
        ("release", "2026-11-26T10:19:00Z", f"{SHOP} v2 was released (Second)"),
        ("deploy", "2026-11-26T10:19:30Z",
         f"workflow Deploy to production of {SHOP} (success): Merge (cccccccccc by cid)"),
        ("deploy", "2026-11-26T10:20:00Z",
         f"deploy of {SHOP} main to production (aaaaaaaaaa → bbbbbbbbbb) by bob"),
    ]  # fmt: skip
    assert {one["service"] for one in found} == {"checkout"}
    assert gathered.missing == ()
    read = Change(id="1", at=Instant(ns=0), kind="deploy", summary="", entity=None, diff=str(found[-1]["diff"]))
    assert {effect.sign for effect in effects(read)} == {"change.pool_shrunk", "change.config"}
    commits = server.asked[0]
    assert commits.path == f"/repos/{SHOP}/commits"
    assert commits.params == {"since": "2026-11-26T10:00:00Z", "until": "2026-11-26T10:40:00Z", "per_page": "100"}
    assert gathered.queries[0].text.startswith(f"gh api 'repos/{SHOP}/commits?since=2026-11-26T10:00:00Z&")


@pytest.mark.parametrize(
    ("statuses", "told", "attributes"),
    [
        ([status("failure", "10:21:30", "2 of 3 pods are not ready"), status("in_progress", "10:20:05")],
         "by bob; failed at 10:21:30 UTC: 2 of 3 pods are not ready",
         {"state": "failure", "ended": "2026-11-26T10:21:30Z"}),
        ([status("error", "10:21:30")], "by bob; failed at 10:21:30 UTC", {"state": "error"}),
        ([status("inactive", "10:30:00"), status("success", "10:22:00")], "by bob; succeeded at 10:22:00 UTC",
         {"state": "success"}),
        ([status("in_progress", "10:20:05")], "by bob; in progress", {"state": "in_progress"}),
        ([status("inactive", "10:30:00")], "by bob", {}),
        ([], "by bob", {}),
    ],
    ids=["failed", "error", "replaced since", "not over", "only replaced", "not told"],
)  # fmt: skip
async def test_what_became_of_a_deployment_is_part_of_the_change(
    statuses: list[dict[str, Any]], told: str, attributes: dict[str, str]
) -> None:
    hub = shop()
    hub.statuses = {"2": statuses}
    async with asking(hub) as (feed, server, _):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
        asked = [one for one in server.asked if one.path.endswith("/statuses")]
    assert [one.path for one in asked] == [f"/repos/{SHOP}/deployments/2/statuses"], "the other is not of the window"
    change = objects_of(gathered)[-1]
    assert str(change["summary"]).endswith(told)
    found = change["attributes"]
    assert isinstance(found, dict)
    assert attributes.items() <= found.items()
    assert gathered.missing == ()


async def test_few_deployments_are_followed_and_what_is_not_known_is_said() -> None:
    hub = Hub()
    hub.add("deployments", *(deployment(n, f"{n}" * 40, f"10:{10 + 4 * n}:00") for n in range(6, 0, -1)))
    hub.statuses = {str(n): [status("success", "10:39:00")] for n in range(1, 7)}
    hub.refuse["/deployments/4/statuses"] = (403, {})
    async with asking(hub, statuses=2, diffs=0) as (feed, server, ledger):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
        asked = [one.path.split("/")[-2] for one in server.asked if one.path.endswith("/statuses")]
    assert sorted(asked) == ["4", "5"], "those nearest before the page, which came at 10:30"
    assert ledger.requests == 6
    notes = [note for note in gathered.missing if "became of" in note]
    assert notes[0] == "what became of 4 deployments was not asked"
    assert notes[1].startswith(f"what became of deployment/4 of {SHOP} is not known: ")
    async with asking(hub, requests=5) as (feed, _, ledger):
        await feed.gather("changes", SCOPE, deadline=PATIENT)
        assert ledger.requests == 5


async def test_diffs_are_few_and_those_nearest_before_the_page() -> None:
    hub = shop()
    hub.add("commits", commit("d" * 40, "10:35:00", "After the page"))
    async with asking(hub, diffs=2) as (feed, server, _):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
        asked = [one.path.rpartition("/")[2] for one in server.asked if "diff" in one.headers["accept"]]
    assert sorted(asked) == sorted([f"{A}...{B}", B])
    assert gathered.missing == ("1 diffs were not read: those nearest to the page were",)
    async with asking(hub, requests=4) as (feed, _, ledger):
        await feed.gather("changes", SCOPE, deadline=PATIENT)
        assert ledger.requests == 4


async def test_a_repository_of_many_services_tells_whose_change_it_is() -> None:
    hub = Hub()
    hub.add("commits", commit(A, "10:05:00", "Two at once"), commit(B, "10:04:00", "Nobody's"))
    hub.diffs = {
        A: patch(("services/cart/main.go", "a", "b"), ("services/checkout/x/pool.yaml", "c", "d")),
        B: patch(("README.md", "a", "b")),
    }
    owners = {SHOP: {"services/cart/*": "cart", "services/checkout/*": "checkout"}}
    async with asking(hub, services=owners) as (feed, _, _):
        nobody, cart, checkout = objects_of(await feed.gather("changes", SCOPE, deadline=PATIENT))
    assert "service" not in nobody
    assert (cart["service"], cart["id"], checkout["service"]) == ("cart", f"{A}/cart", "checkout")
    assert "main.go" in str(cart["diff"])
    assert "pool.yaml" not in str(cart["diff"])


async def test_a_change_of_more_services_than_are_told_says_which_are_not() -> None:
    hub = Hub()
    hub.add("commits", commit(A, "10:05:00", "All at once"))
    names = [f"s{n}" for n in range(7)]
    hub.diffs = {A: patch(*((f"{name}/main.go", "a", "b") for name in names))}
    async with asking(hub, services={SHOP: {f"{name}/*": name for name in names}}) as (feed, _, _):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
    assert [one["service"] for one in objects_of(gathered)] == names[:5]
    assert gathered.missing == (f"{A} of {SHOP} changed 7 services: it is not told of s5, s6",)


async def test_environments_and_branches_and_enterprise() -> None:
    hub = Hub(prefix="/api/v3")
    hub.add("deployments", deployment(4, B, "10:20:00", "review-17", transient_environment=True),
            deployment(3, B, "10:10:00", "staging"), deployment(2, B, "10:09:00"))  # fmt: skip
    async with asking(hub, branch="release/2") as (feed, server, _):
        found = objects_of(await feed.gather("changes", SCOPE, deadline=PATIENT))
        assert server.asked[0].params["sha"] == "release/2"
        assert server.asked[0].path.startswith("/api/v3/repos/")
    assert [one["id"] for one in found] == ["deployment/2", "deployment/3"]
    async with asking(hub, environments=["production"]) as (feed, _, _):
        found = objects_of(await feed.gather("changes", SCOPE, deadline=PATIENT))
    assert [one["id"] for one in found] == ["deployment/2"]


async def test_going_back_is_the_way_there_turned_round() -> None:
    hub = Hub()
    hub.add("deployments", deployment(3, A, "10:20:00"), deployment(2, B, "10:10:00"), deployment(1, A, "09:00:00"))
    hub.diffs = {f"{A}...{B}": patch(("app/pool.yaml", "maxPoolSize: 50", "maxPoolSize: 5"))}
    async with asking(hub) as (feed, _, _):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
    there, back = objects_of(gathered)
    assert gathered.missing == ()
    assert "-maxPoolSize: 50\n+maxPoolSize: 5" in str(there["diff"])
    assert "+maxPoolSize: 50\n-maxPoolSize: 5" in str(back["diff"])
    assert "bbbbbbbbbb → aaaaaaaaaa, which had been there before" in str(back["summary"])


async def test_many_repositories_share_the_limit_on_requests() -> None:
    hub = shop()
    names = [SHOP, "acme/cart", "acme/search"]
    async with asking(hub, repositories=names) as (feed, _, ledger):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
        assert ledger.requests == 10
    assert gathered.missing[0] == (
        "releases of acme/cart, releases of acme/search were not asked for: the limit is 10 requests"
    )


async def test_a_full_page_is_not_all() -> None:
    hub = Hub()
    hub.add("commits", *(commit(f"{number:040x}", "10:05:00", f"No {number}") for number in range(101)))
    async with asking(hub, diffs=0) as (feed, _, _):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
    assert len(objects_of(gathered)) == 100
    assert gathered.missing[0] == f"of {SHOP}, only the latest 100 commits were read"


LATE, EARLY = "10:05:00", "09:59:59"
"""Within the window, which begins at 10:00, and before it."""
CUT = {
    "releases": (20, lambda number, at: release(number, f"v{number}", at), "releases"),
    "deployments": (100, lambda number, at: deployment(number, f"{number:040x}", at), "deployments"),
}


@pytest.mark.parametrize("kind", CUT)
@pytest.mark.parametrize(
    ("more", "last", "told"), [(1, LATE, True), (0, LATE, True), (-1, LATE, False), (1, EARLY, False)]
)
async def test_a_list_that_is_not_bounded_by_time_tells_where_it_may_not_reach_back_to_the_window(
    kind: str, more: int, last: str, told: bool
) -> None:
    most, entry, noun = CUT[kind]
    times = [LATE] * (most - 1) + [last] * (1 + more)
    hub = Hub()
    hub.add(kind, *(entry(number, at) for number, at in zip(range(len(times), 0, -1), times, strict=True)))
    async with asking(hub, diffs=0, statuses=0) as (feed, _, _):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
    assert (f"of {SHOP}, only the latest {most} {noun} were read" in gathered.missing) is told
    assert len(objects_of(gathered)) == min(most, times.count(LATE))


async def test_drafts_at_the_end_of_a_full_list_do_not_hide_how_far_it_goes_back() -> None:
    hub = Hub()
    hub.add("releases", *(release(n, f"v{n}", LATE) for n in range(40, 22, -1)), release(22, "v22", EARLY),
            *(release(n, f"v{n}", None, draft=True) for n in range(21, 19, -1)))  # fmt: skip
    async with asking(hub, diffs=0) as (feed, _, _):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
    assert gathered.missing == ()


@pytest.mark.parametrize("status", [403, 404])
async def test_a_permission_that_is_missing_is_named(status: int) -> None:
    hub = shop()
    hub.refuse = {"/deployments": (status, {})}
    async with asking(hub) as (feed, _, _):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
        (hint, unowned) = (await feed.look("changes", deadline=PATIENT)).hints
    said = f"deployments of {SHOP} may not be read: give the token read-only access to Deployments"
    assert gathered.missing == (said,)
    assert hint == said
    assert unowned == f"whose code {SHOP} is, is not known: set services"
    hub.refuse = {"": (status, {})}
    async with asking(hub) as (feed, _, _):
        with pytest.raises(SourceRefusedError, match="may not be read: give the token read-only access to Contents"):
            await feed.gather("changes", SCOPE, deadline=PATIENT)


async def test_an_expired_token_is_told_and_not_shown() -> None:
    async with asking(Hub(token="another")) as (feed, server, ledger):
        with pytest.raises(SourceRefusedError, match=r"\(401\): Bad credentials.*may have expired") as caught:
            await feed.gather("changes", SCOPE, deadline=PATIENT)
        assert TOKEN not in f"{caught.value!s} {caught.value!r} {ledger} {feed!r}"
        assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "headers",
    [{"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800"}, {"retry-after": "3600"}],
)
async def test_a_spent_limit_is_told_and_not_waited_for_too_long(headers: dict[str, str]) -> None:
    for code in (403, 429):
        hub = shop()
        hub.refuse = {"": (code, headers)}
        async with asking(hub) as (feed, server, _):
            with pytest.raises(SourceUnavailableError, match=r"is asked too much \(429\)"):
                await feed.gather("changes", SCOPE, deadline=PATIENT)
            assert len(server.asked) == 4


async def test_a_short_wait_is_waited_for() -> None:
    hub = shop()
    hub.refuse = {"/commits": (403, {"retry-after": "0"})}

    async with asking(hub) as (feed, server, _):
        answer = server.answer

        def once(asked: Any) -> Any:
            found = answer(asked)
            if asked.path.endswith("/commits"):
                hub.refuse = {}
            return found

        server.answer = once
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
    assert gathered.missing == ()
    assert "Docs" in str(objects_of(gathered)[0]["summary"])


async def test_a_diff_that_is_not_had_costs_only_itself() -> None:
    hub = shop()
    del hub.diffs[B]
    hub.diffs[A] = "x" * 5_000_000
    async with asking(hub) as (feed, _, _):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
    assert [note.split(" was")[0] for note in gathered.missing] == [
        f"the diff of {SHOP} bbbbbbbbbb", f"the diff of {SHOP} aaaaaaaaaa",
    ]  # fmt: skip
    assert "diff" in objects_of(gathered)[-1]


async def test_an_empty_repository_has_no_changes() -> None:
    hub = Hub(refuse={"/commits": (409, {})})
    async with asking(hub) as (feed, _, _):
        gathered = await feed.gather("changes", SCOPE, deadline=PATIENT)
    assert (objects_of(gathered), gathered.missing) == ([], ())


async def test_texts_of_strangers_are_bounded_and_without_secrets() -> None:
    hub = Hub()
    secret = "hunter2-" + "canary"
    hub.add("commits", commit(A, "10:05:00", "\x1b[2J\u202etoken=" + secret + " " + "y" * 5_000, login=""))
    hub.diffs = {A: patch(("package-lock.json", "l" * 90_000, "m"), ("app.env", "", f"DB_PASSWORD={secret}"))}
    async with asking(hub) as (feed, _, _):
        (one,) = objects_of(await feed.gather("changes", SCOPE, deadline=PATIENT))
    assert secret not in str(one)
    assert str(one["summary"]).startswith("token=[redacted:secret] yyy")
    assert len(str(one["summary"])) <= 300
    assert "+DB_PASSWORD=[redacted:secret]" in str(one["diff"])
    assert len(str(one["diff"])) <= 20_000


async def test_a_look_reads_little_and_tells_the_limit() -> None:
    async with asking(shop(), services={SHOP: "checkout"}) as (feed, server, _):
        found = await feed.look("changes", deadline=PATIENT)
        assert all(one.params.get("per_page", "1") == "1" for one in server.asked)
    assert found.detail == f"GitHub: {SHOP} can be read"
    assert found.figures["requests left this hour"] == "4988 of 5000"
    assert found.figures[f"{SHOP} workflow runs"] == "readable"
    assert found.hints == ()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"repositories": []}, "names no repository"),
        ({"repositories": ["acme"]}, "acme is no repository"),
        ({"repositories": ["acme/.."]}, "is no repository"),
        ({"repositories": [SHOP], "services": {"acme/other": "x"}}, "services names acme/other"),
        ({"repositories": [SHOP], "requests": 0}, "are counts"),
        ({"repositories": [SHOP], "token": "ghp_written_here"}, "is named here, not written"),
        ({}, "repositories"),
    ],
)
def test_settings_that_cannot_be_are_told(options: dict[str, Any], said: str) -> None:
    means = Means(clock=NOW, ledger=Ledger(), secrets=Secrets({}, Path()))
    with pytest.raises(ConfigurationError, match=said) as caught:
        CONNECTOR.connect("code", {"type": "github", **options}, means)
    assert "ghp_written_here" not in str(caught.value)


@pytest.mark.parametrize("diff", ["", "not a diff", "diff --git nonsense\n"])
async def test_what_is_no_diff_is_none(diff: str) -> None:
    hub = Hub()
    hub.add("commits", commit(A, "10:05:00", "Odd"))
    hub.diffs = {A: diff}
    async with asking(hub, services={SHOP: {"a/*": "a"}}) as (feed, _, _):
        (one,) = objects_of(await feed.gather("changes", SCOPE, deadline=PATIENT))
    assert "diff" not in one
