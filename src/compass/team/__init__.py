"""A team's knowledge as files: reading, validating, comparing. What it means to an investigation is not here."""
