"""Language models that functions play, to measure what a good one adds and what a bad one could spoil.

Everything but the wire is real: the prompts, the gate, the reading of replies, the estimate of tokens.
"""
