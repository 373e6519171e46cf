"""Made-up incidents of made-up systems, with known truth: a probe for what does not generalise.

A world is drawn at random (topology, traffic, noise, where things run), one fault is let loose in it, its effects
travel as physics has it (`physics`), and the telemetry is written the way one of several kinds of shop really
reports it (`dialects`). Nothing here knows what COMPASS looks for.
"""
