"""A person's question, answered from what is on the board. Nothing here reads telemetry or decides anything."""
