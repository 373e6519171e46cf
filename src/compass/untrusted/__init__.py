"""Reading files that somebody else wrote, without letting them do harm."""
