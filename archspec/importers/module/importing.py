"""From a module to a spec."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from archspec.compiler.pipeline import compile_text
from archspec.errors import ArchspecError, SpecError, UsageError, shown
from archspec.importers.imported import Imported
from archspec.importers.module import batches
from archspec.importers.module.alike import make_alike
from archspec.importers.module.computed import old_ways
from archspec.importers.module.draft import Graph, Wire
from archspec.importers.module.drafting import Refusal, drafted, is_told
from archspec.importers.module.folding import folded
from archspec.importers.module.idioms import recognise
from archspec.importers.module.recording import is_of_torch, record
from archspec.importers.module.renaming import in_order, own_names, rules
from archspec.importers.module.runs import Held, Run, UnrecordableError, Value, Visit, leaves
from archspec.importers.module.simplifying import simplify
from archspec.importers.module.tidying import tidy
from archspec.importers.module.verification import ModuleReport, compared, hollow, is_led
from archspec.importers.module.windows import join_single, part_single
from archspec.importers.writing import write
from archspec.language.limits import Limits
from archspec.language.names import similar_name, spec_name_problem
from archspec.network import Network


class NotImportableError(UsageError):
    """A module that no spec says; the text has a line for each thing that cannot be said.

    Attributes:
        refused: These things.
    """

    def __init__(self, text: str, refused: Sequence[Refusal] = ()) -> None:
        ArchspecError.__init__(self, text)
        self.refused = refused


def from_module(
    module: nn.Module,
    /,
    *inputs: Tensor | Sequence[int],
    name: str | None = None,
    verify: bool = True,
) -> Imported:
    """A spec that says what a module computes.

    The module runs in evaluation on the device ``meta``, so that its code runs. Blocks are its classes, parameters what
    differs between their uses, and names those of the state_dict.

    Args:
        module: The module. It is not changed.
        *inputs: Its inputs: shapes without the batch, or tensors with it.
        name: The name of the network; that of the module's class unless given.
        verify: Whether to compare outputs, with random weights and statistics; tensors, parameters and FLOPs are
            compared in any case.

    Returns:
        The spec and a report, a `ModuleReport`. Weights of the module load into what the spec builds.

    Raises:
        UsageError: Something of the module cannot be said in a spec, or the spec does not agree with it.
    """
    _check_kind(module)
    shapes = [tuple(each.shape[1:]) if isinstance(each, Tensor) else tuple(each) for each in inputs]
    names = _input_names(module, len(shapes))
    run, graph, flops = graph_of(module, shapes, names)
    trained: set[str] = set()
    if not tensor_names(graph).keys() >= {key for key, _ in module.named_parameters()}:
        graph, trained = _with_training(module, shapes, names, graph)
    spec = folded(graph, name or _network_name(module), dict(zip(names, shapes, strict=True)), trained)
    known = tensor_names(graph)
    renamed = rules(known, list(module.state_dict()))
    if len(renamed) > 1:
        plain = _compiled(spec, module)
        renamed = in_order(renamed, lambda rules: is_led(module, plain, {_OWN: rules}, known))
    if renamed:
        spec["weights"] = {_library_name(module): renamed}
    network = _compiled(spec, module)
    said = {held.name for held in _given(run.root) if held.fixed is not None}
    left_out = [
        f"its numbers are in the spec, and not in checkpoints: {key}" if key in said
        else f"left out, since nothing in evaluation depends on it: {key}"
        for key, own in renamed.items() if own is None
    ]  # fmt: skip
    difference = compared(module, network, shapes, known, flops, outputs=verify)
    dropping = [f"drops numbers in evaluation too, where the spec's does not: {each}" for each in run.dropping]
    remarks = (*left_out, *dropping, *_idle_in_evaluation(run.root), *_otherwise_in_training(run.root))
    report = ModuleReport(network.params, network.macs, tuple(spec.get("blocks", ())), difference, remarks)
    return Imported(write(spec | {"expect": contract(network)}), report)


def _check_kind(module: object) -> None:
    """Refuse what is no module, and modules that cannot be said whatever they compute.

    Raises:
        UsageError: It is such.
    """
    if not isinstance(module, nn.Module):
        raise UsageError(f"from_module takes an nn.Module, not {type(module).__name__}")
    if _nests_deep(module):
        raise UsageError(
            f"{type(module).__name__} cannot be imported: its modules nest deeper than {_MOST_NESTED}, "
            f"and a spec holds blocks at most {Limits().nesting} deep"
        )
    if old := next(old_ways(module), None):
        raise UsageError(
            f"`{old[0]}` of {type(module).__name__} computes its weight by torch.nn.utils.{old[1]}, which PyTorch has "
            f"deprecated: use torch.nn.utils.parametrizations.{old[1]}"
        )


_MOST_NESTED = 2 * Limits().nesting
"""How deep modules may hold one another: not each of them is a block."""


def _nests_deep(module: nn.Module) -> bool:
    """Whether modules nest so deep that PyTorch's own walks, which call themselves, would end Python's stack."""
    level = [module]
    for _ in range(_MOST_NESTED):
        level = list(
            {id(child): child for each in level for child in each._modules.values() if child is not None}.values()
        )
    return bool(level)


_OWN = "module"
"""The source of rules that are tried."""


def graph_of(
    module: nn.Module, shapes: Sequence[Sequence[int]], names: Sequence[str], *, training: bool = False
) -> tuple[Run, Graph, int | None]:
    """What two runs, with batches of different sizes, say of a module.

    Returns:
        The first run, its graph, and the FLOPs for one sample; None where it computes what nothing takes.
    """
    try:
        one, other = (_run(module, size, shapes, training=training) for size in batches.BATCHES)
        batches.compare(one.root, other.root)
        for mine, its in zip(one.inputs, other.inputs, strict=True):
            batches.merge_values(mine, its)
        if not any(isinstance(leaf, Value) for leaf in leaves(one.root.outputs)):
            raise UnrecordableError("it returns no tensor")
        recognise(one.root)
        joined = join_single(one.root)
        graph, refused = drafted(one.root, one.inputs, names)
        if refused and joined:
            part_single(joined)
            graph, refused = drafted(one.root, one.inputs, names)
    except UnrecordableError as problem:
        raise UsageError(f"{type(module).__name__} cannot be imported: {problem}") from None
    if refused:
        raise NotImportableError(_refusal(module, refused), refused)
    idle = tidy(graph)
    simplify(graph)
    make_alike(graph)
    return one, graph, None if idle else batches.of_one(one.flops, other.flops)


def _with_training(
    module: nn.Module, shapes: Sequence[Sequence[int]], names: Sequence[str], graph: Graph
) -> tuple[Graph, set[str]]:
    """A graph with the heads that only training has, and the names of their outputs.

    It is the one of evaluation where a run in training is refused, or lacks outputs of it.
    """
    try:
        _, trained, _ = graph_of(module, shapes, names, training=True)
    except UsageError:
        return graph, set()
    outputs: dict[str, Wire] = {}
    left = dict(trained.outputs)
    for name, wire in graph.outputs.items():
        same = next((port for port, other in left.items() if _is_same(wire, other)), None)
        if same is None:
            return graph, set()
        outputs[name if len(graph.outputs) > 1 else same] = left.pop(same)
    if "output" in outputs and left:
        outputs = {("logits" if name == "output" else name): wire for name, wire in outputs.items()}
    trained.outputs = outputs | left
    return trained, set(left)


def _is_same(one: Wire, other: Wire) -> bool:
    """Whether wires of two runs are of nodes of one name and kind."""
    if one.node is None or other.node is None:
        return False
    return (one.node.name, one.node.op, one.port) == (other.node.name, other.node.op, other.port)


def _given(visit: Visit) -> Iterator[Held]:
    """The tensors of the module that functions of torch are given, those that give numbers too."""
    todo: list[Any] = list(visit.steps)
    while todo:
        step = todo.pop()
        if isinstance(step, Visit):
            todo += step.steps
            continue
        for leaf in leaves((step.args, step.kwargs)):
            if isinstance(leaf, Held):
                yield leaf
            elif isinstance(leaf, Value) and leaf.origin is not None:
                todo.append(leaf.origin)


def _idle_in_evaluation(visit: Visit) -> list[str]:
    """Modules that do nothing in evaluation, of kinds whose work in training is not known."""
    found: dict[str, list[str]] = {}
    todo = [visit]
    while todo:
        each = todo.pop(0)
        if isinstance(each, Visit):
            todo += [step for step in each.steps if isinstance(step, Visit)]
            if not each.steps and not isinstance(each.module, nn.Identity | nn.Sequential) and not is_told(each):
                found.setdefault(type(each.module).__name__, []).append(each.path)
    return [f"what {name} does in training is left out: {paths[0]}{f' and {len(paths) - 1} more' if paths[1:] else ''}"
            for name, paths in found.items()]  # fmt: skip


def _otherwise_in_training(visit: Visit) -> list[str]:
    """Functions that in training do what the op that they are in evaluation does not."""
    called = {call.function.rstrip("_") for call in visit.calls()}
    return [
        f"what {name} does in training is left out: it is {op}" for name, op in _IN_TRAINING.items() if name in called
    ]


_IN_TRAINING = {"rrelu": "leaky_relu", "alpha_dropout": "dropout", "feature_alpha_dropout": "dropout2d"}
"""Functions with numbers of their own in training, and the op that they are."""


def _run(module: nn.Module, size: int, shapes: Sequence[Sequence[int]], *, training: bool) -> Run:
    """A run with a batch.

    Raises:
        UsageError: The module fails on the device ``meta``.
    """
    buffers = {name: buffer.cpu() for name, buffer in module.named_buffers() if not buffer.is_meta}
    inputs = [torch.empty(size, *shape, device="meta") for shape in shapes]
    try:
        return record(hollow(module).train(training).requires_grad_(False), inputs, buffers)
    except (ArchspecError, UnrecordableError):
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        frame = [each for each in frames if not is_of_torch(each.filename)][-1]
        raise UsageError(
            f"{type(module).__name__} raises {type(error).__name__}: {shown(str(error))} "
            f"({shown(frame.filename)}:{frame.lineno})"
        ) from error


def tensor_names(graph: Graph) -> dict[str, str]:
    """The names of the module's tensors in the spec."""
    known = dict(own_names(graph))
    for key, own in list(known.items()):
        if key.endswith("running_mean"):
            theirs, ours = key.removesuffix("running_mean"), own.removesuffix("running_mean")
            known[f"{theirs}num_batches_tracked"] = f"{ours}num_batches_tracked"
    return known


def _compiled(spec: Mapping[str, Any], module: nn.Module) -> Network:
    try:
        return compile_text(write(spec), name=spec["name"])
    except SpecError as error:
        if {each.code for each in error.diagnostics} == {"limit-exceeded"}:
            first = error.diagnostics[0].message
            raise UsageError(
                f"{type(module).__name__} cannot be imported, as its spec would be too large: {first}"
            ) from None
        raise NotImportableError(
            f"what was found in {type(module).__name__} does not compile; this is a fault of archspec:\n{error}"
        ) from None


def contract(network: Network) -> dict[str, Any]:
    """What a spec expects of its network, as it is now."""
    outputs = {name: list(output.shape) for name, output in network.outputs.items()}
    figures: dict[str, Any] = {"params": network.params, "macs": network.macs}
    return figures | ({"output": outputs["output"]} if list(outputs) == ["output"] else {"outputs": outputs})


def _input_names(module: nn.Module, count: int) -> list[str]:
    """Names of inputs: those of forward's parameters."""
    parameters = list(inspect.signature(module.forward).parameters)[:count]
    names = ["image" if name in ("x", "input") and count == 1 else name for name in parameters]
    return names if len(set(names)) == count else [f"input{i + 1}" for i in range(count)]


def _library_name(module: nn.Module) -> str:
    """The package of a module's class, as a source of weights is named; that of a script is ``__main__``."""
    name = type(module).__module__.partition(".")[0]
    return name if not spec_name_problem(name) else similar_name(name, spec_name_problem) or _OWN


def _network_name(module: nn.Module) -> str:
    name = type(module).__name__
    return name if not spec_name_problem(name) else similar_name(name, spec_name_problem) or "network"


def _refusal(module: nn.Module, refused: Sequence[Refusal]) -> str:
    seen: dict[tuple[str, str], list[str]] = {}
    for each in refused:
        seen.setdefault((each.message, each.place), []).append(each.path)
    lines = [f"{type(module).__name__} cannot be said in a spec:"]
    for (message, place), paths in seen.items():
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        where = f" ({place})" if place else ""
        lines.append(f"  {paths[0] or 'the network'}{more}: {message}{where}")
    return "\n".join(lines)
