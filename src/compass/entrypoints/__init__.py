"""Where COMPASS is put together and started: settings, wiring, the command line."""
