"""The files from which a Grafana provisions itself: as Compose mounts them. JSON all of it, which is YAML too."""

from typing import Any

from dashboards.grafana.alerting.contacts import Routing
from dashboards.grafana.alerting.policies import tree
from dashboards.grafana.names import ALERTS_TITLE, FOLDER, FOLDER_TITLE, ORGANISATION_ID
from dashboards.grafana.render import rendered
from dashboards.grafana.source import datasource
from dashboards.grafana.wanted import Wanted, wanted

DASHBOARDS = "dashboards"
PROVISIONING = "provisioning"
DASHBOARDS_THERE = "/etc/steadyline/dashboards"
"""Where the dashboards lie in Grafana's container."""
DATABASE_THERE = "http://influxdb:8086"
TOKEN_THERE = "/run/secrets/grafana-influxdb-token"  # noqa: S105 - the name of a file
"""The secret with a token that can read our buckets and do nothing else."""


def files(routing: Routing | None = None) -> dict[str, str]:
    """Every file by its name, in the order of the names. None holds an address or a token: they name the files that do."""
    all_of_it = wanted(routing)
    made = {
        **{f"{DASHBOARDS}/{uid}.json": rendered(board) for uid, board in all_of_it.dashboards.items()},
        f"{PROVISIONING}/alerting/steadyline.yaml": rendered(_alerting(all_of_it)),
        f"{PROVISIONING}/dashboards/steadyline.yaml": rendered(_provider()),
        f"{PROVISIONING}/datasources/steadyline.yaml": rendered({"apiVersion": 1, "datasources": [_source()]}),
    }
    return dict(sorted(made.items()))


def _source() -> dict[str, object]:
    """The database where Compose has it; Grafana itself reads the token from its file."""
    return {**datasource(DATABASE_THERE, f"$__file{{{TOKEN_THERE}}}"), "orgId": ORGANISATION_ID, "editable": False}


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


def _alerting(all_of_it: Wanted) -> dict[str, object]:
    """Rules and their ways in one file: other names than the API has for the same things."""
    return {
        "apiVersion": 1,
        "groups": [_group(group) for group in all_of_it.groups.values()],
        "contactPoints": [_contact(contact) for contact in all_of_it.contacts.values()],
        "policies": [{"orgId": ORGANISATION_ID, **tree(all_of_it.policy)}],
        "muteTimes": [{"orgId": ORGANISATION_ID, **mute} for mute in all_of_it.mutes.values()],
        "templates": [{"orgId": ORGANISATION_ID, **template} for template in all_of_it.templates.values()],
    }


def _group(group: dict[str, Any]) -> dict[str, object]:
    rules = [_rule(rule) for rule in group["rules"]]
    seconds = f"{group['interval']}s"
    return {"orgId": ORGANISATION_ID, "name": group["title"], "folder": ALERTS_TITLE, "interval": seconds, "rules": rules}


def _rule(rule: dict[str, Any]) -> dict[str, object]:
    kept = {key: rule[key] for key in _SAME}
    annotations: dict[str, str] = rule["annotations"]
    return {
        **kept,
        "keepFiringFor": rule["keep_firing_for"],
        "dashboardUid": annotations["__dashboardUid__"],
        "panelId": int(annotations["__panelId__"]),
        "annotations": annotations,
    }


_SAME = ("uid", "title", "condition", "data", "noDataState", "execErrState", "for", "labels", "isPaused")


def _contact(contact: dict[str, Any]) -> dict[str, object]:
    receiver = {key: contact[key] for key in ("uid", "type", "settings", "disableResolveMessage")}
    return {"orgId": ORGANISATION_ID, "name": contact["name"], "receivers": [receiver]}
