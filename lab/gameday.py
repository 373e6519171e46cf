"""A game day in one command: an incident that nobody is told, the page, the team's answer, and then the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryFile

import yaml

from lab.collect import Case, run_apart
from lab.incidents import INCIDENTS
from lab.processes import LabError

MOST_SEED = 10_000


def draw(random: Random, only: Sequence[str], now: datetime) -> Case:
    """An incident type and a seed by lot; the id tells neither."""
    incident = random.choice(sorted(only or INCIDENTS))
    return Case(f"drill-{now:%m%d-%H%M%S}", incident, random.randrange(1, MOST_SEED))


def record_quietly(out: Path, drawn: Case, options: Sequence[str]) -> None:
    """Record in the background process's own silence: its progress would tell what is done."""
    with TemporaryFile() as said:
        if not run_apart(out, drawn, options, said):
            said.seek(0)
            last = said.read().decode(errors="replace").strip().splitlines()[-1:]
            raise LabError(f"the drill could not be recorded: {' '.join(last)}")


def page(out: Path, identity: str) -> str:
    """What the team is told."""
    header = yaml.safe_load((out / identity / "recording.yaml").read_text(encoding="utf-8"))
    return (
        f"PAGE  {header['detected_at']:%H:%M:%S} UTC  {header['title']}\n"
        f"      service {header['service']}: {header['symptom']}\n"
        f"      recording: {out / identity}\n"
        f"      investigate it, by hand or with: compass investigate --recording {out / identity}\n"
    )


def reveal(out: Path, identity: str) -> str:
    """What really happened."""
    path = out / "truth" / f"{identity}.yaml"
    if not path.exists():
        raise LabError(f"no truth of {identity} in {out}")
    truth = yaml.safe_load(path.read_text(encoding="utf-8"))
    entity, trigger = truth["entity"], truth["trigger"]
    struck = entity.get("name", "nothing: there was no incident")
    lines = [
        ("happened", truth["fault_type"].replace("_", " ")),
        ("at", struck),
        ("since", f"{truth['onset']:%H:%M:%S} UTC" if "onset" in truth else "never"),
        ("set off by", trigger.get("id", "no change")),
        ("shown by", ", ".join(truth["indicators"]) or "nothing"),
        ("also hurt", ", ".join(truth["blast_radius"]) or "nobody"),
        ("decoys", ", ".join(truth["decoys"]) or "none"),
        ("record again", f"python -m lab record {truth['made_by'].replace(' seed ', ' --seed ')}"),
    ]
    return "".join(f"{name:>13}: {text}\n" for name, text in lines)


def right(out: Path, identity: str, answer: str) -> bool:
    """Whether an answer names the struck entity, one that counts as right, or `nothing` where nothing was wrong."""
    truth = yaml.safe_load((out / "truth" / f"{identity}.yaml").read_text(encoding="utf-8"))
    accepted = {entity.get("name", "nothing") for entity in (truth["entity"], *truth["also_accept"])}
    return answer.strip().lower() in accepted


def play(
    out: Path, drawn: Case, options: Sequence[str], ask: Callable[[str], str], tell: Callable[[str], None]
) -> bool:
    """The whole game day; true when the team's answer was right."""
    tell("Something may go wrong with the shop in the next minutes. You will be paged.\n")
    record_quietly(out, drawn, options)
    tell(page(out, drawn.identity))
    answer = ask("Which service is at the heart of it (or `nothing`)? ")
    tell(reveal(out, drawn.identity))
    found = right(out, drawn.identity, answer)
    tell("Found.\n" if found else "Not found this time. What made the other answer look right?\n")
    return found


def now() -> datetime:
    """The time, for ids."""
    return datetime.now(UTC)
