"""One command a file. A new file that defines `register` is a new command."""
