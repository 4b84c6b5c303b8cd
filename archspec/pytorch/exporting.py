"""Networks as files of other runtimes: ONNX, and what `torch.export.load` reads. This file imports torch."""

from __future__ import annotations

import io
import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from archspec.compiler.given import Spec, compiled
from archspec.errors import UsageError, shown
from archspec.files import write
from archspec.network import Network
from archspec.pytorch.loading import load_weights
from archspec.pytorch.programs import sayable
from archspec.pytorch.runtime import build

if TYPE_CHECKING:
    from torch.export import ExportedProgram  # which takes seconds

ENDINGS = (".onnx", ".pt2")
"""How the names of files end that are written."""

_BATCH = 2
"""Samples of the run that is exported: of one, the batch would be taken for a fixed size."""

_LARGEST_ONNX = 2**31 - 1
"""Bytes of one message of protobuf."""


def export(
    network: Spec,
    path: str | os.PathLike[str],
    /,
    *,
    variant: str | None = None,
    weights: str | os.PathLike[str] | None = None,
    **params: Any,
) -> None:
    """Write a network, in evaluation and for batches of any size, as a file that other runtimes read.

    What is written has the network's own layers: a batch normalisation is not fused into the convolution before it,
    no tensor is merged with one of equal numbers, and tensors have the names of the state_dict.

    Args:
        network: A compiled network, or the path of a spec.
        path: Where to write it: ``.onnx``, or ``.pt2``, which `torch.export.load` reads.
        variant: One of the sets of parameters that the spec names.
        weights: A file of weights, as `load_weights` takes it; weights are as training begins unless given.
        **params: Values of the spec's parameters.

    Raises:
        SpecError: The spec is wrong.
        WeightsError: The weights do not fit.
        UsageError: The ending is another one, the extra `onnx` is not installed, PyTorch has no ONNX for an op, or the
            file cannot be written.
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"{shown(os.fspath(path))} ends neither with .onnx nor with .pt2")
    plan = compiled(network, variant, params)
    model = build(plan).eval()
    if weights is not None:
        load_weights(model, weights)
    inputs = tuple(torch.zeros(_BATCH, *shape) for shape in plan.inputs.values())
    with _quiet():
        data = _onnx(model, inputs, plan) if ending == ".onnx" else _pt2(model, inputs)
    write(Path(path), data)


def _exported(model: nn.Module, inputs: tuple[Tensor, ...]) -> ExportedProgram:
    batch = torch.export.Dim("batch")
    try:
        return torch.export.export(model, inputs, dynamic_shapes=tuple({0: batch} for _ in inputs))
    except Exception as error:  # of many kinds, which torch does not name as its own
        raise UsageError(f"PyTorch cannot export `{type(model).__name__}`: {_first_line(error)}") from error


def _pt2(model: nn.Module, inputs: tuple[Tensor, ...]) -> bytes:
    buffer = io.BytesIO()
    torch.export.save(_exported(model, inputs), buffer)
    return buffer.getvalue()


def _onnx(model: nn.Module, inputs: tuple[Tensor, ...], network: Network) -> bytes:
    try:
        import onnxscript  # noqa: F401
        from torch.onnx.errors import OnnxExporterError
    except ModuleNotFoundError:
        raise UsageError('writing ONNX needs a package: pip install "archspec-nn[onnx]"') from None
    outputs = [name for name, output in network.outputs.items() if not output.training_only]
    exported = sayable(_exported(model, inputs))
    try:
        program = torch.onnx.export(
            exported, dynamo=True, optimize=False, verbose=False,
            input_names=list(network.inputs), output_names=outputs,
        )  # fmt: skip
    except OnnxExporterError as error:
        reason = _untold(error.__cause__ or error, exported)
        raise UsageError(f"PyTorch cannot write `{network.name}` as ONNX: {reason}") from None
    assert program is not None
    _simplified(program.model)
    proto = program.model_proto
    _name_batch(proto.graph)
    if proto.ByteSize() > _LARGEST_ONNX:
        raise UsageError("it has more than 2 GB, which one file of ONNX cannot hold: export it as .pt2")
    return bytes(proto.SerializeToString())


def _first_line(error: BaseException) -> str:
    return shown(str(error).strip().partition("\n")[0] or type(error).__name__)


def _untold(error: BaseException, exported: ExportedProgram) -> str:
    """Why there is no ONNX: the function that has none, and the layer that calls it, where PyTorch names one."""
    called = re.search(r"target=torch\.ops\.\w+\.(\w+)", str(error))
    if called is None:
        return _first_line(error)
    nodes = (node for node in exported.graph.nodes if f".{called[1]}." in f".{node.target}.")
    stacks = (list(node.meta.get("nn_module_stack", {}).values()) for node in nodes)
    path = next((stack[-1][0] for stack in stacks if stack and stack[-1][0]), "")
    return f"it has none for {called[1]}{f', which `{path}` calls' if path else ''}"


def _name_batch(graph: Any) -> None:
    """Call the first size of inputs `batch`, and what is computed of it likewise, for which PyTorch has a number."""
    symbol = graph.input[0].type.tensor_type.shape.dim[0].dim_param
    for value in (*graph.input, *graph.value_info, *graph.output):
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param:
                size.dim_param = re.sub(rf"\b{re.escape(symbol)}\b", "batch", size.dim_param)


def _simplified(model: Any) -> None:
    """Leave out what PyTorch's exporter writes to compute sizes and missing biases; layers stay as they are."""
    from onnxscript.optimizer import fold_constants_ir, remove_unused_nodes

    weights = set(model.graph.initializers)

    def is_of_sizes(node: Any) -> bool | None:
        """Whether a node may be computed now: one that rearranges weights would hide their names."""
        held = any(value is not None and value.name in weights for value in node.inputs)
        return False if held and node.op_type != "Shape" else None

    fold_constants_ir(model, should_fold=is_of_sizes)
    for node in model.graph:
        bias = node.inputs[2] if node.op_type in ("Conv", "ConvTranspose", "Gemm") and len(node.inputs) > 2 else None
        known = bias.const_value if bias is not None and bias.name not in weights else None
        if known is not None and not known.numpy().any():
            node.resize_inputs(2)
    remove_unused_nodes(model)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what PyTorch's exporters tell of themselves."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "torch.export")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
