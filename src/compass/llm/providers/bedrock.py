"""AWS Bedrock, by its Converse API (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html).

Who asks is known by AWS's own chain of credentials (environment, profile, role of the machine), or by a Bedrock API
key. AWS's client has its own connections: it follows no redirect, and takes the CA and the timeout from here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from compass.llm.http import CONNECT_S, authority, trusted
from compass.llm.provider import Access, Detected, Key, Provider
from compass.ports.errors import ConfigurationError
from compass.redaction.secret import Secret

if TYPE_CHECKING:
    from pydantic_ai.models import Model

REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
CHAIN = (
    "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)  # fmt: skip


def _open(access: Access) -> Model[Any]:
    from pydantic_ai.models.bedrock import BedrockConverseModel
    from pydantic_ai.providers.bedrock import BedrockProvider

    client = _client(access)

    async def close() -> None:
        await asyncio.to_thread(client.close)

    access.closing.append(close)
    return BedrockConverseModel(access.name, provider=BedrockProvider(bedrock_client=client))


def _client(access: Access) -> Any:
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]
    from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]

    within = access.settings.timeout_s
    options = {
        "read_timeout": within, "connect_timeout": min(CONNECT_S, within), "retries": {"total_max_attempts": 1},
        **({} if access.key is None else {"signature_version": "bearer"}),
    }  # fmt: skip
    ca = authority(access)
    trusted(access)  # what is wrong with it is said now, and not by each call
    try:
        session = boto3.Session(
            botocore_session=None if access.key is None else _with_key(access.key),
            region_name=access.found(access.settings.region, *REGIONS) or None,
        )
        return session.client(
            "bedrock-runtime", config=Config(**options), endpoint_url=access.address() if access.settings.url else None,
            verify=None if ca is None else str(ca),
        )  # fmt: skip
    except BotoCoreError as error:
        raise ConfigurationError(
            str(error), where=access.where, hint='region = "eu-central-1", or export AWS_REGION=...'
        ) from error


def _with_key(key: Secret) -> Any:
    """A session that shows a Bedrock API key and looks for no other credentials. At its loudest AWS's client logs whole
    requests, the key among them: that it does not do here."""
    for name in ("botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.INFO)
    from botocore.session import Session  # type: ignore[import-untyped]
    from botocore.tokens import FrozenAuthToken  # type: ignore[import-untyped]

    session = Session()
    session.get_auth_token = lambda **_: FrozenAuthToken(key.reveal())
    session.get_credentials = lambda: None
    return session


def _look(environment: Mapping[str, str]) -> Detected | None:
    found = next((name for name in CHAIN if environment.get(name)), None)
    if found is None:
        return None
    there = any(environment.get(name) for name in REGIONS)
    return Detected(how=f"{found} is set", missing="" if there else "a region: export AWS_REGION=...")


PROVIDER = Provider(
    id="bedrock", title="AWS Bedrock", open=_open, look=_look, key=Key.OPTIONAL,
    reads=("key", "url", "region", "ca", "timeout_s"), variables=("AWS_BEARER_TOKEN_BEDROCK",),
    fast="global.anthropic.claude-haiku-5-5", deep="global.anthropic.claude-sonnet-5-5",
    names="as model or inference profile ids of your region",
)  # fmt: skip
