"""`compass init`: connect your servers, each checked by a real read; writes compass.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(init)


def init(
    grafana: Annotated[
        str | None, typer.Option(metavar="URL", help="Your Grafana: gives metrics, logs and traces at once.")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(metavar="URL", help="Prometheus, Mimir or another with Prometheus' API.")
    ] = None,
    logs: Annotated[str | None, typer.Option(metavar="URL", help="Loki.")] = None,
    traces: Annotated[str | None, typer.Option(metavar="URL", help="Tempo.")] = None,
    kubernetes: Annotated[bool, typer.Option("--kubernetes", help="The cluster of your kubeconfig.")] = False,
    context: Annotated[
        str | None, typer.Option(metavar="NAME", help="Kubernetes, by this context. Default: the current one.")
    ] = None,
    token_env: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The variable that holds the token. Default for a Grafana: GRAFANA_TOKEN."),
    ] = None,
    token_file: Annotated[Path | None, typer.Option(metavar="PATH", help="The file that holds it.")] = None,
    token_keyring: Annotated[
        str | None, typer.Option(metavar="NAME", help="Its name in the keyring, of the service compass.")
    ] = None,
    tenant: Annotated[str, typer.Option(metavar="NAME", help="Sent as X-Scope-OrgID.")] = "",
    model: Annotated[
        str, typer.Option(metavar="PROVIDER:MODEL", help="Choose this language model, if one tiny real call works.")
    ] = "",
    model_url: Annotated[
        str, typer.Option("--model-url", metavar="URL", help="Where it is, if not where its provider usually is.")
    ] = "",
    no_model: Annotated[bool, typer.Option("--no-model", help="Do not ask for a language model.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: where COMPASS looks for settings.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: the options say everything.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Write servers that cannot be read, too.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there (kept beside it as .old).")] = False,
) -> int:
    """Connect your Grafana, or separate servers: asks, checks each by a real read, and writes compass.toml."""
    from compass.entrypoints.cli.initialising import Wish, run_init
    from compass.ports.errors import BadInputError

    tokens = [
        f"{how}:{name}"
        for how, name in (("env", token_env), ("file", token_file), ("keyring", token_keyring))
        if name is not None
    ]
    if len(tokens) > 1:
        raise BadInputError("the token is in one place", where="--token-env, --token-file, --token-keyring")
    wish = Wish(
        grafana=grafana, metrics=metrics, logs=logs, traces=traces, kubernetes=kubernetes or context is not None,
        context=context or "", token=tokens[0] if tokens else None, tenant=tenant, output=output, yes=yes, keep=keep,
        force=force, model=model, model_url=model_url, no_model=no_model,
    )  # fmt: skip
    return run_init(wish)
