"""Where the chronicle is kept: PostgreSQL (embedded or given), and an in-memory twin for tests.

Importing this package loads no driver; `compass.storage.connect.open_chronicle` opens a chronicle.
"""
