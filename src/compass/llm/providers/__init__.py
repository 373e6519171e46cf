"""One provider a file. A new file that defines PROVIDER is a new provider."""
