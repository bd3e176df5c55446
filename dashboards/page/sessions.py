"""Who is signed in: sessions, the one-time links, and the tokens that forms carry.

Only digests of secrets are held, so nothing that is read out of this process, or out of the file in which sessions outlive a
restart, signs anybody in.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec

from dashboards.page.ports import Member
from streams import private_file
from streams.events.times import Moment

IDLE = timedelta(hours=12)
"""After so long a session that nobody uses is over: a watch, and its hand-over."""
LONGEST = timedelta(hours=24)
"""After so long any session is over."""
LINK = timedelta(hours=8)
"""For so long a one-time link can be used."""
_MOST = 5_000
_FAILURES = 5
_WAIT = timedelta(seconds=30)


@dataclass
class Session:
    """One browser that somebody is signed in with.

    Attributes:
        member: Who.
        form: What every request that changes something carries, to show that a page of ours made it.
        began: When; ``used`` is when it was last used.
        known: Whether they signed in with a password: then it is over once they may no longer sign in.
    """

    member: Member
    form: str
    began: datetime
    used: datetime
    known: bool = False


class KeptSession(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What outlives a restart of a session: the digest of its secret, whose it is, since when."""

    digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    member: Member
    began: Moment
    known: bool = False


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in the file of sessions."""

    sessions: Annotated[tuple[KeptSession, ...], msgspec.Meta(max_length=_MOST)] = ()


@dataclass
class _Failures:
    until: datetime
    count: int = 0


@dataclass
class Sessions:
    """All sessions of one server.

    Attributes:
        now: Reads the time of day, with its zone.
        file: Where sessions outlive a restart; without it they end with the server.
        secure: Whether the page is served over TLS: cookies then say so.
        port: Tells the cookies of two pages on one machine apart.
    """

    now: Callable[[], datetime]
    file: Path | None = None
    secure: bool = False
    port: int = 0
    _sessions: dict[str, Session] = field(default_factory=dict)
    _links: dict[str, tuple[Member, datetime]] = field(default_factory=dict)
    _failures: dict[str, _Failures] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def recall(self) -> None:
        """Take back the sessions that outlived a restart.

        Raises:
            PrivateFileError: when their file cannot be used.
        """
        if self.file is not None:
            now = self.now()
            for kept in private_file.read(self.file, Kept).sessions:
                if now - kept.began <= LONGEST:
                    self._sessions[kept.digest] = Session(kept.member, "", kept.began, now, kept.known)

    @property
    def cookie(self) -> str:
        """The cookie's name; over TLS the browser itself holds it to this host and to TLS."""
        return f"{'__Host-' if self.secure else ''}steadyline-{self.port}"

    def link(self, member: Member) -> str:
        """A secret that signs in once."""
        secret = secrets.token_urlsafe(24)
        with self._lock:
            self._links[_digest(secret)] = member, self.now() + LINK
        return secret

    def redeem(self, secret: str) -> Member | None:
        """Whom a one-time link signs in; it is used up by this."""
        with self._lock:
            found = self._links.pop(_digest(secret), None)
        return found[0] if found is not None and self.now() < found[1] else None

    def begin(self, member: Member, *, known: bool = False) -> tuple[str, Session]:
        """Sign somebody in, ``known`` by a password or by a link: the secret for the cookie, and the session."""
        now = self.now()
        secret = secrets.token_urlsafe(32)
        session = Session(member, _form(secret), now, now, known)
        with self._lock:
            if len(self._sessions) >= _MOST:
                oldest = min(self._sessions, key=lambda name: self._sessions[name].used)
                del self._sessions[oldest]
            self._sessions[_digest(secret)] = session
            self._keep()
        return secret, session

    def find(self, header: str | None) -> Session | None:
        """The session of a ``Cookie`` header, where it is still on."""
        secret = _cookie(header, self.cookie)
        if secret is None:
            return None
        now, name = self.now(), _digest(secret)
        with self._lock:
            session = self._sessions.get(name)
            if session is None:
                return None
            if now - session.used > IDLE or now - session.began > LONGEST:
                del self._sessions[name]
                return None
            session.used = now
            session.form = session.form or _form(secret)
        return session

    def end(self, header: str | None) -> None:
        """Sign out."""
        secret = _cookie(header, self.cookie)
        if secret is not None:
            with self._lock:
                self._sessions.pop(_digest(secret), None)
                self._keep()

    def set_cookie(self, secret: str) -> str:
        """The ``Set-Cookie`` header of a new session; scripts cannot read it, and no other site's page sends it."""
        flags = "; Secure" if self.secure else ""
        return f"{self.cookie}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={LONGEST // timedelta(seconds=1)}{flags}"

    def clear_cookie(self) -> str:
        """The ``Set-Cookie`` header that drops it."""
        flags = "; Secure" if self.secure else ""
        return f"{self.cookie}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{flags}"

    def must_wait(self, name: str) -> float:
        """Seconds before the next password for this name is looked at; 0 where one may be now, which then counts as wrong.

        After a few wrong ones the name rests for a while. It counts before it was looked at, so that those that come together
        are no more than those that come one after another.
        """
        with self._lock:
            now = self.now()
            failures = self._failures.get(name)
            if failures is not None and failures.until > now:
                return (failures.until - now).total_seconds()
            if failures is None:
                if len(self._failures) >= _MOST:
                    # Never all of them: whoever thinks up names would set free the one that matters.
                    del self._failures[min(self._failures, key=lambda each: self._failures[each].until)]
                failures = self._failures[name] = _Failures(now)
            failures.count += 1
            if failures.count >= _FAILURES:
                failures.until = now + _WAIT * min(20, failures.count - _FAILURES + 1)
            return 0.0

    def right(self, name: str) -> None:
        """Note that the password was right: nothing counts against the name any more."""
        with self._lock:
            self._failures.pop(name, None)

    def _keep(self) -> None:
        if self.file is None:
            return
        now = self.now()
        kept = tuple(
            KeptSession(digest=name, member=session.member, began=session.began, known=session.known)
            for name, session in sorted(self._sessions.items())
            if now - session.began <= LONGEST
        )
        private_file.change(self.file, Kept, lambda _: Kept(sessions=kept))


def same(first: str, second: str) -> bool:
    """Whether two secrets are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(first.encode(), second.encode())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _form(secret: str) -> str:
    """The token of a session's forms: known to whoever has its secret, and telling nothing of it."""
    return hmac.digest(secret.encode(), b"steadyline form", "sha256").hex()


def _cookie(header: str | None, name: str) -> str | None:
    """The value of a cookie; of several with one name, none is believed.

    Browsers send what any other page of this host has set, on whatever port: that must keep nobody out, however it is written.
    """
    pairs = (pair.partition("=") for pair in (header or "").split(";"))
    found = [value.strip() for key, _, value in pairs if key.strip() == name]
    return found[0] if len(found) == 1 else None
