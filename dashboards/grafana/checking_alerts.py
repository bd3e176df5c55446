"""Whether rules, contacts and policies are sound; above all, whether an exercise can reach a real pager.

The policies are not trusted to be what they were made as: alerts of every kind are sent down the tree, and it is looked where
they come out.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from dashboards.grafana.alerting.contacts import Routing
from dashboards.grafana.alerting.policies import BLIND, MUTED, ours, receivers, tree
from dashboards.grafana.alerting.rule import EXERCISE, OURS, SEVERITY
from dashboards.grafana.checking import UID, Fault, Plain, at, faulty_query, twice
from dashboards.grafana.names import ALERTS_FOLDER, DATASOURCE, EXPRESSIONS, Buckets
from dashboards.grafana.wanted import Wanted

_LOUD = ("info", "warn", "page", "critical", "blind")
_LABEL = re.compile(r"\$labels\.(\w+)")
_NAMES = ("Lapse: page", "The detector is blind", *BLIND.split("|"))


def faults_of_alerts(wanted: Wanted, routing: Routing, buckets: Buckets | None = None) -> list[Fault]:
    """Every fault of the rules, the contacts and the policies."""
    return [
        *_of_rules(wanted, buckets or Buckets()),
        *(Fault(name, what) for name, contact in wanted.contacts.items() for what in _of_contact(name, contact)),
        *(Fault("policies", what) for what in _of_policies(wanted, routing)),
    ]


def _of_rules(wanted: Wanted, buckets: Buckets) -> Iterator[Fault]:
    rules = wanted.rules()
    for what in ("uid", "title"):
        again = twice([rule[what] for rule in rules])
        yield from (Fault("rules", f"expected a {what} of its own for each rule, got {one!r} twice") for one in again)
    panels = {(uid, str(panel["id"])) for uid, board in wanted.dashboards.items() for panel in board.get("panels", ())}
    for name, group in wanted.groups.items():
        if group.get("folderUid") != ALERTS_FOLDER or group.get("interval", 0) % 10 or not group.get("interval"):
            yield Fault(name, f"expected the folder {ALERTS_FOLDER} and an interval of whole tens of seconds")
        for rule in group["rules"]:
            yield from (Fault(str(rule.get("uid")), what) for what in _of_rule(rule, name, panels, buckets))


def _of_rule(rule: Plain, group: str, panels: set[tuple[str, str]], buckets: Buckets) -> Iterator[str]:
    if not UID.fullmatch(str(rule.get("uid"))):
        yield "expected a uid of letters, digits, - and _, 40 at most"
    if (rule.get("ruleGroup"), rule.get("folderUID")) != (group, ALERTS_FOLDER):
        yield f"expected the group {group} and the folder {ALERTS_FOLDER}"
    labels: Mapping[str, str] = rule.get("labels", {})
    drill = labels.get(EXERCISE) == "yes"
    if labels.get(SEVERITY) not in _LOUD:
        yield f"expected a severity ({', '.join(_LOUD)}), got {labels.get(SEVERITY)!r}"
    if not OURS.items() <= labels.items():
        yield f"expected our label ({OURS}), by which its alerts find their way"
    if any("$" in value for value in labels.values()):
        yield "expected labels without $: Grafana would put its environment in its place"
    silences = ("OK", "NoData") if drill else ("NoData", "Alerting")
    if rule.get("noDataState") not in silences or rule.get("execErrState") != "Error":
        yield "a rule that sees nothing, or cannot ask, must be an alert of its own, never calm"
    refs = [query.get("refId") for query in rule.get("data", ())]
    if rule.get("condition") not in refs or twice(refs):
        yield f"expected a condition among {refs}, got {rule.get('condition')!r}"
    for query in rule.get("data", ()):
        yield from at(f"query {query.get('refId')}", _of_query(query, refs, buckets, drill=drill))
    annotations: Mapping[str, str] = rule.get("annotations", {})
    shown = (annotations.get("__dashboardUid__", ""), annotations.get("__panelId__", ""))
    if shown not in panels:
        yield f"expected a panel that shows the evidence, got {shown}"
    asked = str(rule.get("data", ({},))[0].get("model", {}).get("query"))
    for name in _LABEL.findall("".join(annotations.values())):
        if name not in asked:
            yield f"its text speaks of {name}, which its query does not bring"


def _of_query(query: Plain, refs: list[Any], buckets: Buckets, *, drill: bool) -> Iterator[str]:
    model: Plain = query.get("model", {})
    if query.get("datasourceUid") == EXPRESSIONS:
        if model.get("expression") not in refs:
            yield f"expected an expression over one of {refs}, got {model.get('expression')!r}"
        return
    if query.get("datasourceUid") != DATASOURCE or model.get("datasource", {}).get("uid") != DATASOURCE:
        yield f"expected the data source {DATASOURCE}, got {query.get('datasourceUid')!r}"
    text = str(model.get("query", ""))
    yield from faulty_query(text, (), buckets)
    ours = (buckets.runs,) if drill else (buckets.minutes, buckets.records)
    for bucket in buckets:
        if f'"{bucket}"' in text and bucket not in ours:
            yield f"{'a drill' if drill else 'a real alert'} must not be judged by {bucket}"


def _of_contact(name: str, contact: Plain) -> Iterator[str]:
    if contact.get("name") != name or contact.get("uid") != name or not UID.fullmatch(name):
        yield "expected its name as its uid: letters, digits, - and _, 40 at most"
    if contact.get("disableResolveMessage"):
        yield "who was told that it lapsed must be told that it is resolved"
    if not all(contact.get("settings", {}).values()):
        yield "expected an address"


def _of_policies(wanted: Wanted, routing: Routing) -> Iterator[str]:
    drills = {name for name, contact in routing.contacts.items() if contact.exercise}
    dyads = ["", "PRC-US", *(route.dyad for route in routing.dyads)]
    found: dict[str, None] = {}
    if not ours(wanted.policy):
        yield f"expected a branch for our label alone ({OURS})"
    for severity, dyad, name, drill in product((*_LOUD, ""), dyads, _NAMES, ("yes", "no", "")):
        reached = receivers(tree(wanted.policy), {**OURS, SEVERITY: severity, "dyad": dyad, "alertname": name, EXERCISE: drill})
        for receiver in reached:
            if receiver not in wanted.contacts:
                found[f"expected one of the contacts, got {receiver}"] = None
            elif drill == "yes" and receiver not in drills:
                found[f"an exercise would reach {receiver}, which rings for real"] = None
            elif drill != "yes" and receiver in drills:
                found[f"a real alert would reach {receiver}, which is for exercises"] = None
    addresses = {name: _address(contact) for name, contact in wanted.contacts.items()}
    for name in drills & set(addresses):
        found.update(
            (f"{name} has the address of {other}: an exercise would ring for real", None)
            for other, address in addresses.items()
            if other not in drills and address == addresses[name]
        )
    yield from found
    yield from _of_route(wanted.policy, set(wanted.mutes))


def _of_route(route: Mapping[str, Any], mutes: set[str]) -> Iterator[str]:
    held = route.get("mute_time_intervals", ())
    yield from (f"expected one of the mute timings, got {one}" for one in held if one not in mutes)
    severities = {value for name, sign, value in route.get("object_matchers", ()) if (name, sign) == (SEVERITY, "=")}
    if held and not (severities and severities <= MUTED):
        yield f"only {', '.join(sorted(MUTED))} may wait for the morning, not {', '.join(severities) or 'everything'}"
    if route.get("active_time_intervals"):
        yield "no alert may be silent but in named hours"
    for inner in route.get("routes", ()):
        yield from _of_route(inner, mutes)


def _address(contact: Plain) -> tuple[str, ...]:
    return tuple(str(value) for value in contact.get("settings", {}).values() if "{{" not in str(value))
