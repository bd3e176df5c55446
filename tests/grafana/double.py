"""A double of Grafana's API: a real HTTP server on loopback that keeps what it is given, and does what it is told to do wrong.

It is written after Grafana's API documentation and knows what our client asks for. It proves the client, not Grafana: no server
of Grafana's own was at hand.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "glsa_double"
Answer = tuple[int, object]
_EMPTY = b""


class Double:
    """What the server has, and how it misbehaves.

    Attributes:
        faults: What is answered instead, once each, by verb and beginning of the path: a status and a body, or ``slow``.
        asked: Every request: verb, path, body.
        spell: Changes what is kept when it is written, as a server does that knows better.
    """

    def __init__(self) -> None:
        self.folders: dict[str, Any] = {}
        self.dashboards: dict[str, Any] = {}
        self.groups: dict[tuple[str, str], Any] = {}
        self.contacts: dict[str, Any] = {}
        self.mutes: dict[str, Any] = {}
        self.templates: dict[str, Any] = {}
        self.policies: Any = {"receiver": "grafana-default-email", "group_by": ["grafana_folder", "alertname"]}
        self.sources: dict[str, Any] = {
            "steadyline-influxdb": {"uid": "steadyline-influxdb", "type": "influxdb", "jsonData": {"version": "Flux"}}
        }
        self.faults: list[tuple[str, str, object]] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.url = ""
        self.released = threading.Event()

    def writes(self) -> list[tuple[str, str]]:
        """What was asked beside reading."""
        return [(verb, path) for verb, path, _ in self.asked if verb != "GET"]

    def answer(self, verb: str, path: str, query: dict[str, list[str]], body: Any) -> Answer:
        """What Grafana would answer."""
        match [verb, *path.split("/")[2:]]:
            case ["GET", "search"]:
                found = [one for one in self.dashboards.values() if one["folderUid"] in query["folderUIDs"]]
                listed = [
                    {"uid": one["dashboard"]["uid"], "folderUid": one["folderUid"], "tags": one["dashboard"]["tags"]}
                    for one in found
                ]
                return 200, listed
            case ["POST", "dashboards", "db"]:
                uid = body["dashboard"]["uid"]
                if uid in self.dashboards and not body["overwrite"]:
                    return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
                kept = {"id": 7, "version": 1 + self.dashboards.get(uid, {}).get("dashboard", {}).get("version", 0)}
                self.dashboards[uid] = {"dashboard": body["dashboard"] | kept, "folderUid": body["folderUid"]}
                return 200, {"uid": uid, "status": "success"}
            case ["GET", "dashboards", "uid", uid]:
                return self._one(self.dashboards, uid)
            case ["DELETE", "dashboards", "uid", uid]:
                return self._gone(self.dashboards, uid, {"message": "deleted"})
            case ["POST", "folders"]:
                if body["uid"] in self.folders:
                    return 412, {"message": "a folder with that uid exists"}
                self.folders[body["uid"]] = {"id": 3, **body}
                return 200, self.folders[body["uid"]]
            case ["GET", "folders", uid]:
                return self._one(self.folders, uid)
            case ["PUT", "folders", uid]:
                return self._changed(self.folders, uid, body)
            case ["GET", "datasources", "uid", uid]:
                return self._one(self.sources, uid)
            case ["PUT", "datasources", "uid", uid]:
                return self._changed(self.sources, uid, {key: value for key, value in body.items() if key != "secureJsonData"})
            case ["POST", "datasources"]:
                kept = {key: value for key, value in body.items() if key != "secureJsonData"}
                return self._created(self.sources, body["uid"], kept | {"id": 9, "version": 1}, 200)
            case [verb, "v1", "provisioning", *rest]:
                return self._provisioning([verb, *rest], body)
            case _:
                return 404, {"message": "Not found"}

    def _provisioning(self, asked: list[str], body: Any) -> Answer:
        match asked:
            case ["GET", "alert-rules"]:
                return 200, [self._kept(rule) for group in self.groups.values() for rule in group["rules"]]
            case ["GET", "folder", folder, "rule-groups", name]:
                return self._one(self.groups, (folder, name))
            case ["PUT", "folder", folder, "rule-groups", name]:
                if folder not in self.folders:
                    return 404, {"message": "folder not found"}
                self.groups[(folder, name)] = body | {"rules": [self._kept(rule) for rule in body["rules"]]}
                return 200, self.groups[(folder, name)]
            case ["DELETE", "folder", folder, "rule-groups", name]:
                return self._gone(self.groups, (folder, name))
            case ["GET", "contact-points"]:
                return 200, list(self.contacts.values())
            case ["POST", "contact-points"]:
                return self._created(self.contacts, body["uid"], body, 202)
            case ["PUT", "contact-points", uid]:
                return self._changed(self.contacts, uid, body, 202)
            case ["DELETE", "contact-points", uid]:
                return self._gone(self.contacts, uid, status=202)
            case ["GET", "mute-timings"]:
                return 200, list(self.mutes.values())
            case ["POST", "mute-timings"]:
                return self._created(self.mutes, body["name"], body, 201)
            case ["PUT", "mute-timings", name]:
                return self._changed(self.mutes, name, body, 202)
            case ["DELETE", "mute-timings", name]:
                return self._gone(self.mutes, name)
            case ["GET", "templates"]:
                return 200, list(self.templates.values()) or None
            case ["PUT", "templates", name]:
                self.templates[name] = {"name": name, "version": "1", **body}
                return 202, self.templates[name]
            case ["DELETE", "templates", name]:
                return self._gone(self.templates, name)
            case ["GET", "policies"]:
                return 200, self.policies | {"provenance": "api"}
            case ["PUT", "policies"]:
                known = {"grafana-default-email", *(contact["name"] for contact in self.contacts.values())}
                if not set(_receivers(body)) <= known:
                    return 400, {"message": "receiver not found"}
                self.policies = body
                return 202, {"message": "policies updated"}
            case _:
                return 404, {"message": "Not found"}

    @staticmethod
    def _kept(rule: Any) -> Any:
        """A rule as the server keeps it: with defaults of its own, spans spelled its way."""
        spelled = {"for": "5m0s"} if rule.get("for") == "5m" else {}
        return {"id": 4, "updated": "2026-01-01T00:00:00Z", "provenance": "api", "notification_settings": None} | rule | spelled

    @staticmethod
    def _one(kept: Any, key: Any) -> Answer:
        return (200, kept[key]) if key in kept else (404, {"message": "not found"})

    @staticmethod
    def _created(kept: Any, key: str, body: Any, status: int) -> Answer:
        if key in kept:
            return 409, {"message": "there already"}
        kept[key] = {"provenance": "api", **body}
        return status, kept[key]

    @staticmethod
    def _changed(kept: Any, key: str, body: Any, status: int = 200) -> Answer:
        if key not in kept:
            return 404, {"message": "not found"}
        kept[key] = kept[key] | body
        # As Grafana does: accepted, and not a word more.
        return status, _EMPTY if status == 202 else kept[key]

    @staticmethod
    def _gone(kept: Any, key: Any, body: object = _EMPTY, status: int = 204) -> Answer:
        if key not in kept:
            return 404, {"message": "not found"}
        del kept[key]
        return (200 if body else status), body


def _receivers(route: Any) -> Iterator[str]:
    if "receiver" in route:
        yield route["receiver"]
    for inner in route.get("routes") or ():
        yield from _receivers(inner)


@contextmanager
def running() -> Iterator[Double]:
    """The double on a port of its own."""
    double = Double()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(length)
            body = json.loads(sent) if sent else None
            double.asked.append((self.command, self.path, body))
            fault = next((one for one in double.faults if one[0] == self.command and self.path.startswith(one[1])), None)
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                answer: Any = (401, {"message": "Invalid API key"})
            elif fault is not None:
                double.faults.remove(fault)
                if fault[2] == "slow":
                    double.released.wait(20)
                    return
                answer = fault[2]
            else:
                path = "/".join(unquote(part) for part in parts.path.split("/"))
                answer = double.answer(self.command, path, parse_qs(parts.query), body)
            status, told = answer
            data = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/login")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    double.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield double
    finally:
        double.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
