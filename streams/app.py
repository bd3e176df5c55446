"""The Faust app of the live watch: ``faust -A streams.app worker -l info --without-web``; settings from the environment."""

import os

from streams.live.settings import from_environment
from streams.live.worker import create_app

app = create_app(from_environment(os.environ))
