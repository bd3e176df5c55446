"""Faults on the real stack, by a seed: ``make chaos``. What is found afterwards must be what the undisturbed run finds."""
