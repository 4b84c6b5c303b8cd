"""A network given as such, by its name, or by the path of its spec."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from archspec.compiler.pipeline import compile
from archspec.errors import UsageError, listed
from archspec.network import Network

Spec = Network | str | os.PathLike[str]


def compiled(network: Spec, variant: str | None, params: Mapping[str, Any]) -> Network:
    """The network, compiled where it is given by its name or a path."""
    if not isinstance(network, Network):
        return compile(network, variant=variant, **params)
    asked = [*(["variant"] if variant is not None else []), *params]
    if asked:
        raise UsageError(
            f"`{network.name}` is compiled already, which settles {listed(asked)}; pass the path of its spec"
        )
    return network
