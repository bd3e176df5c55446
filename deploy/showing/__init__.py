"""How lapses and counts look on a terminal."""
