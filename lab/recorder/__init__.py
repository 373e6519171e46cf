"""The recorder: one file per kind of telemetry, all of them writing recording format 1."""
