"""The vocabulary and the pure core: events, agreements, obligations, lapses and the watch.

Imports go one way: ``producers``, ``alerts`` and ``dashboards`` import ``streams``; ``streams`` imports none of them.
"""
