"""Language models: a provider a file, prompts as files, routing, prices. Nothing heavy is imported before use."""
