"""What the language model is asked during an investigation, one task a file, and what becomes of its replies."""
