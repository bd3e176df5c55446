"""Producers: what brings events into the log: recorded history and synthetic load."""
