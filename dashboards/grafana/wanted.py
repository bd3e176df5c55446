"""All that Grafana is to have, as its API takes it: one value, made from code and a routing."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from dashboards.grafana.alerting.contacts import Address, Routing, by_file, contact_point, usual
from dashboards.grafana.alerting.policies import branch, mute_timings
from dashboards.grafana.alerting.rules import groups, rule_group
from dashboards.grafana.alerting.templates import template
from dashboards.grafana.names import ALERTS_FOLDER, ALERTS_TITLE, DATASOURCE, FOLDER, FOLDER_TITLE, Buckets
from dashboards.grafana.render import dashboards, plain

Plain = dict[str, Any]


class Wanted(NamedTuple):
    """Everything by its uid or name, in plain dictionaries; ``policy`` is our branch of the policies."""

    folders: Mapping[str, Plain]
    dashboards: Mapping[str, Plain]
    groups: Mapping[str, Plain]
    contacts: Mapping[str, Plain]
    mutes: Mapping[str, Plain]
    templates: Mapping[str, Plain]
    policy: Plain
    sources: Mapping[str, Plain] = MappingProxyType({})

    def rules(self) -> list[Plain]:
        """The rules of all groups."""
        return [rule for group in self.groups.values() for rule in group["rules"]]


def wanted(
    routing: Routing | None = None,
    address: Address = by_file,
    buckets: Buckets | None = None,
    source: Plain | None = None,
) -> Wanted:
    """All of it. ``address`` says how the address of a contact is written; ``source`` is the data source, where we make it.

    Raises:
        OSError: from ``address``, where it reads a file that cannot be read.
        ValueError: from ``address``, where what it reads is no address.
    """
    routes = routing or usual()
    contacts = {name: contact_point(name, contact, address) for name, contact in routes.contacts.items()}
    return Wanted(
        {FOLDER: {"title": FOLDER_TITLE}, ALERTS_FOLDER: {"title": ALERTS_TITLE}},
        dashboards(buckets),
        {group.name: plain(rule_group(group)) for group in groups(buckets)},
        contacts,
        {str(one["name"]): one for one in mute_timings()},
        {str(one["name"]): one for one in (template(),)},
        branch(routes),
        {} if source is None else {DATASOURCE: source},
    )
