"""`compass investigate` on a terminal as a conversation: keys, what they mean, what is painted, and the talk itself."""
