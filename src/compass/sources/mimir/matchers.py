"""PromQL label matchers, as a team writes them, and what of them holds for alerts.

https://prometheus.io/docs/prometheus/latest/querying/basics/#time-series-selectors: a label that is not there has the
empty value, and regular expressions are anchored.
"""

from __future__ import annotations

import json
import re

# One matcher; values in double or single quotes with Go's escapes, or raw in backticks.
_MATCHER = re.compile(
    r"\s*(?P<label>[A-Za-z_]\w*)\s*(?P<op>=~|!~|!=|=)\s*"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`)\s*(?:,|$)"
)
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


def of_alerts(matchers: str) -> str:
    """`matchers` for the series ALERTS: an alert that has the label must match, one that lacks it passes.

    Rules often sum a label away, so that an alert without it may well be about what the matchers select. A matcher for
    which the label must be missing, or be there with any value, says nothing of such alerts and is left as it is or
    left out. Text that is no list of matchers is returned as it is: the server says what is wrong with it.
    """
    kept, at = [], 0
    while at < len(matchers):
        found = _MATCHER.match(matchers, at)
        if found is None:
            return matchers
        kept.append(_loosened(found["label"], found["op"], found["value"]))
        at = found.end()
    return ",".join(filter(None, kept))


def _loosened(label: str, op: str, quoted: str) -> str:
    if op == "=~":
        return f"{label}=~{_or_nothing(quoted)}"
    if op == "!=" and quoted[1:-1] == "":
        return ""
    plain = _plain(quoted) if op == "=" else None
    if not plain:
        return f"{label}{op}{quoted}"
    return f"{label}=~{json.dumps(_SPECIAL.sub(_escaped, plain) + '|', ensure_ascii=False)}"


def _or_nothing(quoted: str) -> str:
    """The regular expression, or nothing at all, in the quotes it has."""
    return f"{quoted[0]}(?:{quoted[1:-1]})|{quoted[-1]}"


def _plain(quoted: str) -> str | None:
    """The text of a quoted value; None where an escape is not one that JSON knows too."""
    if quoted[0] == "`":
        return quoted[1:-1]
    inside = quoted[1:-1].replace("\\'", "'").replace('\\"', '"').replace('"', '\\"')
    try:
        read = json.loads(f'"{inside}"')
    except ValueError:
        return None
    return read if isinstance(read, str) else None


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"
