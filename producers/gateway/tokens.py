"""Who may say what: tokens and checks, kept in one file that only its owner can read.

A token is 256 random bits, so its SHA-256 is kept and no slow hash is needed: there is nothing to guess. The address of a
check holds 122 random bits and is kept the same way. What was printed once is nowhere any more.
"""

import fcntl
import hashlib
import hmac
import os
import secrets
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from streams.events.envelope import Key
from streams.events.times import Moment

ANY = "*"
PREFIX = "sl_"
"""How every token begins, so that one that leaked is recognised by those who look for such things."""
MOST = 1_000
"""Tokens, and checks, of one file."""
_LONGEST = 4_194_304
_BITS = 32
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Short = Annotated[str, Meta(min_length=1, max_length=2_000)]
Names = Annotated[tuple[Short, ...], Meta(max_length=1_000)]


class TokensError(Exception):
    """The file of tokens cannot be used. The message names it and what was expected."""


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one source may say.

    Attributes:
        digest: SHA-256 of the token, in hexadecimal.
        types: CloudEvents types that it may send.
        sources: Values of ``source`` that are its own; one that ends in ``*`` stands for all that begin so.
        parties: Parties that its events may be about; ``*`` for all, as in the next two.
        channels: Channels that it may report on.
        feeds: Feeds for which it may say that they are alive.
        retracts_any: May take back what others reported too.
        expires: The moment from which it is worth nothing.
        revoked: When it was revoked.
    """

    name: Key
    digest: Digest
    types: Names
    sources: Names
    parties: Names = ()
    channels: Names = ()
    feeds: Names = ()
    retracts_any: bool = False
    created: Moment
    expires: Moment | None = None
    revoked: Moment | None = None

    def state(self, now: datetime) -> Literal["valid", "expired", "revoked"]:
        """What it is worth at ``now``."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and now >= self.expires else "valid"

    def owns(self, source: str) -> bool:
        """Whether ``source`` is one of its own."""
        return any(source.startswith(own[:-1]) if own.endswith(ANY) else source == own for own in self.sources)


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One address to ping: a channel's line check, or a feed's sign of life.

    Attributes:
        digest: SHA-256 of the UUID in its address, in hexadecimal.
    """

    name: Key
    digest: Digest
    channel: Key | None = None
    feed: Key | None = None
    created: Moment

    def __post_init__(self) -> None:
        if (self.channel is None) == (self.feed is None):
            raise ValueError("expected a channel or a feed")


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in the file."""

    version: Literal[1] = 1
    tokens: Annotated[tuple[Token, ...], Meta(max_length=MOST)] = ()
    checks: Annotated[tuple[Check, ...], Meta(max_length=MOST)] = ()


def digest_of(secret: str) -> str:
    """SHA-256 of a token or a UUID, in hexadecimal."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def new_token() -> str:
    """A token that nobody has."""
    return PREFIX + secrets.token_urlsafe(_BITS)


def new_address() -> str:
    """The UUID of a check that nobody has."""
    # By ``secrets``: what is kept secret should not rest on what ``uuid4`` happens to draw from.
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def read(path: Path) -> Kept:
    """What the file says; nothing where there is none.

    Raises:
        TokensError: when it cannot be read, is none, or can be read by others.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return Kept()
    except OSError as error:
        raise TokensError(f"{path}: {error.strerror}") from error
    with file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise TokensError(f"{path}: expected a file that only its owner can read (chmod 600), got mode {mode:o}")
        data = file.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        raise TokensError(f"{path}: expected at most {_LONGEST} bytes")
    try:
        return msgspec.json.decode(data, type=Kept)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TokensError(f"{path}: {error}") from None


def change(path: Path, make: Callable[[Kept], Kept]) -> Kept:
    """Change the file as one step, whoever else changes it at the same time; what it says then.

    Raises:
        TokensError: when it cannot be read or written, or would hold too many.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            made = make(read(path))
            if max(len(made.tokens), len(made.checks)) > MOST:
                raise TokensError(f"{path}: expected at most {MOST} tokens and as many checks")
            _replace(path, msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
    except OSError as error:
        raise TokensError(f"{path}: {error.strerror}") from error
    return made


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, data: bytes) -> None:
    """Put new content in place at once, on disk, readable by its owner alone from the first moment."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


class Keyring:
    """The tokens and checks of a running gateway: looks at the file whenever asked, and reads it again once it changed.

    Where the file can be used no more, nobody is let in: it may have been changed to keep somebody out.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            TokensError: when it cannot be used.
        """
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._tokens: list[tuple[bytes, Token]] = []
        self._checks: dict[str, Check] = {}
        self._trouble: str | None = None
        self._look()
        if self._trouble is not None:
            raise TokensError(self._trouble)

    def token(self, secret: str, now: datetime) -> Token | None:
        """The valid token that this is; ``None`` where it is none.

        Raises:
            TokensError: when the file cannot be used.
        """
        self._look()
        given = digest_of(secret).encode()
        found = None
        # All are compared, each in constant time: how long it takes tells nothing.
        for digest, token in self._tokens:
            if hmac.compare_digest(digest, given):
                found = token
        if self._trouble is not None:
            raise TokensError(self._trouble)
        return found if found is not None and found.state(now) == "valid" else None

    def check(self, address: str) -> Check | None:
        """The check with this UUID; it is looked for by its hash, so that time tells nothing of those that there are.

        Raises:
            TokensError: when the file cannot be used.
        """
        self._look()
        found = self._checks.get(digest_of(address.lower()))
        if self._trouble is not None:
            raise TokensError(self._trouble)
        return found

    def tokens(self) -> list[Token]:
        """Every token, also one that is worth nothing any more."""
        self._look()
        return [token for _, token in self._tokens]

    def checks(self) -> list[Check]:
        """Every check."""
        self._look()
        return list(self._checks.values())

    def _look(self) -> None:
        try:
            told = self._path.stat()
            now = (told.st_mtime_ns, told.st_size, told.st_ino)
        except FileNotFoundError:
            now = (0, 0, 0)
        except OSError as error:
            self._trouble = f"{self._path}: {error.strerror}"
            self._seen = None
            return
        if now == self._seen:
            return
        try:
            kept = read(self._path)
        except TokensError as error:
            self._trouble = str(error)
            # Mended permissions do not show in what was looked at.
            self._seen = None
            return
        self._seen, self._trouble = now, None
        self._tokens = [(token.digest.encode(), token) for token in kept.tokens]
        self._checks = {check.digest: check for check in kept.checks}


def heard_of(check: Check) -> str:
    """Under which name a check is counted as heard: no token can be called so."""
    return f"check/{check.name}"


def utc() -> datetime:
    """The time of day."""
    return datetime.now(UTC)
