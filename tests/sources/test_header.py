from __future__ import annotations

from pathlib import Path

import pytest

from compass.sources.recording.header import read_header

HEADER = """format: 1
id: r
window: {start: 2026-01-01T00:00:00Z, end: 2026-01-01T01:00:00Z}
provenance:
  note: '%s'
"""


@pytest.mark.parametrize(
    ("note", "spans", "logs"),
    [
        ("Traces are sampled: one in 5 whole traces, by id; metrics and logs are complete.", 0.2, 1.0),
        ("spans and logs: 1 whole trace in 3; some minutes are absent", 1 / 3, 1 / 3),
        ("everything is complete", 1.0, 1.0),
    ],
)
def test_what_a_note_says_of_traces_it_does_not_say_of_logs(
    tmp_path: Path, note: str, spans: float, logs: float
) -> None:
    (tmp_path / "recording.yaml").write_text(HEADER % note)
    header = read_header(tmp_path)
    assert (header.span_sampling, header.log_sampling) == (pytest.approx(spans), pytest.approx(logs))
