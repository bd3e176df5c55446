"""What the watch page needs of others, filled in: people and deeds from the alert desk, reports by the producers' forms."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from alerts.desk import PageView
from alerts.people import Account, Doorkeeper, PeopleError, read
from alerts.policy import Policy
from alerts.service.recalling import caught_up
from alerts.service.store import Store, StoreError
from dashboards.page.ports import Member, Outcome, Sent
from producers.appending import AppendError, Arrival
from producers.appending.sqlite import SqliteAppender
from producers.reports import forms
from producers.reports.sheet import ReportError, Said, Sheet
from streams.actions import Action, AnyDeed
from streams.events import AnyEvent
from streams.events.decode import encode
from streams.rulebook import RuleBook

_DONE = {
    "ack": "acknowledged",
    "unack": "let go of",
    "snooze": "snoozed",
    "note": "noted",
    "resolve": "closed by hand",
    "silence": "silenced",
    "unsilence": "the silence is over",
    "hand-over": "handed over",
}


class DeskPeople:
    """The people of the alert desk: who may sign in there may sign in here."""

    def __init__(self, path: Path) -> None:
        """Read their file.

        Raises:
            PeopleError: when it cannot be used.
        """
        self._path = path
        self._doors = Doorkeeper(path)

    def sign_in(self, name: str, password: str) -> Member | None:
        """The member of this name, where the password is theirs; nobody while their file cannot be used."""
        try:
            account = self._doors.by_password(name, password)
        except PeopleError:
            return None
        return None if account is None else _member(account)

    def member(self, name: str) -> Member | None:
        """The member of this name as of now."""
        try:
            return next((_member(each) for each in read(self._path).people if each.id == name), None)
        except PeopleError:
            return None


class FileDesk:
    """An embedded desk by its file: what is done goes onto its trail, whether the desk runs or not."""

    def __init__(self, path: Path, policy: Policy, clock: Callable[[], datetime]) -> None:
        """Prepare.

        Args:
            path: The desk's file.
            policy: The desk's policy.
            clock: The time of day, UTC.
        """
        self._path = path
        self._policy = policy
        self._clock = clock

    def act(self, by: Member, deed: AnyDeed, *, exercise: bool) -> Outcome:
        """Do it, in the name of ``by``; see ``dashboards.page.ports.Desk``."""
        action = Action(id=f"page/{uuid.uuid4()}", at=self._clock(), by=by.id, deed=deed, via="page", exercise=exercise)
        try:
            with Store(self._path, create=False) as store:
                if (why := caught_up(store, self._policy).desk.refusal(action)) is not None:
                    return Outcome(False, why)
                head = store.act(action)
        except StoreError as error:
            return Outcome(False, str(error))
        return Outcome(True, f"{_DONE[str(deed.__struct_config__.tag)]}, number {head.number} on the trail")

    def said(self, lapse: str, *, exercise: bool) -> Sequence[Sent]:
        """Who was paged about a lapse and who did what, in order of time; nothing while the desk's file cannot be read."""
        try:
            with Store(self._path, create=False) as store:
                pages = caught_up(store, self._policy).desk.pages(settled=True)
        except StoreError:
            return ()
        return sorted(_told(pages, lapse, exercise=exercise), key=lambda sent: sent.at)

    def has(self) -> dict[tuple[bool, str], str]:
        """Who has which lapse, or put it off, in a few words; by whether it is a drill's, and its id."""
        try:
            with Store(self._path, create=False) as store:
                pages = caught_up(store, self._policy).desk.pages()
        except StoreError:
            return {}
        found = {}
        for page in pages:
            words = f"{page.has.by} has it" if page.has else f"snoozed by {page.snoozed.by}" if page.snoozed else None
            if words is not None:
                found.update({(page.exercise, lapse.id): words for lapse in page.lapses})
        return found


class LogReports:
    """Reports that go straight into the embedded log."""

    def __init__(self, path: Path, book: RuleBook, clock: Callable[[], datetime]) -> None:
        """Prepare.

        Args:
            path: The log.
            book: The rules: what a report names is held against them.
            clock: The time of day, UTC.
        """
        self._path = path
        self._book = book
        self._clock = clock

    def report(self, by: Member, kind: str, fields: dict[str, str]) -> Outcome:
        """Fill in a form and append it; see ``dashboards.page.ports.Reports``."""
        said = Said(
            at=fields.get("at", "now"),
            source=f"urn:steadyline:report:{by.id}",
            id=f"report-{uuid.uuid4()}",
            exercise=fields.get("exercise") == "yes",
        )
        try:
            event = _filled(Sheet(self._book, self._clock()), said, kind, fields)
            log = SqliteAppender(self._path)
            try:
                log.append([Arrival(event, encode(event))])
            finally:
                log.close()
        except ReportError as error:
            return Outcome(False, "\n".join(f"{each.option.removeprefix('--')}: {each.message}" for each in error.problems))
        except AppendError as error:
            return Outcome(False, str(error))
        return Outcome(True, f"Reported as {event.id}.")


def _filled(sheet: Sheet, said: Said, kind: str, fields: dict[str, str]) -> AnyEvent:
    if kind == "call":
        return forms.call(
            sheet,
            said,
            channel=fields.get("channel", ""),
            party=fields.get("party", ""),
            request=fields.get("request"),
            outcome=fields.get("outcome", forms.PLACED),
            text=fields.get("text"),
        )
    return forms.incident(
        sheet,
        said,
        name=fields.get("incident"),
        parties=fields.get("parties", ""),
        gravity=fields.get("gravity", ""),
        domain=fields.get("domain", ""),
        place=fields.get("place"),
        closest_m=None,
        platforms=(),
        text=fields.get("text"),
    )


def _member(account: Account) -> Member:
    return Member(id=account.id, name=account.name, role=account.role)


def _told(pages: Sequence[PageView], lapse: str, *, exercise: bool) -> Iterator[Sent]:
    for page in pages:
        if page.exercise is not exercise or all(each.id != lapse for each in page.lapses):
            continue
        for word in page.words:
            outcome = "" if word.delivered is None else "delivered" if word.delivered else "not delivered"
            yield Sent(at=word.at, who=word.person or word.receiver, what=f"was told ({word.kind})", says=outcome)
        for done in page.deeds:
            yield Sent(at=done.at, who=done.by, what=_DONE.get(done.did, done.did), says=done.note)
