"""One incident's telemetry in a folder (recording format 1), answered through the telemetry port with DuckDB.

Only `recording.yaml` is read when a recording is opened; DuckDB is imported with the first question.
"""

from compass.sources.recording.discover import find_recordings
from compass.sources.recording.source import RecordingSource

__all__ = ["RecordingSource", "find_recordings"]
