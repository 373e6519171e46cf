"""Columnar tables (numpy) that telemetry answers carry: series, logs, spans, objects."""
