"""All benchmarks: ``python -m tests.benchmarks``."""

from tests.benchmarks.replay import main

main()
