"""What a team can set for a cluster."""

from __future__ import annotations

import msgspec

from compass.sources.live.options import ServerOptions


class KubernetesOptions(ServerOptions, kw_only=True, forbid_unknown_fields=True):
    """Where the cluster is, one of: `url` with a `token`; a `kubeconfig` file with its `context` (empty: the current
    one); neither: the service account of the pod COMPASS runs in, else the kubeconfig that kubectl would take.

    `namespaces`: read these alone, for a large cluster or an account that may read no more. Up to MOST_APART are asked
    one by one (then a Role in each is enough); of more, the whole cluster is listed and the rest left out here.
    `configmaps`: whether values of ConfigMaps are read. Without it only their names and times are.
    """

    url: str = ""
    kubeconfig: str = ""
    context: str = ""
    namespaces: list[str] = msgspec.field(default_factory=list)
    configmaps: bool = False
    concurrency: int = 16  # lists are small questions, and all are asked at once
