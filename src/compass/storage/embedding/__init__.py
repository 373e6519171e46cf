"""Texts to vectors without any network."""
