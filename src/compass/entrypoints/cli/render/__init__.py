"""What the terminal shows, made from the view alone."""
