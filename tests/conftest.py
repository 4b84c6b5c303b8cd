"""Fixtures of several files, and how many cases Hypothesis tries.

HYPOTHESIS_PROFILE is `default` (each change) or `nightly` (a long search).
"""

import os

from command import run  # noqa: F401 - a fixture
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "nightly", max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

collect_ignore = ["plugin", "benchmarks", "fuzz.py"]
"""Imported on their own: the plugin would add its op to the tables of every other test."""
