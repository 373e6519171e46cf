"""The one way live sources speak HTTP: read-only by construction, capped, polite, and accountable.

A source names its endpoints; everything else is refused below every library, redirects included. Identical questions
are asked once and `Retry-After` is honoured. When a source is no longer asked is decided above, in the funnel.
"""
