"""Runs the desk: its journal on Kafka or in a file, its outbox, its clock, its API."""
