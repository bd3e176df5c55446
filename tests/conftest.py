"""What every test shares."""

import os

from hypothesis import settings

# Whoever develops lets Hypothesis explore; continuous integration asks the same questions each time.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
