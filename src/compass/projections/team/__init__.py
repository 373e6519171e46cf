"""What the team's own knowledge does to a board: one effect a module, each a pure function of the board."""
