"""Matching notices to launches: claims that are one launch, distances on the Earth, the assignment."""
