"""The shop: six services, each an operating-system process of its own."""
