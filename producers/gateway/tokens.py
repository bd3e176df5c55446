"""Who may say what: tokens and checks, kept in one file that only its owner can read.

A token is 256 random bits, so its SHA-256 is kept and no slow hash is needed: there is nothing to guess. The address of a
check holds 122 random bits and is kept the same way. What was printed once is nowhere any more.
"""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from streams import private_file
from streams.events.envelope import Key
from streams.events.times import Moment

ANY = "*"
PREFIX = "sl_"
"""How every token begins, so that one that leaked is recognised by those who look for such things."""
MOST = 1_000
"""Tokens, and checks, of one file."""
_BITS = 32
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Short = Annotated[str, Meta(min_length=1, max_length=2_000)]
Names = Annotated[tuple[Short, ...], Meta(max_length=1_000)]


TokensError = private_file.PrivateFileError
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
        events_per_second: How many it may send; ``None`` for what the gateway grants every token.
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
    events_per_second: Annotated[float, Meta(ge=0.01, le=10_000_000)] | None = None
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
    return private_file.read(path, Kept)


def change(path: Path, make: Callable[[Kept], Kept]) -> Kept:
    """Change the file as one step, whoever else changes it at the same time; what it says then.

    Raises:
        TokensError: when it cannot be read or written, or would hold too many.
    """
    return private_file.change(path, Kept, make)


class Keyring:
    """The tokens and checks of a running gateway: looks at the file whenever asked, and reads it again once it changed.

    Where the file can be used no more, nobody is let in: it may have been changed to keep somebody out.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            TokensError: when it cannot be used.
        """
        self._file = private_file.Watched(path, Kept)

    def token(self, secret: str, now: datetime) -> Token | None:
        """The valid token that this is; ``None`` where it is none.

        Raises:
            TokensError: when the file cannot be used.
        """
        given = digest_of(secret).encode()
        found = None
        # All are compared, each in constant time: how long it takes tells nothing.
        for token in self._file.kept().tokens:
            if hmac.compare_digest(token.digest.encode(), given):
                found = token
        return found if found is not None and found.state(now) == "valid" else None

    def holds(self, token: Token, now: datetime) -> bool:
        """Whether a token that was let in before is worth as much still.

        Raises:
            TokensError: when the file cannot be used.
        """
        return token.state(now) == "valid" and token in self._file.kept().tokens

    def check(self, address: str) -> Check | None:
        """The check with this UUID; it is looked for by its hash, so that time tells nothing of those that there are.

        Raises:
            TokensError: when the file cannot be used.
        """
        given = digest_of(address.lower())
        return next((check for check in self._file.kept().checks if check.digest == given), None)

    def tokens(self) -> list[Token]:
        """Every token, also one that is worth nothing any more."""
        return list(self._file.last.tokens)

    def checks(self) -> list[Check]:
        """Every check."""
        return list(self._file.last.checks)


def heard_of(check: Check) -> str:
    """Under which name a check is counted as heard: no token can be called so."""
    return f"check/{check.name}"
