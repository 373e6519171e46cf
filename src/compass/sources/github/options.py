"""What a team can set for GitHub."""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec

from compass.ports.errors import ConfigurationError
from compass.redaction.secret import Secrets
from compass.sources.http.settings import Server
from compass.sources.live.options import ServerOptions, server_of

_REPOSITORY = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}")
VERSION_HEADER = "X-GitHub-Api-Version"


class GitHubOptions(ServerOptions, kw_only=True, forbid_unknown_fields=True):
    """`repositories` are "owner/name". `services` says whose code it is: a service's name, or for a repository of many
    services a table of path patterns to names ("services/checkout/*" = "checkout"); what is in none belongs to nobody.
    `branch`: whose commits are read (empty: the default branch). `environments`: whose deployments are (empty: all but
    transient ones). `workflows`: names or files of workflows that change something, as patterns; others are tests.
    `diffs`: how many diffs are read; `statuses`: of how many deployments it is asked what became of them; `requests`:
    how many requests an investigation may take of the hourly limit.
    `url` of an Enterprise server ends in /api/v3; an older one may know an older `api_version` only.
    """

    repositories: list[str]
    url: str = "https://api.github.com"
    services: dict[str, str | dict[str, str]] = msgspec.field(default_factory=dict)
    branch: str = ""
    environments: list[str] = msgspec.field(default_factory=list)
    workflows: list[str] = msgspec.field(
        default_factory=lambda: ["*deploy*", "*release*", "*rollout*", "*promote*", "*publish*", "*rollback*"]
    )
    diffs: int = 4
    statuses: int = 4
    requests: int = 10
    api_version: str = "2026-03-10"
    answer_mb: float = 4.0


def checked(options: GitHubOptions, where: str) -> GitHubOptions:
    """The options themselves. Raises ConfigurationError for what cannot be."""
    wrong = [name for name in options.repositories if not _REPOSITORY.fullmatch(name) or ".." in name]
    if wrong or not options.repositories:
        said = f"{', '.join(wrong)} is no repository" if wrong else "it names no repository"
        raise ConfigurationError(said, where=where, hint='repositories = ["owner/name"]')
    strangers = sorted(set(options.services) - set(options.repositories))
    if strangers:
        raise ConfigurationError(
            f"services names {', '.join(strangers)}, which repositories does not", where=where,
            hint="both spell a repository owner/name",
        )  # fmt: skip
    if options.requests < 1 or min(options.diffs, options.statuses) < 0:
        raise ConfigurationError("requests, diffs and statuses are counts", where=where)
    return options


def server_for(name: str, options: GitHubOptions, secrets: Secrets) -> Server:
    server = server_of(name, options, secrets)
    return replace(server, headers={**server.headers, VERSION_HEADER: options.api_version})
