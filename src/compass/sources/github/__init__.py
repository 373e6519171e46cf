"""GitHub: commits, deployments, releases and the workflow runs that deploy, as changes. Read-only.

Importing this is cheap: what it needs is imported when something is connected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compass.sources.live.connector import Means
from compass.sources.live.options import TomlTable

if TYPE_CHECKING:
    from compass.sources.live.feed import Feed


@dataclass(frozen=True, slots=True)
class _GitHub:
    type: str = "github"
    needs: str = (
        "a fine-grained token for the named repositories with read-only access to Contents, Deployments and Actions"
    )

    def connect(self, name: str, table: TomlTable, means: Means) -> Feed:
        from compass.sources.github.api import ENDPOINTS, HttpApi
        from compass.sources.github.feed import GitHubFeed
        from compass.sources.github.options import GitHubOptions, checked, server_for
        from compass.sources.live.options import options_of

        options = checked(options_of(table, GitHubOptions, f"sources.{name}"), f"sources.{name}")
        client = means.client(server_for(name, options, means.secrets), ENDPOINTS)
        return GitHubFeed(name, options, HttpApi(client))


CONNECTOR = _GitHub()
