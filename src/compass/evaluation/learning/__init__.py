"""Whether what was learned from earlier incidents makes later ones easier: the same recordings with and without."""
