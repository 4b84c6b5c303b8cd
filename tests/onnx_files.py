"""Small files of ONNX, made node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

Array = np.ndarray[Any, Any]
NUMBERS = np.random.default_rng(0)


def random(*shape: int) -> Array:
    return NUMBERS.standard_normal(shape, np.float32)


def node(op: str, inputs: str, outputs: str, *, name: str = "", **attributes: Any) -> onnx.NodeProto:
    """A node whose inputs are words; `_` is one that is left out."""
    taken = ["" if word == "_" else word for word in inputs.split()]
    return helper.make_node(op, taken, outputs.split(), name=name, **attributes)


def model(
    nodes: Sequence[onnx.NodeProto],
    numbers: Mapping[str, Array],
    shape: Sequence[int | str] = ("batch", 4, 6, 6),
    *,
    output: str = "y",
    opset: int = 20,
) -> onnx.ModelProto:
    """A file with the input ``x``."""
    taken = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, list(shape))
    given = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in output.split()]
    held = [numpy_helper.from_array(np.asarray(array), name) for name, array in numbers.items()]
    graph = helper.make_graph(list(nodes), "g", [taken], given, held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def saved(made: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "net.onnx"
    path.write_bytes(made.SerializeToString())
    return path


def residual(names: bool) -> onnx.ModelProto:
    """Three residual blocks, with names as PyTorch's older exporter writes them, or with numbers alone."""
    chance = np.random.default_rng(1)

    def random(*shape: int) -> Array:
        return chance.standard_normal(shape, np.float32)

    nodes, numbers, before = [], {"stem.weight": random(8, 4, 3, 3), "stem.bias": random(8)}, "s"
    same = {"pads": [1] * 4}
    nodes.append(node("Conv", "x stem.weight stem.bias", "s", name="/stem/Conv", **same))
    for i in range(3):
        path = f"layer1.{i}"
        for j in (1, 2):
            numbers |= {f"{path}.conv{j}.weight": random(8, 8, 3, 3) / 8, f"{path}.conv{j}.bias": random(8)}
        place = f"/layer1/{path}"
        nodes += [
            node(
                "Conv", f"{before} {path}.conv1.weight {path}.conv1.bias", f"a{i}", name=f"{place}/conv1/Conv", **same
            ),
            node("Relu", f"a{i}", f"b{i}", name=f"{place}/relu/Relu"),
            node("Conv", f"b{i} {path}.conv2.weight {path}.conv2.bias", f"c{i}", name=f"{place}/conv2/Conv", **same),
            node("Add", f"c{i} {before}", f"d{i}", name=f"{place}/Add"),
            node("Relu", f"d{i}", f"e{i}", name=f"{place}/relu_1/Relu"),
        ]
        before = f"e{i}"
    numbers |= {"fc.weight": random(5, 8), "fc.bias": random(5)}
    nodes += [
        node("GlobalAveragePool", before, "p", name="/pool/GlobalAveragePool"),
        node("Flatten", "p", "f", name="/Flatten"),
        node("Gemm", "f fc.weight fc.bias", "y", name="/fc/Gemm", transB=1),
    ]
    made = model(nodes, numbers)
    if not names:
        known = {name: f"t{i}" for i, name in enumerate(numbers)}
        for i, each in enumerate(made.graph.node):
            each.name = f"{each.op_type}_{i}"
            each.input[:] = [known.get(name, name) for name in each.input]
        for tensor in made.graph.initializer:
            tensor.name = known[tensor.name]
    return made
