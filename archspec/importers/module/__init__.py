"""Import of an ``nn.Module``: one run of it on tensors without data becomes a spec worth editing."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import archspec
from archspec.errors import SpecError, UsageError
from archspec.importers.imported import Imported
from archspec.importers.module import batches
from archspec.importers.module.drafting import Refusal, drafted
from archspec.importers.module.folding import folded
from archspec.importers.module.recording import Unrecordable, Value, Visit, record
from archspec.importers.module.renaming import own_names, rules
from archspec.importers.writing import write
from archspec.language.names import similar_name, spec_name_problem

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

    def __str__(self) -> str:
        same = {None: "outputs not compared", 0.0: "outputs equal bit for bit"}
        outputs = same.get(self.difference, f"outputs differ by {self.difference or 0:.1e} of the largest")
        return "\n".join([f"{self.params:,} params, {self.macs:,} MACs; {outputs}", *self.remarks])


def from_module(
    module: nn.Module,
    /,
    *inputs: Tensor | Sequence[int],
    name: str | None = None,
    verify: bool = True,
) -> Imported:
    """A spec that says what a module computes.

    The module runs twice in evaluation, on the device ``meta``, so that its code runs. Blocks are its classes,
    parameters what differs between their uses, and names those of the state_dict.

    Args:
        module: The module.
        *inputs: Its inputs: shapes without the batch, or tensors with it.
        name: The name of the network; that of the module's class unless given.
        verify: Whether to compare outputs, with random weights and statistics; the tensors, parameters and FLOPs are
            compared in any case.

    Returns:
        The spec and a report.

    Raises:
        UsageError: Something of it cannot be said in a spec, or the spec does not agree with the module.
    """
    shapes = [tuple(each.shape[1:]) if isinstance(each, Tensor) else tuple(each) for each in inputs]
    names = _input_names(module, len(shapes))
    first, second, values = _runs(module, shapes)
    graph, refused = drafted(first, values, names)
    if refused:
        raise UsageError(_refusal(module, refused))
    network_name = name or _network_name(module)
    spec = folded(graph, network_name, dict(zip(names, shapes, strict=True)))
    tensors = module.state_dict()
    known = dict(own_names(graph))
    known |= {f"{key.rpartition('.')[0]}.num_batches_tracked": f"{own.rpartition('.')[0]}.num_batches_tracked"
              for key, own in known.items() if key.endswith("running_mean")}  # fmt: skip
    renamed = rules(known, [key for key in tensors])
    if renamed:
        spec["weights"] = {type(module).__module__.partition(".")[0]: renamed}
    text = write(spec)
    try:
        network = archspec.compile_text(text, name=network_name)
    except SpecError as error:
        raise UsageError(
            f"what was found in {type(module).__name__} does not compile; this is a fault of archspec:\n{error}"
        ) from None
    left_out = [key for key, own in renamed.items() if own is None]
    remarks = [f"left out, since evaluation does not run it: {key}" for key in left_out]
    difference = _verified(module, network, shapes, set(tensors) - known.keys(), verify)
    spec["expect"] = _contract(network)
    report = ModuleReport(network.params, network.macs, tuple(spec.get("blocks", ())), difference, tuple(remarks))
    return Imported(write(spec), report)


def _contract(network: archspec.Network) -> dict[str, Any]:
    outputs = {name: list(output.shape) for name, output in network.outputs.items()}
    figures: dict[str, Any] = {"params": network.params, "macs": network.macs}
    if list(outputs) == ["output"]:
        return figures | {"output": outputs["output"]}
    return figures | {"outputs": outputs}


def _runs(module: nn.Module, shapes: Sequence[Sequence[int]]) -> tuple[Visit, Visit, list[Value]]:
    """Two runs with batches of different sizes."""
    try:
        traced = copy.deepcopy(module).to("meta").eval()
        runs = [
            record(traced, [torch.empty(batch, *shape, device="meta") for shape in shapes]) for batch in batches.BATCHES
        ]
        (first, values), (second, others) = runs
        batches.compare(first, second)
        for one, other in zip(values, others, strict=True):
            batches.merge_values(one, other)
    except Unrecordable as problem:
        raise UsageError(f"{type(module).__name__} cannot be imported: {problem}") from None
    return first, second, values


def _input_names(module: nn.Module, count: int) -> list[str]:
    """Names of inputs: those of forward's parameters."""
    parameters = [name for name in inspect.signature(module.forward).parameters][:count]
    names = ["image" if name in ("x", "input") and count == 1 else name for name in parameters]
    return names if len(set(names)) == count else [f"input{i + 1}" for i in range(count)]


def _network_name(module: nn.Module) -> str:
    name = type(module).__name__
    return name if not spec_name_problem(name) else similar_name(name, spec_name_problem) or "network"


def _refusal(module: nn.Module, refused: Sequence[Refusal]) -> str:
    lines = [f"{type(module).__name__} cannot be said in a spec:"]
    seen: dict[tuple[str, str], list[str]] = {}
    for each in refused:
        seen.setdefault((each.message, each.place), []).append(each.path)
    for (message, place), paths in seen.items():
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        lines.append(f"  {paths[0] or 'the network'}{more}: {message} ({place})")
    return "\n".join(lines)


def _verified(
    module: nn.Module, network: archspec.Network, shapes: Sequence[Sequence[int]], left_out: set[str], verify: bool
) -> float | None:
    """The largest difference of outputs.

    Raises:
        UsageError: The module and the spec differ.
    """
    own = sum(tensor.numel() for name, tensor in module.named_parameters() if name not in left_out)
    if own != network.params:
        raise UsageError(f"the spec has {network.params:,} parameters, and the module {own:,}")
    traced = copy.deepcopy(module).to("meta").eval()
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        traced(*(torch.empty(1, *shape) for shape in shapes))
    if counter.get_total_flops() != network.flops:
        raise UsageError(f"the spec has {network.flops:,} FLOPs, and the module {counter.get_total_flops():,}")
    ours = archspec.build(network, device="meta").eval()
    if not verify:
        return None
    theirs = shaken(copy.deepcopy(module))
    archspec.load_weights(ours, theirs.state_dict())
    images = [torch.randn(2, *shape) for shape in shapes]
    with torch.inference_mode():
        wanted, found = _tensors(theirs(*images)), _tensors(ours(*images))
    worst = 0.0
    for one, other in zip(wanted, found, strict=True):
        worst = max(worst, float((one - other).abs().max() / one.abs().max().clamp(min=1e-30)))
    if not worst <= TOLERANCE:
        raise UsageError(f"the outputs differ by {worst:.1e} of the largest number")
    return worst


def shaken(module: nn.Module) -> nn.Module:
    """The module with weights and statistics of which no two are equal."""
    numbers = torch.Generator().manual_seed(0)
    module = module.to_empty(device="cpu") if next(iter(module.parameters())).is_meta else module.cpu()
    with torch.no_grad():
        for part in module.modules():
            for name, tensor in part.named_parameters(recurse=False):
                if tensor.dim() > 1:
                    bound = (3 / max(1, tensor[0].numel())) ** 0.5
                    tensor.uniform_(-bound, bound, generator=numbers)
                elif name == "weight":
                    tensor.uniform_(0.5, 1.5, generator=numbers)
                else:
                    tensor.normal_(0, 0.1, generator=numbers)
            for name, tensor in part.named_buffers(recurse=False):
                if name == "running_mean":
                    tensor.normal_(0, 0.1, generator=numbers)
                elif name == "running_var":
                    tensor.uniform_(0.5, 1.5, generator=numbers)
                elif name == "num_batches_tracked":
                    tensor.zero_()
    return module.eval()


def _tensors(outputs: Any) -> list[Tensor]:
    if isinstance(outputs, Tensor):
        return [outputs]
    items = outputs.values() if isinstance(outputs, dict) else outputs
    return [tensor for item in items if item is not None for tensor in _tensors(item)]
