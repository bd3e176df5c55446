"""Measurements. ``make bench`` runs them; the tests do not."""
