"""Grafana's own models of its API, by a small program in Go that is built once and kept in the user's cache."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.places import cache
from deploy.stack import golang
from deploy.stack.locks import locked

SOURCES = Path(__file__).parent / "openapi"
_BUILT_WITHIN = 600.0


def program() -> Path:
    """The program; built where it is not there. Without Go the test is skipped, and fails where CI is set."""
    if shutil.which("go") is None:
        reason = "no go on the PATH, which builds Grafana's own models: https://go.dev/dl"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    files = sorted(path for path in SOURCES.iterdir() if path.is_file())
    made_of = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:12]
    kept = cache() / f"grafana-models-{made_of}" / "validate"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with locked(kept.parent.with_suffix(".lock"), _BUILT_WITHIN):
            if not kept.exists():
                _build(kept)
    return kept


def _build(kept: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".build-", dir=kept.parent) as beside:
        folder = Path(beside)
        for path in SOURCES.iterdir():
            shutil.copy(path, folder)
        made = folder / "validate"
        arguments = ["go", "build", "-mod=readonly", "-trimpath", "-o", str(made), "."]
        golang.run(arguments, folder, _BUILT_WITHIN, "build Grafana's models")
        made.rename(kept)


def faults(bodies: Sequence[tuple[str, Any]]) -> list[str]:
    """What the models say against each body, by the name of its model; an empty text where it is one."""
    lines = b"\n".join(msgspec.json.encode({"model": model, "body": body}) for model, body in bodies)
    told = subprocess.run([str(program())], input=lines, capture_output=True, check=True, timeout=60).stdout
    return [msgspec.json.decode(line, type=str) for line in told.splitlines()]
