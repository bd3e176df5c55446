"""What a Grafana has of ours, and how each of its kinds of thing is written and removed.

What is ours: dashboards of our folder that carry our tag, rule groups of our other folder whose rules all carry our label,
contact points, mute timings and templates that begin with our name, and one branch of the policies. Nothing else is touched.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from dashboards.grafana.alerting.policies import ours
from dashboards.grafana.alerting.rule import OURS
from dashboards.grafana.api import ApiError, Server, path
from dashboards.grafana.board import TAG
from dashboards.grafana.names import ALERTS_FOLDER, DATASOURCE, DATASOURCE_TYPE, FOLDER

Plain = dict[str, Any]
_PROVISIONING = ("v1", "provisioning")
PREFIX = "steadyline"
_GONE, _THERE_ALREADY = 404, frozenset({409, 412})


class Found(NamedTuple):
    """What is there of ours, each kind by uid or name; and the whole tree of policies, others' branches too."""

    folders: Mapping[str, Plain]
    dashboards: Mapping[str, Plain]
    groups: Mapping[str, Plain]
    contacts: Mapping[str, Plain]
    mutes: Mapping[str, Plain]
    templates: Mapping[str, Plain]
    tree: Plain
    sources: Mapping[str, Plain]

    def policy(self) -> Plain:
        """Our branch of the tree, or nothing."""
        return next((route for route in self.tree.get("routes") or () if ours(route)), {})


def found(server: Server) -> Found:
    """Read all of it.

    Raises:
        ApiError: when something cannot be read.
    """
    rules = _listed(server.ask("GET", path(*_PROVISIONING, "alert-rules")))
    groups = sorted({str(rule["ruleGroup"]) for rule in rules if rule.get("folderUID") == ALERTS_FOLDER})
    read = {name: _dict(server.ask("GET", _group_path(name))) for name in groups}
    source = _maybe(server, _SOURCE)
    folders = {uid: _maybe(server, path("folders", uid)) for uid in (FOLDER, ALERTS_FOLDER)}
    return Found(
        {uid: folder for uid, folder in folders.items() if folder},
        _dashboards(server),
        {name: group for name, group in read.items() if _all_ours(group)},
        _named(server, "contact-points", "uid"),
        _named(server, "mute-timings", "name"),
        _named(server, "templates", "name"),
        _dict(server.ask("GET", path(*_PROVISIONING, "policies"))),
        {DATASOURCE: source} if source else {},
    )


def wrong_source(there: Found) -> str | None:
    """What is wrong with the data source that everything asks; nothing where it is there."""
    source = there.sources.get(DATASOURCE)
    if not source:
        return f"the data source {DATASOURCE} is missing: name the database (--database), or add it by hand with this uid"
    if source.get("type") != DATASOURCE_TYPE or source.get("jsonData", {}).get("version") != "Flux":
        return f"the data source {DATASOURCE} is not an InfluxDB that speaks Flux"
    return None


def write(server: Server, kind: str, name: str, thing: Plain) -> None:
    """Create it, or change what is there of this name; the same twice is the same.

    Raises:
        ApiError: when the server refuses.
    """
    match kind:
        case "folders":
            _create_or_change(
                server,
                path("folders"),
                path("folders", name),
                {"uid": name, **thing},
                {**thing, "overwrite": True},
            )
        case "dashboards":
            server.ask("POST", path("dashboards", "db"), dashboard_body(thing))
        case "groups":
            server.ask("PUT", _group_path(name), thing)
        case "contacts" | "mutes":
            collection = path(*_PROVISIONING, _COLLECTIONS[kind])
            _create_or_change(server, collection, f"{collection}{path(name)}", thing, thing)
        case "sources":
            _create_or_change(server, path("datasources"), _SOURCE, thing, thing)
        case "templates":
            server.ask("PUT", path(*_PROVISIONING, "templates", name), {"template": thing["template"]})
        case _:
            server.ask("PUT", path(*_PROVISIONING, "policies"), thing)


def remove(server: Server, kind: str, name: str) -> None:
    """Remove it; what is gone already is gone.

    Raises:
        ApiError: when the server refuses.
    """
    place = {
        "dashboards": path("dashboards", "uid", name),
        "groups": _group_path(name),
        "templates": path(*_PROVISIONING, "templates", name),
    }.get(kind) or f"{path(*_PROVISIONING, _COLLECTIONS[kind])}{path(name)}"
    try:
        server.ask("DELETE", place)
    except ApiError as error:
        if error.status != _GONE:
            raise


def dashboard_body(board: Plain) -> Plain:
    """What saves a dashboard, whatever stands in its place."""
    return {"dashboard": board, "folderUid": FOLDER, "overwrite": True, "message": "steadyline grafana push"}


_SOURCE = path("datasources", "uid", DATASOURCE)
_COLLECTIONS = {"contacts": "contact-points", "mutes": "mute-timings"}


def _create_or_change(server: Server, collection: str, place: str, new: object, changed: object) -> None:
    try:
        server.ask("PUT", place, changed)
    except ApiError as error:
        if error.status != _GONE:
            raise
        try:
            server.ask("POST", collection, new)
        except ApiError as clash:
            # Somebody, or an attempt of ours whose answer was lost, was quicker.
            if clash.status not in _THERE_ALREADY:
                raise
            server.ask("PUT", place, changed)


def _dashboards(server: Server) -> dict[str, Plain]:
    listed = _listed(server.ask("GET", f"/search?type=dash-db&limit=5000&folderUIDs={FOLDER}"))
    kept = [str(one["uid"]) for one in listed if one.get("folderUid") == FOLDER and TAG in one.get("tags", ())]
    return {uid: _dict(_maybe(server, path("dashboards", "uid", uid)).get("dashboard")) for uid in sorted(kept)}


def _named(server: Server, collection: str, key: str) -> dict[str, Plain]:
    listed = _listed(server.ask("GET", path(*_PROVISIONING, collection)))
    return {str(one[key]): one for one in listed if str(one.get(key, "")).startswith(PREFIX)}


def _all_ours(group: Plain) -> bool:
    rules = group.get("rules") or ()
    return bool(rules) and all(OURS.items() <= (rule.get("labels") or {}).items() for rule in rules)


def _group_path(name: str) -> str:
    return path(*_PROVISIONING, "folder", ALERTS_FOLDER, "rule-groups", name)


def _maybe(server: Server, place: str) -> Plain:
    try:
        return _dict(server.ask("GET", place))
    except ApiError as error:
        if error.status == _GONE:
            return {}
        raise


def _dict(answer: object) -> Plain:
    if answer is None:
        return {}
    if not isinstance(answer, dict):
        raise ApiError(f"expected an object from Grafana, got {type(answer).__name__}")
    return answer


def _listed(answer: object) -> list[Plain]:
    if answer is None:
        return []
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise ApiError(f"expected a list of objects from Grafana, got {type(answer).__name__}")
    return answer
