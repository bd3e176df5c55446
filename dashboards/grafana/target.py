"""A query of InfluxDB in Flux, as a panel or a rule carries it: the official types have none."""

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery

from dashboards.grafana.names import source


class Flux(Dataquery):
    """One query."""

    def __init__(self, query: str, ref: str = "A") -> None:
        self.query = query
        self.ref = ref

    def to_json(self) -> dict[str, object]:
        """What Grafana's InfluxDB data source reads."""
        return {"datasource": source(), "query": self.query, "refId": self.ref}


class FluxQuery(Builder[Dataquery]):
    """The same where a builder is asked for."""

    def __init__(self, query: str, ref: str = "A") -> None:
        self._made = Flux(query, ref)

    def build(self) -> Flux:
        """The query."""
        return self._made
