"""Dashboards as JSON: the same bytes whenever the same is meant."""

import json

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.grafana.board import made
from dashboards.grafana.boards import boards
from dashboards.grafana.names import Buckets


def rendered(thing: object) -> str:
    """Any object of Grafana as JSON: sorted, two spaces, one newline at its end."""
    return json.dumps(thing, cls=JSONEncoder, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def plain(thing: object) -> dict[str, object]:
    """The same as plain dictionaries and lists."""
    found: dict[str, object] = json.loads(rendered(thing))
    return found


def dashboards(buckets: Buckets | None = None) -> dict[str, dict[str, object]]:
    """Every dashboard by its uid."""
    asked = buckets or Buckets()
    return {board.uid: plain(made(board, asked)) for board in boards(asked)}
