"""Alerts: tells people. The desk that turns lapses into pages lives here."""
