"""Kubernetes: objects as they are, and what was rolled out, scaled and edited. Read-only; never a Secret's value.

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
class _Kubernetes:
    type: str = "kubernetes"
    needs: str = (
        "get and list on the kinds in deploy/kubernetes/read-only-role.yaml (no Secrets): "
        "kubectl apply -f deploy/kubernetes/read-only-role.yaml"
    )

    def connect(self, name: str, table: TomlTable, means: Means) -> Feed:
        from compass.sources.kubernetes.access import access_of
        from compass.sources.kubernetes.feed import KubernetesFeed
        from compass.sources.kubernetes.options import KubernetesOptions
        from compass.sources.live.options import options_of

        options = options_of(table, KubernetesOptions, f"sources.{name}")
        return KubernetesFeed(name, options, access_of(name, options, means.secrets), means)


CONNECTOR = _Kubernetes()
