"""Fixtures of several files, and how many cases Hypothesis tries (`sampling` says what a profile is for)."""

import random
import sys

from command import run  # noqa: F401 - a fixture
from hypothesis import HealthCheck, settings
from sampling import PROFILE

settings.register_profile(
    "default", max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", settings.get_profile("default"), max_examples=40)
settings.register_profile(
    "nightly", max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile(PROFILE)

collect_ignore = [
    "plugin",
    "benchmarks",
    "fuzz.py",
    "distributed_worker.py",
    "networks_page.py",
    "imported_page.py",
    "import_survey.py",
    "sweep_cluster.py",
]
"""Run on their own: the plugin would add its op to the tables of every other test."""


def pytest_runtest_setup() -> None:
    """Random numbers are the same in each run of a test, whatever ran before it in its process."""
    random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
