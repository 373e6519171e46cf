"""Options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.ports.errors import BadInputError

# Every command about one investigation takes `-i` (Reference). One without an argument of its own takes it as that
# too (Which), and gives both to `either`.
Reference = Annotated[
    str | None,
    typer.Option(
        "--investigation", "-i", metavar="N|ID",
        help="Which investigation: its number or (the beginning of) its id. Default: the latest.",
    ),
]  # fmt: skip
Which = Annotated[str | None, typer.Argument(metavar="N|ID", help="Which investigation; the same as -i.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON (stable, documented in docs/json.md) instead of text.")]
AccountNumber = Annotated[
    str, typer.Argument(metavar="N", help="An account: its number in the list, or its label (H3).")
]
NoModel = Annotated[bool, typer.Option("--no-model", help="Ask no language model, also where one is chosen.")]
NoTeam = Annotated[
    bool, typer.Option("--no-team", help="Go by nothing that the team wrote down: no fact is set aside.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why, in one line; optional, and it can be added later.")]
Confidence = Annotated[
    float | None, typer.Option("--confidence", min=0.0, max=1.0, help="How sure you are, from 0 to 1; optional.")
]
Chosen = Annotated[
    int | None, typer.Option("--choose", min=1, help="Which one is meant, where the words could mean several.")
]
Was = Annotated[
    str, typer.Option("--was", metavar="N|TEXT", help="What it was: an account's number or label, or words.")
]
MechanismId = Annotated[
    str,
    typer.Option("--mechanism", metavar="ID|none", help="The mechanism that the words mean; none: they stay words."),
]
At = Annotated[str, typer.Option("--at", metavar="NAME", help="The part of the system that was struck.")]
ChangeId = Annotated[str, typer.Option("--change", metavar="ID", help="The change that set it off, if one did.")]
Fix = Annotated[str, typer.Option("--fix", metavar="TEXT", help="What fixed it, in one line.")]
TruthBeside = Annotated[
    Path | None,
    typer.Option("--truth", metavar="DIR", help="Write the label beside this recording of it, for `compass eval`."),
]


def either(which: str | None, investigation: str | None) -> str | None:
    """The investigation that was named as an argument or with `-i`; None: neither. Raises BadInputError for two."""
    if which is None or investigation is None:
        return investigation if which is None else which
    one, other = (text.strip().removeprefix("#") for text in (which, investigation))
    if one != other:  # they may mean the same; that is not looked up
        said = f"it was named twice, '{which}' and -i '{investigation}'"
        raise BadInputError(said, where="which investigation", hint="name one of them")
    return which
