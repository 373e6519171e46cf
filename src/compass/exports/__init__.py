"""Reports, one format a file, from the chronicle alone."""
