"""When a process that serves for hours looks for objects that nobody has."""

from __future__ import annotations

import gc

_ALLOCATIONS = 100_000
"""Objects made between two looks: each look takes milliseconds, and one at ten times as many is felt while typing."""


def collect_seldom() -> None:
    """Look seldom, and never at what is there from the start, which stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS)
