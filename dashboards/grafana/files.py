"""The files from which a Grafana provisions itself: as Compose mounts them. JSON all of it, which is YAML too."""

from dashboards.grafana.names import DATASOURCE, DATASOURCE_TYPE, FOLDER, FOLDER_TITLE, ORGANISATION_ID
from dashboards.grafana.render import dashboards, rendered
from dashboards.influx.schema import MINUTES, ORGANISATION

DASHBOARDS = "dashboards"
PROVISIONING = "provisioning"
DASHBOARDS_THERE = "/etc/steadyline/dashboards"
"""Where the dashboards lie in Grafana's container."""
DATABASE_THERE = "http://influxdb:8086"
TOKEN_THERE = "/run/secrets/grafana-influxdb-token"  # noqa: S105 - the name of a file
"""The secret with a token that can read our buckets and do nothing else."""


def files() -> dict[str, str]:
    """Every file by its name, in the order of the names."""
    made = {
        **{f"{DASHBOARDS}/{uid}.json": rendered(board) for uid, board in dashboards().items()},
        f"{PROVISIONING}/dashboards/steadyline.yaml": rendered(_provider()),
        f"{PROVISIONING}/datasources/steadyline.yaml": rendered({"apiVersion": 1, "datasources": [datasource()]}),
    }
    return dict(sorted(made.items()))


def datasource() -> dict[str, object]:
    """The database as Grafana's data source; Grafana itself reads the token from its file."""
    return {
        "uid": DATASOURCE,
        "orgId": ORGANISATION_ID,
        "name": "Steadyline",
        "type": DATASOURCE_TYPE,
        "access": "proxy",
        "url": DATABASE_THERE,
        "isDefault": True,
        "editable": False,
        "jsonData": {
            "version": "Flux",
            "organization": ORGANISATION,
            "defaultBucket": MINUTES,
            "httpMode": "POST",
            # Grafana cuts a series off beyond so many points; ninety days of minutes are fewer.
            "maxSeries": 10_000,
            "timeInterval": "1m",
        },
        "secureJsonData": {"token": f"$__file{{{TOKEN_THERE}}}"},
    }


def _provider() -> dict[str, object]:
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": "steadyline",
                "orgId": ORGANISATION_ID,
                "folder": FOLDER_TITLE,
                "folderUid": FOLDER,
                "type": "file",
                "allowUiUpdates": False,
                "disableDeletion": False,
                "updateIntervalSeconds": 30,
                "options": {"path": DASHBOARDS_THERE},
            }
        ],
    }
