"""The bundled specs, of which `default` and `quick` take the smallest ones that hold what all of them hold.

What a spec says of itself (contracts, figures of other libraries, docs) is tested for all of them in every profile.
"""

from __future__ import annotations

import re
from pathlib import Path

from sampling import PROFILE, QUICK

import archspec

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))


def contents(path: Path, network: archspec.Network) -> set[str]:
    """The ops of a spec and its kinds of blocks; but for `quick` its family, too."""
    kinds = {f"block {block.kind}" for block in network.blocks.walk()}
    family = set() if QUICK else {re.split(r"[\d_]", path.stem)[0]}
    return {*family, *(f"op {node.op.name}" for node in network), *kinds}


def covering(networks: dict[Path, archspec.Network]) -> list[Path]:
    """Of the specs from small to large, those with a family, an op or a kind of block that none before has."""
    seen: set[str] = set()
    found = []
    for path in sorted(networks, key=lambda path: len(networks[path])):
        if contents(path, networks[path]) - seen:
            found.append(path)
            seen |= contents(path, networks[path])
    return sorted(found)


def variants(path: Path, network: archspec.Network) -> list[tuple[Path, str | None]]:
    """A spec without and with its variants; by day with the first of those that are no networks of their own."""
    names = list(network.variants)
    if PROFILE != "nightly":
        names = [name for name in names if not name.startswith(path.stem)][:1]
    return [(path, None), *((path, name) for name in names)]


_NETWORKS = {path: archspec.compile(path) for path in SPECS}

SOME_SPECS = SPECS if PROFILE == "nightly" else covering(_NETWORKS)
SOME_VARIANTS = [case for path in SOME_SPECS for case in variants(path, _NETWORKS[path])]
