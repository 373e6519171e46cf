"""COMPASS investigates production incidents: parallel specialists, refutable theories, a human in command."""

__version__ = "0.1.0"
