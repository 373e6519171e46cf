"""A small real shop whose incidents are recorded in format 1."""
