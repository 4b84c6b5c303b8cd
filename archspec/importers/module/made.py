"""Modules that a network does not hold, such as ``nn.ReLU()(x)`` in a forward: calls of functions, of no name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from torch import nn
from torch.nn.modules import module as hooks
from torch.nn.modules.dropout import _DropoutNd

from archspec.importers.module.runs import UnrecordableError


def join(module: nn.Module, training: bool) -> bool:
    """Let a module that the network does not hold train where the network does; whether it drops numbers on its own.

    Raises:
        UnrecordableError: It has tensors, which no state_dict of the network holds.
    """
    if any(True for _ in chain(module.parameters(), module.buffers())):
        raise UnrecordableError(
            f"a module {type(module).__name__} with tensors is called that the network does not hold: "
            "the constructor makes it, in an nn.ModuleList where there are several"
        )
    drops = not training and any(isinstance(part, _DropoutNd) and part.training for part in module.modules())
    module.train(training)
    return drops


@contextmanager
def joined(network: nn.Module) -> Iterator[None]:
    """Let all modules that a network calls train where it does, those too that it does not hold."""
    held = {id(part) for part in network.modules()}

    def entered(module: nn.Module, _args: Any) -> None:
        if id(module) not in held:
            join(module, network.training)

    handle = hooks.register_module_forward_pre_hook(entered)
    try:
        yield
    finally:
        handle.remove()
