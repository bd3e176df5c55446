"""ICAO NOTAMs as they are broadcast, read into what they announce."""

from producers.warnings.notam.reader import read

__all__ = ["read"]
