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


class Check(msgspec.Struct, tag_field="type", tag="org.steadyline.channel.check.v1"):
    time: datetime
    ingested: datetime
    data: CheckData


class Notice(msgspec.Struct, tag_field="type", tag="org.steadyline.launch.notice.v1"):
    time: datetime
    ingested: datetime
    data: NoticeData


class Launch(msgspec.Struct, tag_field="type", tag="org.steadyline.launch.observation.v1"):
    time: datetime
    ingested: datetime
    data: LaunchData


class Incident(msgspec.Struct, tag_field="type", tag="org.steadyline.incident.report.v1"):
    time: datetime
    ingested: datetime
    data: IncidentData


class Contact(msgspec.Struct, tag_field="type", tag="org.steadyline.contact.v1"):
    time: datetime
    ingested: datetime
    data: ContactData


Event = Check | Notice | Launch | Incident | Contact

read = msgspec.json.Decoder(Event).decode
