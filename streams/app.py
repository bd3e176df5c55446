"""The Faust app of the live watch: ``faust -A streams.app worker --without-web``; its settings come from the environment."""

import os

from streams.live import logs
from streams.live.settings import from_environment
from streams.live.worker import create_app

_settings = from_environment(os.environ)
app = create_app(_settings, logs=logs.configure(form=_settings.log_format, level=_settings.log_level, run=_settings.run))
