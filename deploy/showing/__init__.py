"""How lapses and progress look on a terminal."""
