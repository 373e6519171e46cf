"""Benchmarks that are run by hand and in CI for the trend: `python -m benchmarks`. No test depends on a time."""
