"""Tables in, numbers out: every function here is pure (no I/O, no clock, no logging) and deterministic.

Times are nanoseconds since the epoch, scores are robust standard deviations unless a docstring says otherwise, and
NaN always means "no sample". Nothing here names a service, a vendor or a data set.
"""
