"""Weights loaded into a model, or checked against a network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from typing_extensions import override

from archspec.compiler.given import Spec, compiled
from archspec.errors import ArchspecError, UsageError, shown
from archspec.ops.tensor import Shape
from archspec.pytorch.checkpoints import read_weights, state_dict
from archspec.pytorch.runtime import RULES
from archspec.pytorch.weights.match import match
from archspec.pytorch.weights.matching import Matching
from archspec.pytorch.weights.renaming import Rules
from archspec.pytorch.weights.tensors import constants


class WeightsError(UsageError):
    """A checkpoint that does not fit a model. Nothing of it was loaded.

    Attributes:
        matching: Every missing, unexpected and misshapen key.
    """

    def __init__(self, matching: Matching) -> None:
        self.matching = matching
        ArchspecError.__init__(self, f"the weights do not fit the network: {matching}")  # a report of many lines

    @override
    def __repr__(self) -> str:
        return f"<WeightsError: {self.matching!r}>"


def load_weights(
    model: nn.Module,
    weights: Mapping[str, Tensor] | str | os.PathLike[str],
    /,
    *,
    source: str | None = None,
    rules: Mapping[str, Rules] | None = None,
) -> Matching:
    """Load weights that archspec, torchvision or another library has named.

    Names and shapes are checked before anything is changed. A model on the device ``meta`` takes the tensors as its
    own, in its dtypes.

    Args:
        model: A module, its class from `build`, from an emitted file or from elsewhere.
        weights: A state_dict, or the path of a ``.safetensors`` file or of what ``torch.save`` wrote. A checkpoint
            may hold the state_dict among other things, under a name such as ``state_dict``, ``model`` or ``ema_model``.
        source: The library that named them, one of those that the spec has rules for; found out unless given.
        rules: How libraries name the tensors (`Network.weights`); those of the spec that `build` had unless given.

    Returns:
        Which name went where.

    Raises:
        WeightsError: The names or shapes do not fit; nothing was loaded.
        UsageError: The file cannot be read, or holds more than tensors, or tensors that cannot become weights: those
            without values, quantised, sparse, nested or complex. Nothing was loaded.
    """
    model = _inner(model)
    found = read_weights(weights) if isinstance(weights, str | os.PathLike) else state_dict(weights, "`weights`")
    expected = model.state_dict()
    if rules is None:
        rules = model.__dict__.get(RULES, {})
    matching = match(_shapes(expected), _shapes(found), rules, source, _constants(model))
    if not matching.ok:
        raise WeightsError(matching)
    empty = any(tensor.is_meta for tensor in expected.values())
    state = {ours: _taken(found[theirs], expected[ours], theirs) for ours, theirs in matching.names.items()}
    model.load_state_dict(state, strict=False, assign=empty)  # what may be missing is known
    if empty:
        _fill_constants(model)
    return matching


def _constants(model: nn.Module) -> frozenset[str]:
    """The buffers that layers of archspec fill, and never change."""
    blurs = (path for path, part in model.named_modules() if type(part).__name__ == "BlurPool2d")
    return frozenset(f"{path}.filt" if path else "filt" for path in blurs)


def _fill_constants(model: nn.Module) -> None:
    """Give a model that was built on ``meta`` the numbers that no checkpoint holds: those of one built elsewhere."""
    missing = {name: buffer.dtype for name, buffer in model.named_buffers() if buffer.is_meta}
    if not missing or RULES not in model.__dict__:
        return
    with torch.device("cpu"), _EmptyOnMeta():
        made = type(model)()
    for name, dtype in missing.items():
        owner, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(owner), leaf, made.get_buffer(name).to(dtype))


class _EmptyOnMeta(TorchFunctionMode):
    """Weights that begin as memory without values, as those of layers do, are made on ``meta``."""

    @override
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **{**(kwargs or {}), **({"device": "meta"} if func is torch.empty else {})})


def _taken(tensor: Tensor, expected: Tensor, name: str) -> Tensor:
    """A checkpoint's tensor in the shape and type of a model's, so that copying it cannot fail any more."""
    if tensor.is_meta:
        raise UsageError(f"the weights hold no values of `{shown(name)}`, which is on the device meta")
    try:
        return tensor.reshape(expected.shape).to(expected.dtype)
    except (RuntimeError, TypeError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(
            f"`{shown(name)}` is {tensor.dtype}, and no {expected.dtype} can be made of it: {reason}"
        ) from None


def _inner(model: nn.Module) -> nn.Module:
    """The module that torch.compile or a data-parallel wrapper holds."""
    if isinstance(model, nn.parallel.DistributedDataParallel | nn.DataParallel):
        return _inner(model.module)
    inner = getattr(model, "_orig_mod", None)
    return _inner(inner) if isinstance(inner, nn.Module) else model


def check_weights(
    network: Spec,
    file: str | os.PathLike[str],
    /,
    *,
    source: str | None = None,
    variant: str | None = None,
    **params: Any,
) -> Matching:
    """Match the names and shapes of a file of weights with a network's. Nothing is built, and no value is read.

    Args:
        network: A compiled network, or the path of a spec.
        file: A ``.safetensors`` file, or what ``torch.save`` wrote, see `load_weights`.
        source: The library that named the tensors; found out unless given.
        variant: One of the sets of parameters that the spec names.
        **params: Values of the spec's parameters.

    Raises:
        SpecError: The spec is wrong.
        UsageError: The file cannot be read, or holds more than tensors.
    """
    plan = compiled(network, variant, params)
    expected = {
        node.op.key(node.path, name): shape for node in plan for name, shape in {**node.weights, **node.buffers}.items()
    }
    return match(expected, _shapes(read_weights(file, device="meta")), plan.weights, source, constants(plan))


def _shapes(state: Mapping[str, Tensor]) -> dict[str, Shape]:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}
