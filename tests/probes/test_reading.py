"""A probes file is refused with everything that is wrong with it, each with its line."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.probes.reading import MAX_BYTES, ProbesError, Read, read
from streams.agreements.load import load_builtin
from streams.rulebook import RuleBook

BOOK = RuleBook(load_builtin())
HEAD = 'site = "geneva-1"\nallow = ["hotline.test", "192.0.2.0/24"]\n'
PROBE = '[[probes]]\nid = "west"\nchannel = "inter-korean-military-west"\n'
TCP = PROBE + 'kind = "tcp"\nhost = "hotline.test"\nport = 1\n'


def reading(text: str, base: Path = Path()) -> Read:
    return read("probes.toml", text.encode(), base, BOOK)


def test_a_file_of_every_kind_is_read() -> None:
    kinds = (
        'kind = "tcp"\nhost = "192.0.2.7"\nport = 1\nexpect = "ready"\nevery = "1 min"',
        'kind = "tls"\nhost = "hotline.test"\nport = 1\ntls = { min_days = 14 }',
        'kind = "http"\nurl = "https://hotline.test/x"\nstatus = ["2xx", 404]\nparty = "ROK"',
        'kind = "sip"\nhost = "hotline.test"\ntransport = "tls"\nuser = "duty"',
        'kind = "smtp"\nhost = "hotline.test"\nsecurity = "starttls"\ntimeout = "10 s"',
    )
    probes = "".join(f"{PROBE.replace('west', f'west-{number}', 1)}{kind}\n" for number, kind in enumerate(kinds))
    own = '[[self_check]]\nid = "own"\nkind = "tcp"\nhost = "192.0.2.1"\nport = 53\n'
    found = reading(f'{HEAD}feed = "rok-mou-mnd"\n{probes}{own}')
    assert [target.id for target in found.site.probes] == [f"west-{number}" for number in range(5)]
    assert [target.id for target in found.site.self_check] == ["own"]
    assert found.notes == ()


WRONG = (
    (HEAD, "probes", "expected one [[probes]] at least"),
    (TCP, "site", "expected this field, got none"),
    (HEAD.replace("geneva-1", "a b") + TCP, "site", "expected"),
    (HEAD.replace("192.0.2.0/24", "192.0.2.1/24") + TCP, "allow[1]", "expected a network"),
    (HEAD + 'feed = "x"\n' + TCP, "feed", "expected a feed of the agreements"),
    (HEAD + TCP + TCP, "probes[1].id", "unique"),
    (HEAD + TCP.replace("port", "prt"), "probes[0].prt", "did you mean `port`?"),
    (HEAD + TCP.replace("tcp", "icmp"), "probes[0].kind", "expected one of"),
    (HEAD + TCP.replace("= 1", "= 65536"), "probes[0].port", "65535"),
    (HEAD + TCP.replace("-west", "-wst"), "probes[0].channel", "did you mean 'inter-korean-military-west'?"),
    (HEAD + TCP.replace("hotline.test", "other.test"), "probes[0].host", "expected a host on the allow list"),
    (HEAD + TCP.replace("hotline.test", "127.0.0.1"), "probes[0].host", "expected a host on the allow list"),
    (HEAD + TCP.replace("hotline.test", "a\\r\\nb"), "probes[0].host", "expected"),
    (HEAD + TCP + 'timeout = "61 s"', "probes[0].timeout", "at most 60 s"),
    (HEAD + TCP + 'timeout = "0 s"', "probes[0].timeout", "more than nothing"),
    (HEAD + TCP + "timeout = 5", "probes[0].timeout", "in quotes"),
    (HEAD + TCP + 'every = "5 s"', "probes[0].timeout", "expected less than `every` (5 s), got 5 s"),
    (HEAD + TCP + 'every = "0.5 s"', "probes[0].every", "whole seconds"),
    (HEAD + TCP + 'every = "1 month"', "probes[0].every", "no months"),
    (HEAD + TCP + 'late = "0 s"', "probes[0].late", "more than nothing"),
    (HEAD + TCP + 'party = "US"', "probes[0].party", "expected a party of inter-korean-military-west"),
    (HEAD + TCP.replace("inter-korean-military-west", "us-china-dtl"), "probes[0].every", "no agreement has a calendar"),
    (HEAD + TCP.replace("tcp", "tls") + 'tls = { ca = "gone.pem" }', "probes[0].tls.ca", "expected a file that can be read"),
    (HEAD + TCP.replace("tcp", "tls") + 'tls = { pin = ["ab"] }', "probes[0].tls.pin[0]", "64 hexadecimal digits"),
    (HEAD + PROBE + 'kind = "http"\nurl = "ftp://hotline.test/"', "probes[0].url", "expected http://HOST"),
    (HEAD + PROBE + 'kind = "http"\nurl = "http://u:p@hotline.test/"', "probes[0].url", "no user and no password"),
    (HEAD + PROBE + 'kind = "http"\nurl = "http://hotline.test/"\ntls = {}', "probes[0].tls", "nothing is encrypted"),
    (HEAD + PROBE + 'kind = "http"\nurl = "http://[::1/"', "probes[0].url", "expected an http or https address"),
    (HEAD + TCP + TCP.replace("[[probes]]", "[[self_check]]"), "self_check[0].channel", "expected none"),
    ("site = ", "", "expected TOML"),
)


@pytest.mark.parametrize(("text", "field", "message"), WRONG, ids=[f"{field}: {message}" for _, field, message in WRONG])
def test_what_is_wrong_is_told_with_its_field(text: str, field: str, message: str) -> None:
    with pytest.raises(ProbesError) as caught:
        reading(text)
    assert any(problem.field == field and message in problem.message for problem in caught.value.problems), caught.value


def test_all_that_is_wrong_is_told_at_once_with_its_line() -> None:
    text = (
        HEAD + TCP.replace("port = 1", 'prt = 1\nport = "x"\nlate = "0 s"') + TCP.replace("west", "east").replace("test", "x")
    )
    with pytest.raises(ProbesError) as caught:
        reading(text)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0] for line in lines] == ["probes.toml:8", "probes.toml:9", "probes.toml:15"], lines


def test_no_password_of_a_url_is_repeated() -> None:
    with pytest.raises(ProbesError) as caught:
        reading(HEAD + PROBE + 'kind = "http"\nurl = "http://u:hunter2@hotline.test/"')
    assert "hunter2" not in str(caught.value)


def test_a_ca_file_without_certificates_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ProbesError, match=r"tls\.ca: expected certificates in PEM"):
        reading(HEAD + TCP.replace("tcp", "tls") + 'tls = { ca = "ca.pem" }', tmp_path)


def test_what_is_worth_a_word_is_said() -> None:
    notes = "\n".join(reading(HEAD + TCP).notes)
    assert "no [[self_check]]" in notes
    assert "west: no feed vouches for it" in notes
    assert "is judged on the word of rok-mou-mnd" in "\n".join(reading(HEAD + 'feed = "hcoc"\n' + TCP).notes)


def test_a_file_that_is_too_long_is_refused() -> None:
    with pytest.raises(ProbesError, match="at most"):
        read("probes.toml", b"#" * (MAX_BYTES + 1), Path(), BOOK)


_WORDS = st.sampled_from(
    HEAD.split("\n") + TCP.split("\n") + ["[[self_check]]", 'kind = "http"', 'url = "http://["', "[[", "\x00"]
)


@given(st.one_of(st.binary(max_size=200), st.lists(_WORDS, max_size=20).map(lambda lines: "\n".join(lines).encode())))
def test_no_file_makes_the_reader_fall_over(content: bytes) -> None:
    with contextlib.suppress(ProbesError):
        read("probes.toml", content, Path(), BOOK)
