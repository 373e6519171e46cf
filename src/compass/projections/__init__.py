"""Folds of the chronicle: the board, the reader's view, the report. Pure."""
