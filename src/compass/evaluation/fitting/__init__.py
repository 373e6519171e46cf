"""Fitting the table of likelihoods to labelled incidents: few parameters, pooled, checked on sets left out whole."""
