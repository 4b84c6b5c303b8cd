"""Weights that a layer computes from other tensors each time that it runs."""

from dataclasses import replace
from math import prod
from typing import Literal

from archspec.errors import ArgumentError, Help
from archspec.ops.facts import Module
from archspec.ops.tensor import Shape

Normed = Literal["weight_norm", "spectral_norm"] | None
"""The function of torch.nn.utils.parametrizations that computes a weight."""

Computed = Literal["weight_norm", "spectral_norm", "standardize"] | None
"""The same, or each output's weights get mean 0 and variance 1 (Qiao et al. 2019, arXiv:1903.10520), as in timm."""

EPS = 1e-6
"""What timm adds to the variance of weights."""


def trained(kind: Computed, weights: dict[str, Shape]) -> dict[str, Shape]:
    """The trainable tensors of a layer: of one that is parametrised those of which its weight is computed.

    Args:
        kind: How the weight is computed.
        weights: The tensors of the layer without that, the ``weight`` among them.
    """
    if kind in (None, "standardize"):
        return weights
    others = {name: shape for name, shape in weights.items() if name != "weight"}
    weight, name = weights["weight"], "parametrizations.weight.original"
    if kind == "spectral_norm":
        return others | {name: weight}
    return others | {f"{name}0": (weight[0], *(1 for _ in weight[1:])), f"{name}1": weight}


def estimated(kind: Computed, weight: Shape, dim: int = 0) -> dict[str, Shape]:
    """The buffers: of `spectral_norm` both vectors of its power iteration.

    Args:
        kind: How the weight is computed.
        weight: The weight's shape.
        dim: Its dimension of outputs.
    """
    if kind != "spectral_norm":
        return {}
    rows = weight[dim]
    return {"parametrizations.weight.0._u": (rows,), "parametrizations.weight.0._v": (prod(weight) // rows,)}


def check_standardized(kind: Computed, weight: Shape, eps: float) -> None:
    """Refuse to standardise single numbers, and an ``eps`` that does nothing.

    Raises:
        ArgumentError: An output has but one weight, or `eps` is not above 0, or not asked for.
    """
    if kind != "standardize" and eps != EPS:
        message = "`eps` is that of standardised weights, and these are not"
        raise ArgumentError("eps", message, help="write `parametrize: standardize`, or leave it out")
    if eps <= 0:
        raise ArgumentError("eps", f"eps must be above 0, not {eps:g}", help=f"the default is {EPS:g}")
    if kind == "standardize" and prod(weight[1:]) == 1:
        message = "each output has one weight, of which there is no variance"
        raise ArgumentError("parametrize", message, help=Help.removal("leave it out here"))


def parametrized(kind: Computed, layer: Module) -> Module:
    """The layer that computes its weight so: a class of its own, or a layer of PyTorch in the function's hands."""
    if kind is None:
        return layer
    if kind == "standardize":
        return replace(layer, target=f"Std{layer.target.removeprefix('nn.')}")
    return replace(layer, within=f"nn.utils.parametrizations.{kind}")
