"""The mechanism catalogue: falsifiable theories as data, and the pure functions that hold them against a board.

`loader.load_catalogue` reads it, `match.index` and `match.evaluate` compare one mechanism with the signs around
one entity, `propose.propose` instantiates hypotheses, `evidence.pattern_evidence` scores them.
"""
