"""Label selectors as the Kubernetes API defines them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compass.analysis.kubernetes.read import integer, items, strings, text, texts
from compass.tables.objects import Json


def equal(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Equality selector (Services, nodeSelector): every pair must be there. An empty one matches everything."""
    return all(labels.get(key) == value for key, value in selector.items())


def expressions(terms: Sequence[Mapping[str, Json]], labels: Mapping[str, str]) -> bool:
    """Every expression holds. Operators In, NotIn, Exists, DoesNotExist, Gt, Lt; an unknown one never holds."""
    return all(_holds(term, labels) for term in terms)


def selects(selector: Mapping[str, Json], labels: Mapping[str, str]) -> bool:
    """LabelSelector with matchLabels and matchExpressions."""
    return equal(strings(selector.get("matchLabels")), labels) and expressions(
        items(selector.get("matchExpressions")), labels
    )


def _holds(term: Mapping[str, Json], labels: Mapping[str, str]) -> bool:
    value = labels.get(text(term.get("key")))
    values = texts(term.get("values"))
    match text(term.get("operator")):
        case "In":
            return value is not None and value in values
        case "NotIn":
            return value is None or value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator:
            left, right = integer(value), integer(values[0]) if values else None
            return left is not None and right is not None and (left > right if operator == "Gt" else left < right)
        case _:
            return False
