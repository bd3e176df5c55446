"""The embedded run: what is replayed or followed, how fast, by which rules, and what it leaves behind."""
