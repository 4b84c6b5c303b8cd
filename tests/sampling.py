"""How many cases a run tries: every law runs in each profile, and `quick` tries fewer of the cases that state one law.

HYPOTHESIS_PROFILE is `quick` (`make test`), `default` (`make check`, and where nothing is said: every case, but of the
bundled specs those of `corpus`) or `nightly` (a long search). What is left out is the same at every run.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TypeVar

T = TypeVar("T")

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")
QUICK = PROFILE == "quick"


def examples(number: int) -> int:
    """How often Hypothesis tries a law that has a number of its own."""
    return max(number // 5, 5) if QUICK else number


def few(cases: Collection[T], number: int) -> list[T]:
    """All cases; in the profile `quick` at most ``number`` of them, evenly spread."""
    return list(cases)[:: -(-len(cases) // number) if QUICK else 1]
