"""Measurements of the watch on Kafka, against a real broker: ``python -m tests.benchmarks live``."""
