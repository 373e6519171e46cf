"""Live servers as one telemetry source: each feed gathers its parts of the window, at once and bounded; what came is
kept as a recording in a private folder, and one reader (`sources/recording`) answers, whether live or from disk."""
