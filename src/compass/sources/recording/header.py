"""recording.yaml: what was recorded, when, and what the page said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import yaml

from compass.domain.incident import Incident
from compass.domain.time import Window, from_datetime
from compass.ports.errors import BadInputError
from compass.sources.recording.discover import HEADER

FORMAT = 1
MAX_HEADER_BYTES = 1_000_000
_ONE_IN = re.compile(r"\b1 (?:\w+ ){0,3}in (\d{1,6})\b|\bone (?:\w+ ){0,3}in (\d{1,6})\b", re.IGNORECASE)
_EXAMPLE = "window: {start: 2026-01-01T10:00:00Z, end: 2026-01-01T11:00:00Z}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header, checked. `span_sampling` and `log_sampling` are the shares kept, as the provenance states them."""

    id: str
    incident: Incident
    span_sampling: float = 1.0
    log_sampling: float = 1.0

    @property
    def window(self) -> Window:
        return self.incident.window


def read_header(folder: Path) -> Header:
    """Read and check `recording.yaml` in `folder`. Raises BadInputError naming the field that is wrong."""
    raw = _load(folder)
    if raw.get("format") != FORMAT:
        raise BadInputError(
            f"format {raw.get('format')!r} is not supported", where=f"{HEADER}: format",
            hint=f"this version reads format {FORMAT}",
        )  # fmt: skip
    window = _window(raw.get("window"))
    detected = _time(raw.get("detected_at"), "detected_at", default=window.end_ns)
    if not window.start_ns <= detected <= window.end_ns:
        raise BadInputError("it lies outside the window", where=f"{HEADER}: detected_at", hint=_EXAMPLE)
    identity = _text(raw, "id") or folder.name
    spans, logs = _sampling(raw.get("provenance"))
    incident = Incident(
        title=_text(raw, "title") or f"Incident {identity}",
        window=window,
        detected_ns=detected,
        now_ns=window.end_ns,
        service=_text(raw, "service") or None,
        symptom=_text(raw, "symptom"),
        system=_text(raw, "system"),
        origin=identity,
        sampling=spans,
    )
    return Header(id=identity, incident=incident, span_sampling=spans, log_sampling=logs)


def _load(folder: Path) -> Mapping[str, object]:
    if not folder.is_dir():
        what = "this is not a folder" if folder.exists() else "there is no such folder"
        raise BadInputError(what, where=str(folder), hint="give the folder that holds recording.yaml")
    path = folder / HEADER
    if not path.is_file():
        raise BadInputError(
            "this is not a recording: it holds no recording.yaml", where=str(folder),
            hint="give one recording, or a folder of recordings to the commands that take several",
        )  # fmt: skip
    try:
        if path.stat().st_size > MAX_HEADER_BYTES:
            raise BadInputError("the file is far too large for a header", where=HEADER)
        text = path.read_text(encoding="utf-8")
        raw = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    except OSError as error:
        raise BadInputError(f"it cannot be read: {error.strerror}", where=HEADER) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = str(error).splitlines()[0] if str(error) else "unreadable"
        raise BadInputError(f"it is not valid YAML: {line}", where=HEADER) from error
    if not isinstance(raw, dict):
        raise BadInputError("it holds no mapping", where=HEADER, hint=_EXAMPLE)
    return {str(key): value for key, value in raw.items()}


def _window(raw: object) -> Window:
    if not isinstance(raw, Mapping):
        raise BadInputError("it is missing", where=f"{HEADER}: window", hint=_EXAMPLE)
    start = _time(raw.get("start"), "window.start")
    end = _time(raw.get("end"), "window.end")
    if end <= start:
        raise BadInputError("it does not end after it starts", where=f"{HEADER}: window", hint=_EXAMPLE)
    return Window(start_ns=start, end_ns=end)


def _time(raw: object, name: str, default: int | None = None) -> int:
    if raw is None and default is not None:
        return default
    if isinstance(raw, str):
        try:
            raw = datetime.fromisoformat(raw)
        except ValueError:
            raise BadInputError(f"{raw!r} is not a time", where=f"{HEADER}: {name}", hint=_EXAMPLE) from None
    if not isinstance(raw, datetime):
        what = f"{str(raw)[:80]!r} is not a time" + (" but a day" if isinstance(raw, date) else "")
        what = "it is missing" if raw is None else what
        raise BadInputError(what, where=f"{HEADER}: {name}", hint=_EXAMPLE)
    # YAML gives UTC times without their zone in old versions of the parser; the format says that all times are UTC.
    return from_datetime(raw if raw.tzinfo else raw.replace(tzinfo=UTC))


def _text(raw: Mapping[str, object], key: str) -> str:
    value = raw.get(key)
    if value is None:
        return ""
    if isinstance(value, Mapping | list):
        raise BadInputError("it is not text", where=f"{HEADER}: {key}")
    return str(value).strip()


def _sampling(raw: object) -> tuple[float, float]:
    """(share of spans, share of log lines) that were kept. A number in `sampling`, else "1 trace in 3" in a note."""
    if not isinstance(raw, Mapping):
        return 1.0, 1.0
    stated = raw.get("sampling")
    if isinstance(stated, int | float) and not isinstance(stated, bool) and 0 < stated <= 1:
        return float(stated), 1.0
    notes = raw.get("note")
    spans = logs = 1.0
    texts = [note for note in (notes if isinstance(notes, list) else [notes]) if isinstance(note, str)]
    # Clause by clause: "traces are sampled: one in 5; metrics and logs are complete" says nothing against the logs.
    for clause in (part for text in texts for part in re.split(r"[;.]\s", text)):
        found = _ONE_IN.search(clause)
        if found is None:
            continue
        kept = 1.0 / max(1, int(found[1] or found[2]))
        if re.search(r"\b(spans?|traces?)\b", clause):
            spans = min(spans, kept)
        if re.search(r"\b(logs?|lines?)\b", clause):
            logs = min(logs, kept)
    return spans, logs
