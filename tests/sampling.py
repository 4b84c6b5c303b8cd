"""How many cases a run tries: every law runs in each profile, and `quick` tries fewer of the cases that state one law.

HYPOTHESIS_PROFILE is `quick` (`make test`), `default` (`make check`, and where nothing is said: every case) or
`nightly` (a long search). What is left out is the same at every run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

import archspec

T = TypeVar("T")

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")
QUICK = PROFILE == "quick"

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))


def examples(number: int) -> int:
    """How often Hypothesis tries a law that has a number of its own."""
    return max(number // 5, 5) if QUICK else number


def few(cases: Collection[T], number: int) -> list[T]:
    """All cases; in the profile `quick` about ``number`` of them, evenly spread."""
    return list(cases)[:: -(-len(cases) // number) if QUICK else 1]


def variants(path: Path, network: archspec.Network) -> list[tuple[Path, str | None]]:
    """A spec without and with its variants; in the profile `quick` with the first of them."""
    return [(path, None), *((path, name) for name in list(network.variants)[: 1 if QUICK else None])]


def contents(path: Path, network: archspec.Network) -> set[str]:
    """The family of a spec, its ops and its kinds of blocks."""
    kinds = {f"block {block.kind}" for block in network.blocks.walk()}
    return {re.split(r"[\d_]", path.stem)[0], *(f"op {node.op.name}" for node in network), *kinds}


def covering(networks: dict[Path, archspec.Network]) -> list[Path]:
    """Of the specs from small to large, those with a family, an op or a kind of block that none before has."""
    seen: set[str] = set()
    found = []
    for path in sorted(networks, key=lambda path: len(networks[path])):
        if contents(path, networks[path]) - seen:
            found.append(path)
            seen |= contents(path, networks[path])
    return sorted(found)


_NETWORKS = {path: archspec.compile(path) for path in SPECS}

SOME_SPECS = covering(_NETWORKS) if QUICK else SPECS
"""The bundled specs; in the profile `quick` the smallest ones that hold every family, op and kind of block."""

SOME_VARIANTS = [case for path in SOME_SPECS for case in variants(path, _NETWORKS[path])]
"""Specs, each without and with its variants."""
