"""Java, and jars out of Maven Central: fetched once, kept under their version in the user's cache."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from deploy.stack import building
from deploy.stack.locks import locked
from deploy.stack.service import MissingError, StackError, Tell

JAVA = 17
_FETCHED_WITHIN = 600.0
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def java(purpose: str) -> str:
    """The path of a Java that is new enough: in ``JAVA_HOME``, else on the path.

    Args:
        purpose: What needs it.

    Raises:
        MissingError: when there is none.
    """
    needs = f"{purpose} needs Java {JAVA} or newer"
    helps = f"on Debian and Ubuntu: apt install openjdk-{JAVA}-jre-headless"
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    found = found or shutil.which("java")
    if found is None:
        raise MissingError(f"{needs}: no java in JAVA_HOME or on the PATH; {helps}")
    told = subprocess.run(  # noqa: S603 - asks a program for its version
        [found, "-version"], capture_output=True, text=True, check=False, timeout=30
    ).stderr
    version = _VERSION.search(told)
    if version is None:
        raise MissingError(f"{needs}: {found} does not tell its version; {helps}")
    if int(version[1]) < JAVA:
        raise MissingError(f"{needs}: {found} is Java {version[1]}; {helps}")
    return found


def is_fetched(folder: Path, pom: str) -> bool:
    """Whether ``folder`` holds the jars of this ``pom``."""
    try:
        return (folder / "pom.xml").read_text() == pom
    except FileNotFoundError:
        return False


def jars(folder: Path, pom: str, purpose: str, tell: Tell) -> Path:
    """The folder ``libs`` in ``folder`` with all jars that ``pom`` asks for; fetched where it is not there.

    It is there whole or not at all, whatever happens on the way and however many programs want it at once.

    Raises:
        MissingError: when Maven is needed and missing.
        StackError: when Maven fails.
    """
    libs = folder / "libs"
    if is_fetched(folder, pom):
        return libs
    with locked(folder.parent / f"{folder.name}.lock", _FETCHED_WITHIN):
        if is_fetched(folder, pom):
            return libs
        maven = shutil.which("mvn")
        if maven is None:
            raise MissingError(f"the jars of {purpose} are fetched with Maven, once: no mvn on the PATH; apt install maven")
        tell(f"fetching {purpose} out of Maven Central, once, into {folder}")
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
            built = Path(beside) / "built"
            built.mkdir()
            (built / "pom.xml").write_text(pom)
            _copy(maven, built, purpose)
            if folder.exists():
                folder.rename(Path(beside) / "old")
            built.rename(folder)
    return libs


def _copy(maven: str, folder: Path, purpose: str) -> None:
    failed = f"Maven did not fetch {purpose}"
    building.run(
        [maven, "-q", "-B", _COPY, f"-DoutputDirectory={folder / 'libs'}", "-DincludeScope=runtime"],
        folder,
        _FETCHED_WITHIN,
        failed,
    )
    if not any((folder / "libs").glob("*.jar")):
        raise StackError(f"{failed}: it ended well and left no jars")
