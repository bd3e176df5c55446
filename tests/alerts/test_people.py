"""People are known by tokens and passwords of which only hashes are kept."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from alerts.people import Account, Doorkeeper, Kept, PeopleError, change, hashed, new_token, read

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"


def account(person: str = "ann", role: str = "officer", **changed: object) -> Account:
    return msgspec.convert({"id": person, "name": "Ann", "role": role, "created": NOW, **changed}, Account)


def kept(path: Path, *people: Account) -> Doorkeeper:
    change(path, lambda known: msgspec.structs.replace(known, people=people))
    return Doorkeeper(path)


def test_a_token_is_known_until_it_ends_and_is_nowhere_in_the_file(tmp_path: Path) -> None:
    secret, token = new_token(NOW, NOW + timedelta(days=1))
    path = tmp_path / "people.json"
    door = kept(path, account(tokens=(token,)))
    found = door.by_token(secret, NOW)
    assert found is not None
    assert found.id == "ann"
    assert door.by_token(secret, NOW + timedelta(days=1)) is None
    assert door.by_token(secret + "x", NOW) is None
    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_password_is_known_and_only_its_argon2_hash_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    door = kept(path, account(password=hashed(PASSWORD)), account("bob"))
    assert door.by_password("ann", PASSWORD) == account(password=read(path).people[0].password)
    assert door.by_password("ann", PASSWORD + " ") is None
    assert door.by_password("bob", PASSWORD) is None
    assert door.by_password("nobody", PASSWORD) is None
    assert "$argon2id$" in path.read_text()
    assert PASSWORD not in path.read_text()


def test_a_short_password_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 12 characters, got 5"):
        hashed("short")


def test_who_is_removed_is_known_no_more_at_once(tmp_path: Path) -> None:
    secret, token = new_token(NOW)
    path = tmp_path / "people.json"
    door = kept(path, account(tokens=(token,)))
    assert door.by_token(secret, NOW) is not None
    change(path, lambda _: Kept())
    assert door.by_token(secret, NOW) is None


def test_a_file_that_others_can_read_lets_nobody_in(tmp_path: Path) -> None:
    secret, token = new_token(NOW)
    path = tmp_path / "people.json"
    door = kept(path, account(tokens=(token,)))
    path.write_bytes(path.read_bytes() + b"\n")
    path.chmod(0o644)
    with pytest.raises(PeopleError, match="mode 644"):
        door.by_token(secret, NOW)


@pytest.mark.parametrize(
    ("role", "may"),
    [("viewer", ["viewer"]), ("officer", ["viewer", "officer"]), ("admin", ["viewer", "officer", "admin"])],
)
def test_a_role_may_what_the_lesser_ones_may(role: str, may: list[str]) -> None:
    assert [each for each in ("viewer", "officer", "admin") if account(role=role).may(each)] == may
