"""Who may see and who may act: people with their roles, kept in one file that only its owner can read.

A password is kept as its Argon2id hash. A token is 256 random bits, so its SHA-256 is kept and no slow hash is needed. What
was printed once is nowhere any more. The desk's commands, its API and the watch page know the same people.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Meta

from streams import private_file
from streams.actions import Person
from streams.events.times import Moment

PeopleError = private_file.PrivateFileError
"""The file of people cannot be used. The message names it and what was expected."""
Role = Literal["viewer", "officer", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "officer", "admin")
"""Each may do what those before it may: look; act on pages; say who may do what."""
PREFIX = "sld_"
"""How every token begins, so that one that leaked is recognised by those who look for such things."""
MOST = 1_000
SHORTEST_PASSWORD = 12
_BITS = 32
_hasher = PasswordHasher()
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$yENOqIh0S+AxnYj5A3xBRg$it0k2UFV5bM1is9dpmvUyrIysBoaoaGgQd0fU1X9Gag"
"""A hash that no password has: to ask about somebody who is not there takes as long as about somebody who is."""


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A token of somebody's.

    Attributes:
        digest: SHA-256 of the token, in hexadecimal.
        expires: The moment from which it is worth nothing.
    """

    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    created: Moment
    expires: Moment | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A person who can sign in.

    Attributes:
        password: Its Argon2id hash.
    """

    id: Person
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    role: Role
    created: Moment
    password: Annotated[str, Meta(max_length=300)] | None = None
    tokens: Annotated[tuple[Token, ...], Meta(max_length=100)] = ()

    def may(self, role: Role) -> bool:
        """Whether somebody needs no more than this role for it."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in the file."""

    version: Literal[1] = 1
    people: Annotated[tuple[Account, ...], Meta(max_length=MOST)] = ()


def read(path: Path) -> Kept:
    """What the file says; nobody where there is none.

    Raises:
        PeopleError: when it cannot be read, is none, or can be read by others.
    """
    return private_file.read(path, Kept)


def change(path: Path, make: Callable[[Kept], Kept]) -> Kept:
    """Change the file as one step, whoever else changes it at the same time; what it says then.

    Raises:
        PeopleError: when it cannot be read or written, or would hold too many.
    """
    return private_file.change(path, Kept, make)


def new_token(now: datetime, expires: datetime | None = None) -> tuple[str, Token]:
    """A token that nobody has, and what is kept of it."""
    secret = PREFIX + secrets.token_urlsafe(_BITS)
    return secret, Token(digest=_digest(secret), created=now, expires=expires)


def hashed(password: str) -> str:
    """What is kept of a password.

    Raises:
        ValueError: when it is too short to be one.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"expected a password of at least {SHORTEST_PASSWORD} characters, got {len(password)}")
    return _hasher.hash(password)


class Doorkeeper:
    """Knows people by their tokens and passwords; looks at the file whenever asked."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            PeopleError: when it cannot be used.
        """
        self._file = private_file.Watched(path, Kept)

    def by_token(self, secret: str, now: datetime) -> Account | None:
        """Whose valid token this is; ``None`` where it is nobody's.

        Raises:
            PeopleError: when the file cannot be used.
        """
        given, found = _digest(secret).encode(), None
        # All are compared, each in constant time: how long it takes tells nothing.
        for account in self._file.kept().people:
            for token in account.tokens:
                valid = token.expires is None or now < token.expires
                if hmac.compare_digest(token.digest.encode(), given) and valid:
                    found = account
        return found

    def by_password(self, person: str, password: str) -> Account | None:
        """The person whose password this is; ``None`` where it is not theirs. Takes some tenths of a second, always.

        Raises:
            PeopleError: when the file cannot be used.
        """
        account = next((each for each in self._file.kept().people if each.id == person), None)
        kept = account.password if account is not None else None
        try:
            _hasher.verify(kept or _NOBODYS, password)
        except (VerificationError, InvalidHashError):
            return None
        return account if kept is not None else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
