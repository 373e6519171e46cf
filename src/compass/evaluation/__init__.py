"""Labelled incidents: how often COMPASS is right, how well it knows that, and how others do on the same recordings."""
