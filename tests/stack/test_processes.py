"""Processes are known by more than their number."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.stack.processes import Process, alive, born, end, start, until

DEAF = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
PATIENT = "import time; print('here', flush=True); time.sleep(600)"


def started(folder: Path, code: str) -> Process:
    """A Python process that runs the code, once it has printed something."""
    process = start(
        [sys.executable, "-c", code], folder=folder, environment={}, output=folder / "out", record=lambda process: None
    )
    assert until(lambda: (folder / "out").read_bytes() != b"", 30)
    return process


def test_a_recycled_number_is_another_process(tmp_path: Path) -> None:
    process = started(tmp_path, PATIENT)
    before = Process(process.pid, "the same number, in another life")
    assert not alive(before)
    assert end(before, 1), "what is gone need not be ended"
    assert alive(process), "and who has its number now is left alone"
    assert end(process, 30)
    assert not alive(process)


def test_a_process_that_does_not_go_is_made_to(tmp_path: Path) -> None:
    process = started(tmp_path, DEAF)
    assert not end(process, 0.1)
    assert not alive(process)


def test_ending_what_has_ended_is_no_error(tmp_path: Path) -> None:
    process = started(tmp_path, "print('bye')")
    assert until(lambda: not alive(process), 30)
    assert end(process, 1)


def test_what_is_left_of_a_process_is_no_process() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        assert until(lambda: born(child.pid) is None, 30), "it has ended, and nobody has taken note"


def test_a_command_runs_only_once_it_is_recorded(tmp_path: Path) -> None:
    recorded: list[Process] = []

    def record(process: Process) -> None:
        assert alive(process)
        assert not (tmp_path / "ran").exists()
        recorded.append(process)

    start(["touch", "ran"], folder=tmp_path, environment={}, output=tmp_path / "out", record=record)
    assert until((tmp_path / "ran").exists, 30)
    assert len(recorded) == 1


def test_a_program_that_dies_before_it_records_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal\n"
        "from deploy.stack.processes import start\n"
        "def record(process):\n"
        "    pathlib.Path('pid').write_text(f'{process.pid}')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "here = pathlib.Path('.')\n"
        "start(['sh', '-c', 'touch ran; sleep 600'], folder=here, environment={}, output=here / 'out', record=record)\n"
    )
    root = Path(__file__).parents[2]
    died = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)}, check=False)
    assert died.returncode == -signal.SIGKILL
    pid = int((tmp_path / "pid").read_text())
    assert until(lambda: born(pid) is None, 30)
    assert not (tmp_path / "ran").exists()


def test_an_interrupted_record_leaves_nothing_behind(tmp_path: Path) -> None:
    seen: list[Process] = []

    def record(process: Process) -> None:
        seen.append(process)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        start(["touch", "ran"], folder=tmp_path, environment={}, output=tmp_path / "out", record=record)
    assert until(lambda: not alive(seen[0]), 30)
    assert not (tmp_path / "ran").exists()
