"""The bundled specs, of which the profile `quick` takes the smallest ones that hold what all of them hold."""

from __future__ import annotations

import re
from pathlib import Path

from sampling import QUICK

import archspec

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))


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


def variants(path: Path, network: archspec.Network) -> list[tuple[Path, str | None]]:
    """A spec without and with its variants; in the profile `quick` with the first of them."""
    return [(path, None), *((path, name) for name in list(network.variants)[: 1 if QUICK else None])]


_NETWORKS = {path: archspec.compile(path) for path in SPECS}

SOME_SPECS = covering(_NETWORKS) if QUICK else SPECS
SOME_VARIANTS = [case for path in SOME_SPECS for case in variants(path, _NETWORKS[path])]
