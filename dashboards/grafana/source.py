"""The database as Grafana's data source."""

from dashboards.grafana.names import DATASOURCE, DATASOURCE_TYPE
from dashboards.influx.schema import MINUTES, ORGANISATION

SECRETS = "secureJsonData"
"""What Grafana takes and never gives back."""


def datasource(url: str, token: str) -> dict[str, object]:
    """The data source at an address, with a token that can read our buckets and nothing else."""
    return {
        "uid": DATASOURCE,
        "name": "Steadyline",
        "type": DATASOURCE_TYPE,
        "access": "proxy",
        "url": url,
        "isDefault": True,
        "jsonData": {
            "version": "Flux",
            "organization": ORGANISATION,
            "defaultBucket": MINUTES,
            "httpMode": "POST",
            # Grafana leaves out what is beyond so many series.
            "maxSeries": 10_000,
            "timeInterval": "1m",
        },
        SECRETS: {"token": token},
    }
