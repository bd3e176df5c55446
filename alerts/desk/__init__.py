"""The alert desk: pure; see ``alerts.desk.desk``."""

from alerts.desk.deeds import RefusedError
from alerts.desk.desk import Desk
from alerts.desk.views import PageView, SilenceView

__all__ = ["Desk", "PageView", "RefusedError", "SilenceView"]
