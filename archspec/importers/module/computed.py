"""Weights that a module computes from other tensors at each call, as torch.nn.utils.parametrizations has them."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from torch.nn.utils import parametrizations
from torch.nn.utils.parametrize import ParametrizationList
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm


def kind_of(computing: ParametrizationList) -> str:
    """What ops call it in their argument `parametrize`; empty for a way that no op has."""
    if len(computing) != 1:
        return ""
    (one,) = computing
    if isinstance(one, parametrizations._WeightNorm):
        return "weight_norm" if one.dim == 0 else ""
    if isinstance(one, parametrizations._SpectralNorm):
        return "spectral_norm" if (one.n_power_iterations, one.eps) == (1, 1e-12) else ""
    return ""


def old_ways(module: nn.Module) -> Iterator[tuple[str, str]]:
    """The modules inside that compute their weights by the deprecated functions of torch.nn.utils, and which."""
    for path, part in module.named_modules():
        for hook in part._forward_pre_hooks.values():
            if isinstance(hook, WeightNorm | SpectralNorm):
                yield path, "weight_norm" if isinstance(hook, WeightNorm) else "spectral_norm"
