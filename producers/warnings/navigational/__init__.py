"""Navigational warnings: NAVAREA I to XXI, HYDROPAC, HYDROLANT and HYDROARC messages, and coastal ones of the same form.

Formats: IMO/IHO/WMO Joint Manual on Maritime Safety Information (S-53), and the daily memoranda of those who broadcast them.
"""

from producers.warnings.navigational.message import read

__all__ = ["read"]
