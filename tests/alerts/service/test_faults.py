"""A desk that is killed at any step loses no page, and says none twice but in the one case that cannot be helped."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.alerts.receivers import webhook


def test_killed_at_every_step_of_a_page_s_life_the_desk_loses_none_and_doubles_none_but_in_the_named_case(
    tmp_path: Path,
) -> None:
    with webhook() as hook:
        command = [sys.executable, "-m", "tests.alerts.service.dying", str(tmp_path), hook.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    # The last life was killed nowhere: there are no more steps.
    assert steps[-1]["ended"] == [0, 0]
    assert [step["ended"] for step in steps[:-1]] == [[-9, 0]] * (len(steps) - 1)
    assert {"before the alarm", "after the alarm", "before the journal", "after the journal", "after the all-clear"} <= {
        step["died"] for step in steps
    }
    for place, step in enumerate(steps):
        calls = [call for call in hook.calls if call.path == f"/{step['step']}"]
        keys = Counter(call.headers["Idempotency-Key"] for call in calls)
        assert {call.body["kind"] for call in calls} == {"alarm", "all-clear"}, step
        assert len(keys) == 2, step
        said = steps[place - 1]["died"] if place else None
        # Between what was said and its record: right after it, or before the journal had it.
        named = str(step["died"]).startswith(("after the al",)) or (
            step["died"] == "before the journal" and str(said).startswith("after the al")
        )
        assert max(keys.values()) == (2 if named else 1), step
