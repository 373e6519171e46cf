"""Why an image is not pulled, from the runtime's message."""

from __future__ import annotations

import re

from compass.analysis.kubernetes.finding import CAUSE, HINT, LIKELY, SYMPTOM, Finding, Report, instant, quote
from compass.analysis.kubernetes.model import Pod
from compass.analysis.kubernetes.view import View, Workload
from compass.domain.observation import Quality

WAITING = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
)
_UNREACHABLE = re.compile(
    r"no such host|name resolution|dial tcp|i/o timeout|connection (refused|reset)|tls handshake timeout|x509:"
    r"|network is unreachable|no route to host|server misbehaving|eof$|(500|502|503|504) (internal|bad|service|gateway)"
)
_ABSENT = re.compile(
    r"not found|manifest unknown|name unknown|name_unknown|invalid reference|couldn't parse image|invalidimagename"
    r"|no match for platform|does not exist(?! or may require)"
)
_DENIED = re.compile(
    r"failed to authorize|unauthorized|authentication required|denied|may require|no basic auth|forbidden|\b40[13]\b"
)
# A registry decides about credentials when it issues the token; a refusal of the manifest after that is, on public
# registries and mirrors, usually how an unknown name is answered.
_MANIFEST_REFUSED = re.compile(r"(head|get) request to \S*/manifests/\S*: 403")


def check(view: View, report: Report) -> None:
    """k8s.image_* for pods that wait for an image now."""
    for w in view.workloads:
        if not w.pods:
            continue
        report.check("k8s.image_not_found", w.entity)
        report.check("k8s.image_denied", w.entity)
        report.check("k8s.image_registry_unreachable", w.entity)
        for pod in w.pods:
            if pod.live:
                _pod(view, w, pod, report)


def _pod(view: View, w: Workload, pod: Pod, report: Report) -> None:
    waiting = [c for c in pod.containers if c.waiting in WAITING]
    said = view.pod_said(pod)
    pulled = [h for h in said if h.reason in {"Failed", "InspectFailed"} and "image" in h.message.lower()]
    if not waiting:
        return
    secret = next((h for h in said if h.reason == "FailedToRetrieveImagePullSecret"), None)
    missing = [s for s in pod.spec.pull_secrets if "Secret" in view.cluster.kinds
               and ("Secret", pod.namespace, s) not in view.cluster.named]  # fmt: skip
    informative = [h for h in pulled if not h.message.startswith("Error: ")]
    message = informative[-1].message if informative else next((c.message for c in waiting if c.message), "")
    since = instant(min((h.first_ns for h in pulled if h.first_ns), default=pod.created_ns))
    image = next((c.image for c in pod.spec.containers if c.name == waiting[0].name), "")
    extra = f"; pull secret {', '.join(missing) or 'of the pod'} is missing" if secret or missing else ""
    for sign, strength in classify(message, waiting[0].waiting, bool(secret or missing)):
        report.add(Finding(
            sign=sign, entity=w.entity, strength=strength, since=since,
            text=f"image {quote(image, 120)} of {w.name} cannot be pulled{extra}: "
                 f"“{quote(message or waiting[0].waiting)}”",
            objects=(f"Pod/{pod.namespace}/{pod.name}",), quality=Quality.DIRECT if message else Quality.INDIRECT,
        ))  # fmt: skip


def classify(message: str, waiting: str = "", secret_missing: bool = False) -> tuple[tuple[str, float], ...]:
    """(sign, strength) of a pull failure, likeliest first; ambiguous refusals name both readings."""
    words = message.lower()
    if waiting == "InvalidImageName":
        return (("k8s.image_not_found", CAUSE),)
    if _UNREACHABLE.search(words):
        return (("k8s.image_registry_unreachable", CAUSE),)
    refused, absent = bool(_DENIED.search(words)), bool(_ABSENT.search(words))
    if secret_missing and (refused or absent or not words):
        return (("k8s.image_denied", CAUSE), *((("k8s.image_not_found", HINT),) if absent else ()))
    if _MANIFEST_REFUSED.search(words):
        return (("k8s.image_not_found", LIKELY), ("k8s.image_denied", LIKELY - 0.05))
    if absent and not re.search(r"failed to authorize|unauthorized|denied", words):
        return (("k8s.image_not_found", CAUSE),)
    if refused:
        return (("k8s.image_denied", CAUSE), ("k8s.image_not_found", HINT))
    return (("k8s.image_not_found", SYMPTOM),)
