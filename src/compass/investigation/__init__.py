"""Incident command in software: rounds over one board, beliefs, budget, stop and resume. Ports come in from outside."""
