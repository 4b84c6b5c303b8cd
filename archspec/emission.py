"""The PyTorch source of a network, given as such or by the path of its spec."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from archspec.compiler import compile
from archspec.errors import UsageError, listed
from archspec.network import Network

Spec = Network | str | os.PathLike[str]


def emit(network: Spec, /, *, variant: str | None = None, **params: Any) -> str:
    """The PyTorch source of a network: a file that imports only torch and the standard library.

    Args:
        network: A compiled network, or the path of a spec.
        variant: One of the sets of parameters that the spec names.
        **params: Values of the spec's parameters.

    Returns:
        Python source, the same bytes for the same network. Its last class is the network.

    Raises:
        SpecError: The spec is wrong.
        UsageError: There is no such variant or parameter, or the network is compiled already.

    >>> "class Lenet(nn.Module):" in emit("specs/lenet.yaml", num_classes=26)
    True
    """
    from archspec import emitter

    return emitter.emit(compiled(network, variant, params))


def compiled(network: Spec, variant: str | None, params: Mapping[str, Any]) -> Network:
    """The network, compiled where it is given by a path."""
    if not isinstance(network, Network):
        return compile(network, variant=variant, **params)
    asked = [*(["variant"] if variant is not None else []), *params]
    if asked:
        raise UsageError(
            f"`{network.name}` is compiled already, which settles {listed(asked)}; pass the path of its spec"
        )
    return network


def file_name(network: Network) -> str:
    """The file of a network's source, which Python can import."""
    from archspec import emitter

    return f"{emitter.module_name(network.name)}.py"


def first_difference(text: str, source: str) -> tuple[int, str, str] | None:
    """The number of the first line in which two texts differ, and that line of both; None where they are equal."""
    lines = zip_longest(text.splitlines(keepends=True), source.splitlines(keepends=True), fillvalue="")
    for number, (one, other) in enumerate(lines, 1):
        if one != other:
            return number, one, other
    return None
