"""What is missing is said, and what is fetched is there whole or not at all."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.places import cache
from deploy.stack.java import is_fetched, jars, java
from deploy.stack.service import MissingError, StackError

POM = "<project/>"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are looked for; empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


def program(path: Path, code: str) -> None:
    """An executable that runs this Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(0o755)


def told(version: str) -> str:
    """A Java that tells this version."""
    return f"import sys; print('openjdk version \"{version}\" 2025-04-15', file=sys.stderr)"


def test_a_missing_java_is_named_with_its_remedy(programs: Path) -> None:
    with pytest.raises(MissingError, match=r"Kafka needs Java 17 or newer: no java .* apt install openjdk-17"):
        java("Kafka")


@pytest.mark.parametrize(("version", "number"), [("1.8.0_292", "8"), ("11.0.2", "11"), ("16", "16")])
def test_an_old_java_is_told_by_its_version(programs: Path, version: str, number: str) -> None:
    program(programs / "java", told(version))
    with pytest.raises(MissingError, match=f"Kafka needs Java 17 or newer: .*java is Java {number};"):
        java("Kafka")


@pytest.mark.parametrize("version", ["17.0.15", "17", "21-ea", "25.0.1"])
def test_a_new_java_will_do(programs: Path, version: str) -> None:
    program(programs / "java", told(version))
    assert java("Kafka") == str(programs / "java")


def test_a_java_that_says_nothing_is_no_java(programs: Path) -> None:
    program(programs / "java", "print('Unable to locate a Java Runtime.')")
    with pytest.raises(MissingError, match="does not tell its version"):
        java("Kafka")


def test_java_home_goes_first(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(programs / "java", told("11"))
    program(tmp_path / "home" / "bin" / "java", told("21"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert java("Kafka") == str(tmp_path / "home" / "bin" / "java")


MAVEN = """\
import pathlib, sys
libs = pathlib.Path(next(a for a in sys.argv if a.startswith('-DoutputDirectory=')).partition('=')[2])
libs.mkdir()
(libs / 'a.jar').write_text('a')
with open({count!r}, 'a') as count:
    count.write('x')
"""


def test_jars_are_fetched_once_however_many_want_them(programs: Path, tmp_path: Path) -> None:
    program(programs / "mvn", MAVEN.format(count=str(tmp_path / "count")))
    folder, said = tmp_path / "cache" / "kafka-1", list[str]()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: jars(folder, POM, "Kafka 1", said.append), range(4)))
    assert found == [folder / "libs"] * 4
    assert (folder / "libs" / "a.jar").read_text() == "a"
    assert (tmp_path / "count").read_text() == "x"
    assert said == [f"fetching Kafka 1 out of Maven Central, once, into {folder}"]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["kafka-1", "kafka-1.lock"], "nothing is left beside"


def test_other_jars_replace_those_of_another_list(programs: Path, tmp_path: Path) -> None:
    program(programs / "mvn", MAVEN.format(count=str(tmp_path / "count")))
    folder = tmp_path / "cache" / "kafka-1"
    (folder / "libs").mkdir(parents=True)
    (folder / "libs" / "old.jar").touch()
    (folder / "pom.xml").write_text("<project>before</project>")
    jars(folder, POM, "Kafka 1", lambda _: None)
    assert [path.name for path in (folder / "libs").iterdir()] == ["a.jar"]


FAILING = """\
import pathlib, sys
libs = pathlib.Path(next(a for a in sys.argv if a.startswith('-DoutputDirectory=')).partition('=')[2])
libs.mkdir()
(libs / 'half.jar').write_text('half')
print('\\x1b[1;31mERROR\\x1b[m could not reach https://somebody:secret@mirror.example/maven2')
sys.exit(1)
"""


@pytest.mark.parametrize(("code", "said"), [(FAILING, "ERROR could not reach"), ("", "left no jars")])
def test_a_failed_fetch_is_told_and_leaves_nothing(programs: Path, tmp_path: Path, code: str, said: str) -> None:
    program(programs / "mvn", code)
    folder = tmp_path / "cache" / "kafka-1"
    with pytest.raises(StackError, match=said) as failure:
        jars(folder, POM, "Kafka 1", lambda _: None)
    assert "secret" not in str(failure.value)
    assert "\x1b" not in str(failure.value)
    assert not is_fetched(folder, POM)
    assert [path.name for path in folder.parent.iterdir()] == ["kafka-1.lock"]


def test_a_missing_maven_is_named_with_its_remedy(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="fetched with Maven, once: no mvn on the PATH; apt install maven"):
        jars(tmp_path / "kafka-1", POM, "Kafka 1", lambda _: None)


def test_the_cache_is_where_the_desktop_specification_puts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache() == tmp_path / "steadyline"
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert cache() == Path.home() / ".cache" / "steadyline"
