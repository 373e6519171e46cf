"""What the investigation needs from outside, as Protocols, and the one error tree."""
