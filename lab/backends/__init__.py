"""The servers the shop stands on: PostgreSQL and Redis, started by the lab and torn down with it."""
