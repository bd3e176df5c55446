"""A program that was stopped notices before it does anything else."""

import signal
import subprocess
import sys
import time

SLEEPER = """
import sys, time
from streams.live.pulse import Pulse, SleptError
pulse = Pulse(0.5)
print("awake", flush=True)
sum(number * number for number in range(3_000_000))
pulse.feel()
for line in sys.stdin:
    try:
        pulse.feel()
        print("well", flush=True)
    except SleptError as error:
        print(error, flush=True)
    if "again" in line:
        pulse.reset()
"""


def test_a_sleep_is_noticed_and_hard_work_is_none() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "awake\n"
        process.stdin.write("now\n")
        assert process.stdout.readline() == "well\n"
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.0)  # the length of the sleep is what is tested
        process.send_signal(signal.SIGCONT)
        process.stdin.write("again\n")
        assert process.stdout.readline().startswith("stood still for 1 s, longer than its partitions are kept for it (0.5 s)")
        process.stdin.write("now\n")
        assert process.stdout.readline() == "well\n"
        process.stdin.close()
