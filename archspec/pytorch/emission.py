"""The PyTorch source of a network, given as such or by the path of its spec."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from archspec.compiler.given import Spec, compiled
from archspec.network import Network


def emit(network: Spec, /, *, variant: str | None = None, **params: Any) -> str:
    """The PyTorch source of a network: a file that imports only torch and the standard library.

    Args:
        network: A compiled network, or the path of a spec.
        variant: One of the sets of parameters that the spec names.
        **params: Values of the spec's parameters.

    Returns:
        Python source, the same bytes for the same network. Its last class is the network.

    Raises:
        SpecError: The spec is wrong, or the source goes beyond the limit `source_nodes`.
        UsageError: There is no such variant or parameter, or the network is compiled already.

    >>> "class Lenet(nn.Module):" in emit("specs/lenet.yaml", num_classes=26)
    True
    """
    from archspec.pytorch import emitter

    return emitter.emit(compiled(network, variant, params))


def file_name(network: Network) -> str:
    """The file of a network's source, which Python can import."""
    from archspec.pytorch import emitter

    return f"{emitter.module_name(network.name)}.py"


def first_difference(text: str, source: str) -> tuple[int, str, str] | None:
    """The number of the first line in which two texts differ, and that line of both; None where they are equal."""
    lines = zip_longest(text.splitlines(keepends=True), source.splitlines(keepends=True), fillvalue="")
    for number, (one, other) in enumerate(lines, 1):
        if one != other:
            return number, one, other
    return None
