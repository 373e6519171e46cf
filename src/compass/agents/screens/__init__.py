"""Screening questions: cheap, bounded, one file a question, shared by the specialists."""
