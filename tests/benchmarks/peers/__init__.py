"""The same job by other streaming frameworks, each in an environment of its own: ``python -m tests.benchmarks peers``."""
