"""Frozen values every other layer speaks in. Standard library only; no I/O, no clock."""
