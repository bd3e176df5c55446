"""Agreements, norms and proposals as data: TOML files, their model and their loader."""
