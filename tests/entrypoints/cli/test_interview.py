"""What is asked, in which order, and what becomes of the answers; answers that people give."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.entrypoints.cli.answers import address_of, reference_of
from compass.entrypoints.cli.interview import Chosen, Interview, Table
from compass.entrypoints.looking import Looked, State
from compass.ports.errors import BadInputError
from compass.sources.http.words import NOT_TRUSTED, WANTS_OURS

EVERY = frozenset({"grafana", "mimir", "loki", "tempo", "kubernetes"})


class Conversation:
    """Somebody who gives `answers` in order, "" for Enter; `bad` names servers whose read fails the first time."""

    def __init__(self, *answers: str, bad: tuple[str, ...] = ()) -> None:
        self.answers, self.bad = list(answers), list(bad)
        self.asked: list[str] = []
        self.read: list[tuple[str, Table]] = []
        self.told: list[str] = []

    def run(self, known: frozenset[str] = EVERY) -> Chosen:
        chosen = Interview(self._ask, self._look, self.told.append, known, {"TOK": "secret"}).run()
        assert not self.answers
        return chosen

    def _ask(self, question: str, default: str) -> str:
        self.asked.append(question)
        return self.answers.pop(0) or default

    def _look(self, name: str, table: Table) -> tuple[Looked, ...]:
        self.read.append((name, dict(table)))
        lost = name in self.bad
        if lost:
            self.bad.remove(name)
        return (Looked(source=name, state=State.LOST if lost else State.OK, detail=""),)


def test_a_grafana_is_enough() -> None:
    told = Conversation("https://g.example/d/abc/shop?orgId=1", "", "-")
    assert told.run().tables == {
        "grafana": {"type": "grafana", "url": "https://g.example", "token": "env:GRAFANA_TOKEN"}
    }
    assert len(told.asked) == 3, "address, token, Kubernetes"


def test_separate_servers_offer_the_token_and_the_tenant_of_the_one_before() -> None:
    told = Conversation("", "http://m", "TOK", "shop", "http://l", "", "", "http://t", "-", "-", "")
    chosen = told.run()
    token = {"token": "env:TOK", "tenant": "shop"}
    assert chosen.tables == {
        "metrics": {"type": "mimir", "url": "http://m", **token},
        "logs": {"type": "loki", "url": "http://l", **token},
        "traces": {"type": "tempo", "url": "http://t"},
        "kubernetes": {"type": "kubernetes"},
    }
    assert not chosen.unchecked
    assert [name for name, _ in told.read] == ["metrics", "logs", "traces", "kubernetes"]


class Distrustful(Conversation):
    """Its server has a certificate of its own authority, and wants one of ours."""

    def _look(self, name: str, table: Table) -> tuple[Looked, ...]:
        self.read.append((name, dict(table)))
        missing = ""
        if name == "metrics":
            wanted = {"authority": f"metrics: {NOT_TRUSTED}: unable to get local issuer certificate",
                      "certificate": f"metrics: {WANTS_OURS}"}  # fmt: skip
            missing = next((said for key, said in wanted.items() if key not in table), "")
        return (Looked(source=name, state=State.WRONG if missing else State.OK, detail=missing),)


def test_files_are_asked_for_only_where_tls_wants_them_with_the_words_of_what_failed() -> None:
    told = Distrustful("", "https://m", "", "", "ca.pem", "us.pem", "us.key", "http://l", "", "", "", "-")
    files = {"authority": "ca.pem", "certificate": "us.pem", "key": "us.key"}
    assert told.run().tables == {
        "metrics": {"type": "mimir", "url": "https://m", **files},
        "logs": {"type": "loki", "url": "http://l"},
    }  # fmt: skip
    asked = [question for question in told.asked if "PEM" in question]
    assert "unable to get local issuer certificate" in asked[0]
    assert WANTS_OURS in asked[1]
    assert len(asked) == 3


def test_no_file_given_is_as_any_other_failure() -> None:
    told = Distrustful("", "https://m", "", "", "", "k", "", "", "-")
    assert told.run().unchecked == {"metrics"}


def test_what_fails_is_asked_again_with_what_was_typed_skipped_or_kept() -> None:
    told = Conversation(
        "", "http://m", "", "", "what?", "", "", "", "", "http://l", "", "", "k", "http://t", "", "", "s", "prod", "a",
        "test",
        bad=("metrics", "logs", "traces", "kubernetes"),
    )  # fmt: skip
    chosen = told.run()
    assert chosen.tables == {
        "metrics": {"type": "mimir", "url": "http://m"}, "logs": {"type": "loki", "url": "http://l"},
        "kubernetes": {"type": "kubernetes", "context": "test"},
    }  # fmt: skip
    assert chosen.unchecked == {"logs"}
    assert any("Enter: prod" in question for question in told.asked)


def test_what_there_is_no_source_for_is_not_asked() -> None:
    told = Conversation("http://m", "", "")
    assert set(told.run(frozenset({"mimir"})).tables) == {"metrics"}


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://grafana.example.com/", "https://grafana.example.com"),
        ("https://g.example/team/d/xyz/board?from=now-1h#panel", "https://g.example/team"),
        ("https://g.example/explore", "https://g.example"),
        (" http://prometheus:9090/graph?g0.expr=up ", "http://prometheus:9090"),
        ("https://mimir.example/prometheus", "https://mimir.example/prometheus"),
        ("http://[::1]:3100", "http://[::1]:3100"),
        ("https://deep.example/database", "https://deep.example/database"),
    ],
)
def test_an_address_may_be_that_of_a_page(typed: str, address: str) -> None:
    assert address_of(typed, "Grafana") == address


@pytest.mark.parametrize(
    "typed", ["localhost:9090", "ftp://x", "https://", "http://a:port", "https://me:pass@host", "x"]
)
def test_what_is_no_address_is_refused_without_what_it_may_hold(typed: str) -> None:
    with pytest.raises(BadInputError) as refused:
        address_of(typed, "Grafana")
    assert "pass@" not in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        ("TOK", "env:TOK"),
        ("env TOK", "env:TOK"),
        ("env:NOT_SET_YET", "env:NOT_SET_YET"),
        ("file ~/t", "file:~/t"),
        ("file:/run/secrets/t", "file:/run/secrets/t"),
        ("file here", f"file:{Path('here').absolute()}"),
        ("keyring grafana", "keyring:grafana"),
    ],
)
def test_a_secret_is_named(typed: str, reference: str) -> None:
    assert reference_of(typed, {"TOK": "x"}, "token") == reference


@pytest.mark.parametrize(
    "typed", ["glsa_0123456789abcdef", "UPPER1234", "env ", "env a-b", "file", "keyring:", "a b c"]
)
def test_what_may_be_the_secret_itself_is_not_repeated(typed: str) -> None:
    with pytest.raises(BadInputError) as refused:
        reference_of(typed, {"TOK": "x"}, "token")
    assert typed.strip() not in str(refused.value).replace("env NAME, file PATH or keyring NAME", "").replace(
        "a file", ""
    )
