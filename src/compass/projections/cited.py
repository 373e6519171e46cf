"""Which of a model's sentences may be shown: those that rest on facts it was given and say no more than a model may.

The check is by form: ids, figures, links and words. Whether a sentence follows from the facts it cites, nobody can
check by form; that is why each is shown with its ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from compass.domain.advice import Sentence
from compass.redaction import bound, redact

LONGEST = 400
FEWEST_WORDS = 2
Objections = Callable[[str], Sequence[str]]
"""What is wrong with the wording of a text, none where nothing is."""
_LABEL = re.compile(r"(?<![\w-])[A-Z]\d{1,6}(?![\w-])")
_BRACKETS = re.compile(r"\s*[\[(]\s*(?:[A-Z]\d{1,6}(?:\s*[,;]\s*|\s+and\s+)?){1,12}[\])]")
_MARKDOWN_LINK = re.compile(r"!?\[([^\]\n]{0,200})\]\([^)\n]{0,2000}\)")
_LINK = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{1,20}://|\bwww\.|\b(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24}/)[^\s<>\"')\]]{0,2000}"
    r"|\b(?:mailto|javascript|data):[^\s<>\"')\]]{1,2000}",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
_PLACEHOLDER = re.compile(r"\[(?:ip|email|name|redacted):[^\[\]\n]{1,60}\]")
_CERTAIN = re.compile(
    r"\b(?:confirm(?:ed|s)?|prove[ns]?|proved|undoubtedly|certainly|definitely|without (?:a )?doubt)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is left of a reply, each sentence with at least one id; `dropped` counts the sentences that are not."""

    sentences: tuple[Sentence, ...]
    dropped: int


def check(sentences: Iterable[Sentence], facts: Mapping[str, str], objections: Objections, most: int) -> Checked:
    """The sentences that may be shown, in their order, at most `most`. `facts`: texts by the ids that were given."""
    kept: dict[str, Sentence] = {}
    dropped = 0
    for sentence in sentences:
        made = _checked(sentence, facts, objections) if len(kept) < most else None
        if made is None or made.text in kept:
            dropped += 1
        else:
            kept[made.text] = made
    return Checked(sentences=tuple(kept.values()), dropped=dropped)


def _checked(sentence: Sentence, facts: Mapping[str, str], objections: Objections) -> Sentence | None:
    """The sentence in one line without links that no fact holds; None where it may not be shown."""
    cites = tuple(dict.fromkeys(cite.strip().strip("[]") for cite in sentence.cites if cite.strip()))
    if not cites or any(cite not in facts for cite in cites):
        return None
    rests_on = " ".join(facts[cite] for cite in cites)
    text = " ".join(redact(bound(sentence.text, 4 * LONGEST)).split())
    text = _MARKDOWN_LINK.sub(r"\1", text)
    if any(label not in facts and label not in rests_on for label in _LABEL.findall(text)):
        return None  # an id, or what reads as one, that does not exist
    text = _BRACKETS.sub("", text)
    text = _LINK.sub(lambda found: found[0] if found[0].rstrip(".,;") in rests_on else "", text)
    text = bound(" ".join(text.split()).replace(" .", "."), LONGEST)
    if len(re.findall(r"[^\W\d_]{2,}", text)) < FEWEST_WORDS or objections(text) or _CERTAIN.search(text):
        return None
    return Sentence(text=text, cites=cites) if _figures_known(text, rests_on, cites) else None


def _figures_known(text: str, rests_on: str, cites: Sequence[str]) -> bool:
    """Whether every figure stands in a fact that is cited. One that counts these facts need not."""
    known = {_plain(figure) for figure in _FIGURE.findall(rests_on)}
    known |= {_plain(figure) for cite in cites for figure in _FIGURE.findall(cite)}
    text = _PLACEHOLDER.sub("", _LABEL.sub("", text))  # figures of a digest are none
    counts = {str(number) for number in range(len(cites) + 1)}
    return all(_plain(figure) in known | counts for figure in _FIGURE.findall(text))


def _plain(figure: str) -> str:
    """1,200 and 1200, 5.0 and 5 are the same."""
    figure = re.sub(r",(?=\d{3}(?:\D|$))", "", figure)
    return figure.rstrip("0").rstrip(".") if "." in figure else figure
