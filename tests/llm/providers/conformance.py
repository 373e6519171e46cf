"""What every provider passes: its vendor's own schema of requests and answers, and the care for its key.

A provider's test holds a `Vendor` and a class that inherits `Conforms`. The stand-in of the vendor validates what it
is sent with the types of the vendor's own library, and what it answers, too, before it is sent.
"""

from __future__ import annotations

import json
import logging
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from compass.domain.advice import Role
from compass.llm.provider import Key, providers
from compass.llm.sending import Answer as Answered
from compass.llm.sending import Sending
from compass.llm.settings import ProviderSettings
from compass.ports.errors import ConfigurationError
from compass.redaction.secret import Secrets
from tests.support.loopback import Answer, Asked, Loopback, loopback

CANARY = "canary-key-0123456789abcdef"
WORD = "ready-7"
OPENAI = "api.openai.com"
SCHEMA = {
    "type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"], "additionalProperties": False,
}  # fmt: skip
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """`check` takes a request's path and body and raises for what the vendor's types do not have. `text` and `tool`
    are answers, valid by the vendor's types: the word as text, or as the argument of the tool `reply`."""

    id: str
    model: str
    path: str
    check: Callable[[Asked, Json], None]
    text: Callable[[], Json]
    tool: Callable[[], Json]
    settings: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = ""  # of the address, as it stands in the settings
    environment: Mapping[str, str] = field(default_factory=dict)
    shown: tuple[str, str] = ("authorization", f"Bearer {CANARY}")
    refused: Json = field(default_factory=lambda: {"error": {"message": f"bad key {CANARY}", "type": "auth"}})


@cache
def certificate() -> tuple[Path, ssl.SSLContext, TemporaryDirectory[str]]:
    """A CA that nobody knows, and a server's context with its certificate. All stand-ins speak TLS: AWS's client shows
    a key to nothing else."""
    folder = TemporaryDirectory(prefix="compass-test-tls-")
    key, made = Path(folder.name) / "key.pem", Path(folder.name) / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", made, "-days", "1",
         "-subj", "/CN=127.0.0.1", "-addext", f"subjectAltName=IP:127.0.0.1,DNS:{OPENAI}"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    return made, context, folder


def stand_in(vendor: Vendor) -> Callable[[Asked], Answer]:
    """The vendor: typed output where it was asked for, else text."""

    def answer(asked: Asked) -> Answer:
        body = json.loads(asked.body)
        assert (asked.method, asked.path) == ("POST", vendor.path)
        vendor.check(asked, body)
        return Answer(body=json.dumps((vendor.tool if wants_tool(body) else vendor.text)()).encode())

    return answer


def served(answer: Callable[[Asked], Answer]) -> AbstractAsyncContextManager[Loopback]:
    return loopback(answer, certificate()[1])


@asynccontextmanager
async def answering(vendor: Vendor) -> AsyncIterator[Loopback]:
    """What is wrong with a request is the test's failure, and not what the client makes of a broken server."""
    async with served(stand_in(vendor)) as server:
        try:
            yield server
        except Exception:
            if server.broken:
                raise server.broken[0] from None
            raise


def wants_tool(body: Json) -> bool:
    return bool(body.get("tools") or body.get("toolConfig"))


def opened(vendor: Vendor, url: str, *, keyed: bool = True, **more: Any) -> Any:
    provider = {one.id: one for one in providers()}[vendor.id]
    environment = {**vendor.environment, **({"COMPASS_TEST_KEY": CANARY} if keyed else {})}
    key = {"key": "env:COMPASS_TEST_KEY"} if keyed else {}
    trust = {"ca": str(certificate()[0])} if url.startswith(("https://127.0.0.1", f"https://{OPENAI}:")) else {}
    settings = ProviderSettings(url=url + vendor.prefix, **{**vendor.settings, **trust, **key, **more})
    return provider.model(vendor.model, settings, Secrets(environment, Path()))


async def ask(model: Any, *, tool: bool = False, **settings: Any) -> Any:
    """One request as the client makes them, and the response."""
    from pydantic_ai.direct import model_request
    from pydantic_ai.messages import ModelRequest
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.tools import ToolDefinition

    wanted = ModelRequestParameters()
    if tool:
        reply = ToolDefinition(
            name="reply", description="The reply.", parameters_json_schema=SCHEMA, kind="output", strict=True
        )
        wanted = ModelRequestParameters(output_mode="tool", output_tools=[reply], allow_text_output=False)
    asked = ModelRequest.user_text_prompt("Say the word.", instructions="You are asked for a word.")
    made = {"max_tokens": 64, "request_timeout": 5.0, **settings}
    if "max_retries" not in model.unsupported_settings:
        made["max_retries"] = 0
    async with model:
        return await model_request(model, [asked], model_settings=made, model_request_parameters=wanted)


@dataclass(frozen=True)
class Word:
    """The reply that the stand-ins give."""

    word: str


async def asked_for(model: Any, words: str = "Own words:\ncpu.up: more than usual") -> Answered:
    """One typed question as the client sends it."""
    from compass.llm.wire import Wire

    sending = Sending(
        rules="You help. These are the rules of all.", words=words, user="the facts", reply=Word, version="propose 1.1",
        role=Role.DEEP, tokens=64, timeout_s=5.0,
    )  # fmt: skip
    async with model:
        return await Wire("x:y", model).exchange(sending)


class Conforms:
    """Inherited by the test of each provider."""

    vendor: Vendor

    async def test_text_comes_back_with_its_tokens(self) -> None:
        async with answering(self.vendor) as server:
            response = await ask(opened(self.vendor, server.url))
        assert response.text == f"the word is {WORD}"
        assert (response.usage.input_tokens, response.usage.output_tokens) == (21, 5)
        name, value = self.vendor.shown
        assert server.asked[0].headers[name].startswith(value)

    async def test_typed_output_is_asked_for_and_understood(self) -> None:
        async with answering(self.vendor) as server:
            response = await ask(opened(self.vendor, server.url), tool=True)
        (call,) = response.tool_calls
        assert (call.tool_name, call.args_as_dict()) == ("reply", {"word": WORD})

    async def test_a_refused_key_is_an_error_that_does_not_repeat_it(self, caplog: pytest.LogCaptureFixture) -> None:
        """Also where the server echoes it, at the loudest setting of every log."""
        from pydantic_ai.exceptions import ModelAuthenticationError

        caplog.set_level(logging.DEBUG)
        async with served(lambda _: Answer(status=401, body=json.dumps(self.vendor.refused).encode())) as server:
            model = opened(self.vendor, server.url)
            with pytest.raises(ModelAuthenticationError) as caught:
                await ask(model)
        error: BaseException | None = caught.value
        while error is not None:
            assert CANARY not in f"{error} {error!r} {error.args} {getattr(error, 'body', '')}"
            error = error.__cause__ or error.__context__
        assert CANARY not in f"{model!r} {model.wrapped!r} {model.wrapped.provider!r}"
        assert CANARY not in caplog.text

    async def test_an_answer_that_echoes_the_key_is_without_it(self) -> None:
        echoed = json.dumps(self.vendor.text()).replace(WORD, CANARY).encode()
        async with served(lambda _: Answer(body=echoed)) as server:
            response = await ask(opened(self.vendor, server.url))
        assert response.text == "the word is ***"

    async def test_a_redirect_is_not_followed(self) -> None:
        """The key was given for one host."""
        async with served(lambda _: Answer(body=b"{}")) as elsewhere:

            def moved(_: Asked) -> Answer:
                return Answer(status=307, headers={"Location": f"{elsewhere.url}/v1"})

            async with served(moved) as server:
                model = opened(self.vendor, server.url)
                with pytest.raises(Exception):  # noqa: B017 - each vendor's client has another error for it
                    await ask(model)
            assert len(server.asked) == 1
        assert not elsewhere.asked

    async def test_only_the_ca_that_the_team_names_is_trusted(self, tmp_path: Path) -> None:
        from pydantic_ai.exceptions import ModelConnectionError

        async with answering(self.vendor) as server:
            with pytest.raises(ModelConnectionError):
                await ask(opened(self.vendor, server.url, ca=""))
        broken = tmp_path / "broken.pem"
        broken.write_text("nothing")
        with pytest.raises(ConfigurationError, match="cannot be used for TLS"):
            opened(self.vendor, "https://127.0.0.1:9", ca=str(broken))

    def test_an_address_holds_no_secret(self) -> None:
        with pytest.raises(ConfigurationError, match="holds a user or a password") as caught:
            opened(self.vendor, f"https://me:{CANARY}@llm.example")
        assert CANARY not in str(caught.value)

    def test_without_its_key_it_says_where_to_put_one(self) -> None:
        provider = {one.id: one for one in providers()}[self.vendor.id]
        if provider.key is Key.NEEDED:
            with pytest.raises(ConfigurationError, match="has no key here") as caught:
                opened(self.vendor, "https://llm.example", keyed=False)
            assert provider.variables[0] in str(caught.value)
        else:
            assert provider.key is Key.OPTIONAL

    def test_its_usual_variable_is_its_key(self) -> None:
        provider = {one.id: one for one in providers()}[self.vendor.id]
        for name in provider.variables:
            found = provider.secret(ProviderSettings(), Secrets({name: CANARY}, Path()))
            assert found is not None
            assert found.reveal() == CANARY
            told = provider.detect({name: CANARY})
            assert told is not None
            assert name in told.how
            assert CANARY not in repr(told)
