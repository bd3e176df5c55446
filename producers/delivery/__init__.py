"""Hands a producer's events over: kept on disk first, then sent in order, until the log or its gateway has them."""
