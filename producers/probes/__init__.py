"""Active probes of crisis channels: each is tried on its calendar, and what came of it is told as a check.

Transport and liveness are kept apart. What our own fault kept from being tried is not told at all: the feed falls silent,
and the watch says UNKNOWN.
"""
