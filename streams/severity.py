"""How loudly a lapse asks to be heard."""

from enum import StrEnum


class Severity(StrEnum):
    """Severity of a lapse, from a note for the record to a call that wakes people."""

    INFO = "info"
    WARN = "warn"
    PAGE = "page"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Position in the order info < warn < page < critical."""
        return _ORDER.index(self)

    def raised(self, levels: int = 1) -> "Severity":
        """The severity ``levels`` steps higher, critical at most."""
        return _ORDER[min(self.rank + levels, len(_ORDER) - 1)]


_ORDER = (Severity.INFO, Severity.WARN, Severity.PAGE, Severity.CRITICAL)


def worst(first: Severity, second: Severity) -> Severity:
    """The louder of two severities."""
    return first if first.rank >= second.rank else second
