"""AWS Bedrock's Converse, validated with the service model that AWS's own client is generated from."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from compass.llm.provider import providers
from compass.llm.providers.bedrock import CHAIN, REGIONS
from compass.ports.errors import ConfigurationError
from tests.llm.providers.conformance import CANARY, WORD, Conforms, Vendor, answering, ask, asked_for, opened
from tests.support.loopback import Asked

Json = dict[str, Any]
MODEL = "global.anthropic.claude-haiku-5-5"
REGION = "eu-central-1"


@cache
def operation() -> Any:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2")).operation_model("Converse")


def valid(params: Json, shape: Any) -> Json:
    from botocore.validate import ParamValidator

    report = ParamValidator().validate(params, shape)
    assert not report.has_errors(), report.generate_report()
    unknown = set(params) - set(shape.members)
    assert not unknown, f"{shape.name} has no {unknown}"
    return params


def check(asked: Asked, body: Json) -> None:
    valid({"modelId": MODEL, **body}, operation().input_shape)


def answer(content: Json, stop: str) -> Json:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"""
    return valid({
        "output": {"message": {"role": "assistant", "content": [content]}}, "stopReason": stop,
        "usage": {"inputTokens": 21, "outputTokens": 5, "totalTokens": 26}, "metrics": {"latencyMs": 12},
    }, operation().output_shape)  # fmt: skip


VENDOR = Vendor(
    id="bedrock", model=MODEL, path=f"/model/{MODEL}/converse", check=check, settings={"region": REGION},
    text=lambda: answer({"text": f"the word is {WORD}"}, "end_turn"),
    tool=lambda: answer({"toolUse": {"toolUseId": "t1", "name": "reply", "input": {"word": WORD}}}, "tool_use"),
    refused={"message": f"the token {CANARY} is not valid"},
)  # fmt: skip


@pytest.fixture(autouse=True)
def _no_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the machine of the test knows of AWS is left out."""
    for name in (*REGIONS, *CHAIN, "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


class TestBedrock(Conforms):
    vendor = VENDOR

    async def test_without_a_key_requests_are_signed_with_aws_own_credentials(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOFTHETEST")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
        async with answering(VENDOR) as server:
            assert (await ask(opened(VENDOR, server.url, keyed=False))).text
        signed = server.asked[0].headers["authorization"]
        assert f"/{REGION}/bedrock/aws4_request" in signed
        assert CANARY not in str(server.asked[0])

    async def test_what_all_questions_of_a_task_share_is_marked_to_be_kept(self) -> None:
        async with answering(VENDOR) as server:
            await asked_for(opened(VENDOR, server.url))
        sent = json.loads(server.asked[0].body)
        assert sent["system"] == [
            {"text": "You help. These are the rules of all."}, {"cachePoint": {"type": "default"}},
            {"text": "Own words:\ncpu.up: more than usual"},
        ]  # fmt: skip
        assert "cachePoint" not in json.dumps(sent["messages"]), "facts are never sent again"

    def test_it_needs_a_region(self) -> None:
        with pytest.raises(ConfigurationError, match="You must specify a region"):
            opened(replace(VENDOR, settings={}), "https://bedrock.example")

    def test_a_chain_of_credentials_is_detected_and_what_is_missing_besides(self) -> None:
        bedrock = next(one for one in providers() if one.id == "bedrock")
        assert bedrock.detect({}) is None
        found = bedrock.detect({"AWS_PROFILE": "sre"})
        assert found is not None
        assert "region" in found.missing
        whole = bedrock.detect({"AWS_PROFILE": "sre", "AWS_REGION": REGION})
        assert whole is not None
        assert not whole.missing
