"""The events of the synthetic load, as far as its three rules look at them: no more is read, nothing else is checked."""

from datetime import datetime

import msgspec


class Span(msgspec.Struct):
    opens: datetime
    closes: datetime


class Receipt(msgspec.Struct):
    received: datetime


class CheckData(msgspec.Struct):
    channel: str


class NoticeData(msgspec.Struct):
    party: str
    window: Span
    recipients: list[Receipt]


class LaunchData(msgspec.Struct):
    party: str
    launch: str


class IncidentData(msgspec.Struct):
    parties: tuple[str, str]
    incident: str


class ContactData(msgspec.Struct):
    parties: tuple[str, str]


class Told(msgspec.Struct, tag_field="type"):
    time: datetime
    ingested: datetime


class Check(Told, tag="org.steadyline.channel.check.v1"):
    data: CheckData


class Notice(Told, tag="org.steadyline.launch.notice.v1"):
    data: NoticeData


class Launch(Told, tag="org.steadyline.launch.observation.v1"):
    data: LaunchData


class Incident(Told, tag="org.steadyline.incident.report.v1"):
    data: IncidentData


class Contact(Told, tag="org.steadyline.contact.v1"):
    data: ContactData


Event = Check | Notice | Launch | Incident | Contact

read = msgspec.json.Decoder(Event).decode
