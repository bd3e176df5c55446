"""The dashboards, one module each."""

from dashboards.grafana.board import Board
from dashboards.grafana.boards import channel, dialogues, exercises, floor, incidents, pipeline, regime
from dashboards.grafana.names import Buckets

_ALL = (floor, channel, regime, incidents, dialogues, pipeline, exercises)


def boards(buckets: Buckets | None = None) -> tuple[Board, ...]:
    """Every dashboard, the watch floor first."""
    asked = buckets or Buckets()
    return tuple(module.board(asked) for module in _ALL)
