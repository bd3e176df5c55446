"""Who is signed in: sessions in memory, the one-time links, and the tokens that forms carry.

Only digests of secrets are held, so nothing that is read out of this process signs anybody in. A restart signs everybody out.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

from dashboards.page.ports import Member

IDLE = 12 * 3_600.0
"""Seconds after which a session that nobody uses is over: a watch, and its hand-over."""
LONGEST = 24 * 3_600.0
"""Seconds after which any session is over."""
LINK = 8 * 3_600.0
"""Seconds for which a one-time link can be used."""
_MOST = 10_000
_FAILURES = 5
_WAIT = 30.0


@dataclass
class Session:
    """One browser that somebody is signed in with.

    Attributes:
        member: Who.
        form: What every request that changes something carries, to show that a page of ours made it.
        began: When, by the monotonic clock; ``used`` is when it was last used.
    """

    member: Member
    form: str
    began: float
    used: float


@dataclass
class _Failures:
    count: int = 0
    until: float = 0.0


@dataclass
class Sessions:
    """All sessions of one server.

    Attributes:
        monotonic: Reads a clock that never goes back, seconds.
        secure: Whether the page is served over TLS: cookies then say so.
    """

    monotonic: Callable[[], float]
    secure: bool = False
    _sessions: dict[str, Session] = field(default_factory=dict)
    _links: dict[str, tuple[Member, float]] = field(default_factory=dict)
    _failures: dict[str, _Failures] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def cookie(self) -> str:
        """The cookie's name; over TLS the browser itself holds it to this host and to TLS."""
        return "__Host-steadyline" if self.secure else "steadyline"

    def link(self, member: Member) -> str:
        """A secret that signs in once."""
        secret = secrets.token_urlsafe(24)
        with self._lock:
            self._links[_digest(secret)] = member, self.monotonic() + LINK
        return secret

    def redeem(self, secret: str) -> Member | None:
        """Whom a one-time link signs in; it is used up by this."""
        with self._lock:
            member, until = self._links.pop(_digest(secret), (None, 0.0))
        return member if member is not None and self.monotonic() < until else None

    def begin(self, member: Member) -> tuple[str, Session]:
        """Sign somebody in: the secret for the cookie, and the session."""
        now = self.monotonic()
        secret = secrets.token_urlsafe(32)
        session = Session(member, secrets.token_urlsafe(24), now, now)
        with self._lock:
            if len(self._sessions) >= _MOST:
                oldest = min(self._sessions, key=lambda name: self._sessions[name].used)
                del self._sessions[oldest]
            self._sessions[_digest(secret)] = session
        return secret, session

    def find(self, header: str | None) -> Session | None:
        """The session of a ``Cookie`` header, where it is still on."""
        secret = _cookie(header, self.cookie)
        if secret is None:
            return None
        now, name = self.monotonic(), _digest(secret)
        with self._lock:
            session = self._sessions.get(name)
            if session is None:
                return None
            if now - session.used > IDLE or now - session.began > LONGEST:
                del self._sessions[name]
                return None
            session.used = now
        return session

    def end(self, header: str | None) -> None:
        """Sign out."""
        secret = _cookie(header, self.cookie)
        if secret is not None:
            with self._lock:
                self._sessions.pop(_digest(secret), None)

    def set_cookie(self, secret: str) -> str:
        """The ``Set-Cookie`` header of a new session; scripts cannot read it, and no other site's page sends it."""
        flags = "; Secure" if self.secure else ""
        return f"{self.cookie}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={int(LONGEST)}{flags}"

    def clear_cookie(self) -> str:
        """The ``Set-Cookie`` header that drops it."""
        flags = "; Secure" if self.secure else ""
        return f"{self.cookie}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{flags}"

    def must_wait(self, name: str) -> float:
        """Seconds before the next password for this name is looked at; 0 where it may be now."""
        with self._lock:
            failures = self._failures.get(name)
            return 0.0 if failures is None else max(0.0, failures.until - self.monotonic())

    def tried(self, name: str, *, right: bool) -> None:
        """Note how a password did: after a few wrong ones its name rests for a while."""
        with self._lock:
            if right:
                self._failures.pop(name, None)
                return
            if len(self._failures) >= _MOST:
                self._failures.clear()
            failures = self._failures.setdefault(name, _Failures())
            failures.count += 1
            if failures.count >= _FAILURES:
                failures.until = self.monotonic() + _WAIT * min(20, failures.count - _FAILURES + 1)


def same(first: str, second: str) -> bool:
    """Whether two secrets are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(first.encode(), second.encode())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _cookie(header: str | None, name: str) -> str | None:
    if not header:
        return None
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return None if morsel is None else morsel.value
