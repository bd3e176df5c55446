"""What is imported is what a plain install brings, by name and not by chance."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("streams", "producers", "alerts", "dashboards", "deploy")


def imported(path: Path) -> set[str]:
    """The top names that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module.partition(".")[0])
    return found


def plain(name: str) -> str:
    """A distribution's name as all write it alike."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_that_is_imported_is_declared_and_every_declared_one_is_used() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    declared = {plain(re.split(r"[^\w.-]", each, maxsplit=1)[0]) for each in wanted}
    names = {name for folder in OURS for path in (ROOT / folder).rglob("*.py") for name in imported(path)}
    brought = packages_distributions()
    foreign = {name: {plain(each) for each in brought[name]} for name in names - set(OURS) - sys.stdlib_module_names}
    assert {name for name, distributions in foreign.items() if not distributions & declared} == set()
    # Time zones are data: nobody imports them.
    assert declared - {each for distributions in foreign.values() for each in distributions} == {"tzdata"}
