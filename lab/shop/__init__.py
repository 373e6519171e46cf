"""The shop: services and a third party, each an operating-system process of its own."""
