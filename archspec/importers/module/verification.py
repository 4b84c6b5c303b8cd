"""Whether a spec is what a module is: its tensors, its arithmetic, and what it gives."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from archspec.errors import UsageError
from archspec.importers.module.construction import hand_on
from archspec.importers.module.made import joined
from archspec.importers.module.runs import leaves
from archspec.network import Network
from archspec.pytorch.loading import load_weights
from archspec.pytorch.runtime import build
from archspec.pytorch.weights.match import closest
from archspec.pytorch.weights.matching import Matching
from archspec.pytorch.weights.renaming import Rules
from archspec.pytorch.weights.suggestions import with_suggestions
from archspec.pytorch.weights.tensors import constants

TOLERANCE = 1e-5
"""The largest difference of outputs, over their largest number, that counts as equal."""


@dataclass(frozen=True)
class ModuleReport:
    """What an imported module is.

    Attributes:
        params: Its parameters.
        macs: Its multiply-accumulates for one sample.
        blocks: The blocks of the spec.
        difference: The largest difference between the outputs of the module and of the spec with its weights, over the
            largest number; None where they were not compared.
        remarks: What was left out, and why.
    """

    params: int
    macs: int
    blocks: tuple[str, ...]
    difference: float | None
    remarks: tuple[str, ...] = ()

    @override
    def __repr__(self) -> str:
        return f"<ModuleReport: {self.params:,} params, {len(self.blocks)} blocks, {len(self.remarks)} remarks>"

    @override
    def __str__(self) -> str:
        same = {None: "outputs not compared", 0.0: "outputs equal bit for bit"}
        outputs = same.get(self.difference, f"outputs differ by {self.difference or 0:.1e} of the largest")
        return "\n".join([f"{self.params:,} params, {self.macs:,} MACs; {outputs}", *self.remarks])


def compared(
    module: nn.Module,
    network: Network,
    shapes: Sequence[Sequence[int]],
    known: Mapping[str, str],
    flops: int | None,
    *,
    outputs: bool,
) -> float | None:
    """The largest difference of outputs, where they are compared.

    Args:
        module: The module.
        network: What its spec compiles to.
        shapes: The shapes of the inputs, without the batch.
        known: The names in the spec of the module's tensors.
        flops: The FLOPs of the module for one sample; None where it computes what nothing takes.
        outputs: Whether to compare outputs.

    Raises:
        UsageError: The module and the spec differ.
    """
    held = {id(tensor): tensor.numel() for name, tensor in module.named_parameters() if name in known}
    params = sum(held.values())
    if params != network.params:
        raise UsageError(f"the spec has {network.params:,} parameters, and the module {params:,}")
    if flops not in (None, network.flops):
        raise UsageError(f"the spec has {network.flops:,} FLOPs, and the module {flops:,}")
    if problem := misled(module, network, network.weights, known):
        raise UsageError(problem)
    if not outputs:
        return None
    ours = build(network).eval()
    theirs = shaken(module)
    load_weights(ours, theirs.state_dict())
    return _difference(theirs, ours, shapes)


def misled(module: nn.Module, network: Network, sources: Mapping[str, Rules], known: Mapping[str, str]) -> str:
    """What rules of a spec do with tensors of a module that is wrong; empty where each gets where it belongs.

    Args:
        module: The module.
        network: The network of the spec.
        sources: The rules, by the library that they are for.
        known: The names in the spec of the module's tensors.
    """
    matching = _matching(module, network, sources)
    if not matching.ok:
        return f"weights of the module do not fit the spec: {with_suggestions(matching)}"
    wrong = _wrong(matching, known)
    return f"the tensor `{wrong[0]}` of the module is led to a wrong place of the spec" if wrong else ""


def is_led(module: nn.Module, network: Network, sources: Mapping[str, Rules], known: Mapping[str, str]) -> bool:
    """Whether rules lead each tensor of a module where it belongs; the arguments are those of `misled`."""
    matching = _matching(module, network, sources)
    return matching.ok and not _wrong(matching, known)


def _matching(module: nn.Module, network: Network, sources: Mapping[str, Rules]) -> Matching:
    expected = {
        node.op.key(node.path, name): shape
        for node in network
        for name, shape in {**node.weights, **node.buffers}.items()
    }
    found = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    return closest(expected, found, sources, constants=constants(network))


def _wrong(matching: Matching, known: Mapping[str, str]) -> list[str]:
    """The tensors of a module that are led to a wrong place."""
    return [theirs for own, theirs in matching.names.items() if known.get(theirs, own) != own]


def hollow(module: nn.Module) -> nn.Module:
    """A copy of a module for evaluation, whose tensors have shapes and no numbers."""
    memo: dict[int, Any] = {}
    for parameter in module.parameters():
        memo[id(parameter)] = nn.Parameter(torch.empty_like(parameter, device="meta"), parameter.requires_grad)
    for buffer in module.buffers():
        memo[id(buffer)] = torch.empty_like(buffer, device="meta")
    made = copy.deepcopy(module, memo).to("meta").eval()
    hand_on(module, made)
    return made


def shaken(module: nn.Module) -> nn.Module:
    """A copy of a module for evaluation, with weights and statistics of which no two are equal."""
    numbers = torch.Generator().manual_seed(0)
    module = copy.deepcopy(module)
    if any(parameter.is_meta for parameter in module.parameters()):
        module.to_empty(device="cpu")
    module.cpu().float().eval()
    with torch.no_grad():
        for part in module.modules():
            for name, parameter in part.named_parameters(recurse=False):
                _shake(name, parameter, numbers)
            for name, buffer in part.named_buffers(recurse=False):
                if name in ("running_mean", "running_var", "num_batches_tracked"):
                    _shake(name, buffer, numbers)
    return module


def _shake(name: str, tensor: Tensor, numbers: torch.Generator) -> None:
    if name == "num_batches_tracked":
        tensor.zero_()
    elif tensor.dim() > 1:
        bound = (3 / max(1, tensor[0].numel())) ** 0.5
        tensor.uniform_(-bound, bound, generator=numbers)
    elif name in ("weight", "running_var"):
        tensor.uniform_(0.5, 1.5, generator=numbers)
    else:
        tensor.normal_(0, 0.1, generator=numbers)


def _apart(one: Tensor, other: Tensor) -> float:
    """The largest difference over the largest number; where one has no number, the other has none either."""
    if not torch.equal(one.isnan(), other.isnan()):
        return float("nan")
    one, other = one.nan_to_num(), other.nan_to_num()
    return float((one - other).abs().max() / one.abs().max().clamp(min=1e-30))


def _difference(theirs: nn.Module, ours: nn.Module, shapes: Sequence[Sequence[int]]) -> float:
    """The largest difference of outputs, over the largest number.

    A deep network can make much of what rounding leaves, which float64 has hardly: so that decides where it is much.

    Raises:
        UsageError: It is too large.
    """
    worst = _largest(theirs, ours, shapes, torch.float32)
    if worst <= TOLERANCE:
        return worst
    try:
        exact = _largest(theirs.double(), ours.double(), shapes, torch.float64)
    except RuntimeError:  # of a module that computes in float32 itself
        exact = worst
    if not exact <= TOLERANCE:
        raise UsageError(f"the outputs of the module and of its spec differ by {worst:.1e} of the largest number")
    return exact


def _largest(theirs: nn.Module, ours: nn.Module, shapes: Sequence[Sequence[int]], dtype: torch.dtype) -> float:
    numbers = torch.Generator().manual_seed(0)
    given = [torch.randn(2, *shape, generator=numbers).to(dtype) for shape in shapes]
    with torch.inference_mode():
        with joined(theirs):
            outputs = theirs(*(each.clone() for each in given))
        wanted = [leaf.detach() for leaf in leaves(outputs) if isinstance(leaf, Tensor)]
        found = [leaf for leaf in leaves(ours(*given)) if isinstance(leaf, Tensor)]
    if [tensor.shape for tensor in wanted] != [tensor.shape for tensor in found]:
        sizes = ["; ".join(str(list(tensor.shape)) for tensor in tensors) for tensors in (wanted, found)]
        raise UsageError(f"the module gives tensors of the shapes {sizes[0]}, and the spec {sizes[1]}")
    return max((_apart(one, other) for one, other in zip(wanted, found, strict=True)), default=0.0)
