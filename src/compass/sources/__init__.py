"""Sources of telemetry, one a package, each behind the telemetry port."""
