"""From the bytes of a file to its nodes and numbers.

Nothing in the file is run, and no other file is read but its own external data, in its folder.
"""

from __future__ import annotations

import ast
import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import helper, numpy_helper

from archspec.errors import shown
from archspec.files import reason, regular
from archspec.importers.draft import MOST_NUMBER, Faults, Given

Array = np.ndarray[Any, Any]

_MOST_NODES = 50_000
_MOST_VALUES = 1_000_000
"""Numbers in attributes."""
_MOST_EXTERNAL = 2**35
"""Bytes of external data."""
_OPSETS = range(7, 27)
_DOMAINS = ("", "ai.onnx")
_TYPES = frozenset("FLOAT DOUBLE FLOAT16 INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 UINT64 BOOL".split())
_KIND = "pkg.torch.export.graph_signature.InputSpec.kind"
_SCOPES, _CLASSES = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"


@dataclass(eq=False)
class Step:
    """A node of the file.

    Attributes:
        op: Its operator.
        name: Its name; that of its first output where it has none.
        inputs: What it takes, by name; empty for what is left out.
        outputs: What it gives, by name.
        attributes: Its attributes.
        scopes: The paths of the modules that it belongs to, the network's own first, and their classes; of a file
            without them None.
        number: Its place among the nodes of the file, counted from 0; None where functions were put in place.
    """

    op: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)
    scopes: list[tuple[str, str]] | None = None
    number: int | None = None

    @property
    def place(self) -> str:
        """What tells a reader which node of the file it is."""
        counted = "" if self.number is None else f"node {self.number}, "
        own = self.name and self.name not in self.outputs
        return f"{counted}{self.op} {self.name}" if own else f"{counted}{self.op} that gives {self.name}"

    def input(self, number: int) -> str:
        """What it takes; empty for what is left out."""
        return self.inputs[number] if number < len(self.inputs) else ""


@dataclass(eq=False)
class Model:
    """The graph of a file.

    Attributes:
        inputs: The sizes of its inputs by name, the batch first; None for one that is open.
        outputs: The names of its outputs.
        steps: Its nodes, in an order in which they can run.
        numbers: Tensors whose numbers are known, by name.
        origins: The initialiser that a known tensor is, or is a rearrangement of.
        trained: Initialisers of which the file says that they are trained.
        buffers: Those of which it says that they are not.
        opset: The version of the operators.
        proto: The file.
    """

    inputs: dict[str, list[int | None]]
    outputs: list[str]
    steps: list[Step]
    numbers: dict[str, Array]
    origins: dict[str, str]
    trained: set[str]
    buffers: set[str]
    opset: int
    proto: Any

    def takers(self) -> dict[str, list[Step]]:
        """Who takes each tensor; outputs of the network are taken by a step of no name."""
        takers: dict[str, list[Step]] = {}
        for step in self.steps:
            for name in step.inputs:
                takers.setdefault(name, []).append(step)
        for name in self.outputs:
            takers.setdefault(name, []).append(Step("", "", [name], []))
        return takers


def parsed(given: Given) -> Model:
    """The graph that a file holds.

    Raises:
        SpecError: It is no ONNX, is larger than what can be imported, or names data that cannot be read.
    """
    faults, start = given.faults, given.start
    proto, version = _read(given)
    inlined = bool(proto.functions)
    proto = _inlined(proto, given) if inlined else proto
    graph = proto.graph
    if len(graph.node) > _MOST_NODES:
        raise faults.error(f"it has more than {_MOST_NODES:,} nodes", start)
    numbers = dict(_initializers(proto, given))
    kinds = {value.name: prop.value for value in graph.value_info for prop in value.metadata_props if prop.key == _KIND}
    trained, buffers = ({name for name, kind in kinds.items() if kind == wanted} for wanted in ("PARAMETER", "BUFFER"))
    inputs = {value.name: _sizes(value, faults, given) for value in graph.input if value.name not in numbers}
    counted = range(len(graph.node)) if not inlined else itertools.repeat(None)
    steps = [_step(node, number, given) for node, number in zip(graph.node, counted, strict=False)]
    if faults.found and not given.partial:
        raise faults.as_error()
    if not inputs:
        raise faults.error("it has no input", start)
    outputs = [value.name for value in graph.output]
    model = Model(inputs, outputs, steps, numbers, {name: name for name in numbers}, trained, buffers, version, proto)
    _check_order(model, given)
    return model


def _read(given: Given) -> tuple[onnx.ModelProto, int]:
    """What a file holds, as far as it can be a network, and the version of its operators."""
    faults, start = given.faults, given.start
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(given.data)
    except (DecodeError, RecursionError):
        raise faults.error("it is no ONNX model", start) from None
    if not _is_text(proto):
        raise faults.error("it is no ONNX model: a name in it is no UTF-8 text", start)
    if not proto.graph.node or not proto.graph.output:
        raise faults.error("it has no nodes, or no output", start)
    opset = {each.domain: each.version for each in proto.opset_import}
    version = opset.get("", opset.get("ai.onnx", 0))
    if version not in _OPSETS:
        known = f"{_OPSETS[0]} to {_OPSETS[-1]} are known"
        raise faults.error(f"its operators have the version {version}; {known}", start)
    return proto, version


def _inlined(proto: onnx.ModelProto, given: Given) -> onnx.ModelProto:
    """A model with its functions in the places where they are called."""
    _check_functions(proto, given)
    from onnx.inliner import inline_local_functions

    try:
        return inline_local_functions(proto)
    except (RuntimeError, ValueError) as error:
        raise given.faults.error(f"its functions cannot be put in place: {_line(error)}", given.start) from None


def _is_text(message: Any) -> bool:
    """Whether all texts in a message are UTF-8; others are read as bytes."""
    for kind, value in message.ListFields():
        values = value if kind.is_repeated else (value,)
        if kind.type == kind.TYPE_STRING and not all(isinstance(each, str) for each in values):
            return False
        if kind.type == kind.TYPE_MESSAGE and not all(map(_is_text, values)):
            return False
    return True


def _line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _check_functions(proto: Any, given: Given) -> None:
    """Refuse functions that make more nodes than a file may have, by calling each other."""
    bodies = {(each.domain, each.name): each for each in proto.functions}
    counts: dict[tuple[str, str], int] = {}

    def count(nodes: Any, depth: int) -> int:
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type)
            if key in bodies and key not in counts:
                if depth > len(bodies):
                    raise given.faults.error("its functions call themselves", given.start)
                counts[key] = count(bodies[key].node, depth + 1)
            total += counts.get(key, 1)
        return min(total, _MOST_NODES + 1)

    if count(proto.graph.node, 0) > _MOST_NODES:
        raise given.faults.error(f"it has more than {_MOST_NODES:,} nodes", given.start)


def _check_order(model: Model, given: Given) -> None:
    """Refuse a graph whose nodes take what no node above gives, or in which a name is given twice."""
    known = {"", *model.inputs, *model.numbers}
    for step in model.steps:
        missing = next((name for name in step.inputs if name not in known), None)
        if missing is not None:
            raise given.faults.error(f"no node above gives `{missing}`", given.start, path=step.place)
        if twice := next((name for name in step.outputs if name and name in known), None):
            raise given.faults.error(f"`{twice}` is given twice", given.start, path=step.place)
        known.update(step.outputs)
    if missing := next((name for name in model.outputs if name not in known), None):
        raise given.faults.error(f"no node gives the output `{missing}`", given.start)
    if len(set(model.outputs)) < len(model.outputs):
        raise given.faults.error("an output is stated twice", given.start)


def _step(node: Any, number: int | None, given: Given) -> Step:
    faults = given.faults
    name = node.name or (node.output[0] if node.output else node.op_type)
    props = {prop.key: prop.value for prop in node.metadata_props}
    step = Step(node.op_type, name, list(node.input), list(node.output), {}, _scopes(props), number)
    if node.domain not in _DOMAINS:
        faults.add(f"there is nothing for the operator {node.domain}.{node.op_type}", given.start, path=step.place)
    for attribute in node.attribute:
        try:
            value = helper.get_attribute_value(attribute)
        except (ValueError, TypeError):
            value = None
        if isinstance(value, onnx.GraphProto) or (isinstance(value, list) and len(value) > _MOST_VALUES):
            faults.add(
                f"{node.op_type} holds a graph, or too many numbers, which cannot be said", given.start, path=step.place
            )
        elif isinstance(value, onnx.TensorProto):
            step.attributes[attribute.name] = _array(value, given, step.place)
        else:
            step.attributes[attribute.name] = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return step


def _scopes(props: Mapping[str, str]) -> list[tuple[str, str]] | None:
    """The modules around a node, as `torch.onnx` writes them; its own call is the last one and is left out."""
    found = []
    for key in (_SCOPES, _CLASSES):
        try:
            value = ast.literal_eval(props[key]) if len(props.get(key, "")) < 10_000 else None
        except (KeyError, ValueError, SyntaxError, RecursionError, MemoryError):
            return None
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            return None
        found.append(value)
    if len(found[0]) != len(found[1]) or not found[0] or found[0][0] != "":
        return None
    return list(zip(found[0][:-1], found[1][:-1], strict=True))


def _sizes(value: Any, faults: Faults, given: Given) -> list[int | None]:
    """The sizes of an input."""
    if value.type.WhichOneof("value") != "tensor_type" or not value.type.tensor_type.HasField("shape"):
        faults.add("its shape is not known, or it is no tensor", given.start, path=f"input {value.name}")
        return []
    kind = value.type.tensor_type
    if kind.elem_type != onnx.TensorProto.FLOAT:
        name = onnx.TensorProto.DataType.Name(kind.elem_type).lower() if 0 < kind.elem_type < 24 else "unknown"
        faults.add(
            f"an input of the type {name} cannot be said; networks take float32",
            given.start,
            path=f"input {value.name}",
        )
    sizes = [dim.dim_value if dim.WhichOneof("value") == "dim_value" else None for dim in kind.shape.dim]
    if any(size is not None and not 0 < size <= MOST_NUMBER for size in sizes):
        faults.add("its sizes are not between 1 and 2,147,483,647", given.start, path=f"input {value.name}")
        return []
    return sizes


# Numbers


def _initializers(proto: Any, given: Given) -> Iterator[tuple[str, Array]]:
    if proto.graph.sparse_initializer:
        raise given.faults.error("it has sparse tensors, which cannot be said", given.start)
    size = sum(prod(max(each, 0) for each in tensor.dims) for tensor in proto.graph.initializer if _is_external(tensor))
    if size > _MOST_EXTERNAL // 4:
        raise given.faults.error("its external data is larger than 32 GiB", given.start)
    for tensor in proto.graph.initializer:
        yield tensor.name, _array(tensor, given, f"tensor {tensor.name}")


def _is_external(tensor: Any) -> bool:
    return bool(tensor.data_location == onnx.TensorProto.EXTERNAL)


def _array(tensor: Any, given: Given, name: str) -> Array:
    """The numbers of a tensor.

    Raises:
        SpecError: They are of another number or type than it says, or lie elsewhere than in the model's folder.
    """
    known = onnx.TensorProto.DataType.values()
    kind = onnx.TensorProto.DataType.Name(tensor.data_type) if tensor.data_type in known else "UNKNOWN"
    if kind not in _TYPES:
        raise given.faults.error(f"a tensor of the type {kind.lower()} cannot be said", given.start, path=name)
    if any(size < 0 for size in tensor.dims):
        raise given.faults.error("a tensor has a negative size", given.start, path=name)
    try:
        return _mapped(tensor, given) if _is_external(tensor) else np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, OverflowError, OSError) as error:
        why = reason(error) if isinstance(error, OSError | ValueError) else _line(error)
        raise given.faults.error(f"its numbers cannot be read: {shown(why)}", given.start, path=name) from None


def _mapped(tensor: Any, given: Given) -> Array:
    """A tensor in a file beside, which is mapped into memory.

    Raises:
        OSError: There is no such file.
        ValueError: It lies outside of the model's folder, or is smaller than it has to be.
    """
    entries = {entry.key: entry.value for entry in tensor.external_data}
    folder = Path(os.path.realpath(Path(given.path).parent))
    location = entries.get("location", "")
    path = Path(os.path.realpath(folder / location))
    if not location or Path(location).is_absolute() or not path.is_relative_to(folder):
        raise ValueError(f"the external data `{location}` lies outside of the folder")
    with regular(path) as file:
        there = os.fstat(file.fileno()).st_size
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).newbyteorder("<")
    shape, size = tuple(tensor.dims), prod(tensor.dims) * dtype.itemsize
    offset, length = _number(entries.get("offset", "0")), _number(entries.get("length", str(size)))
    if length != size or offset + size > there:
        raise ValueError(f"{path.name} does not have the {size:,} bytes that it should")
    return np.memmap(path, dtype, "r", offset, shape) if size else np.zeros(shape, dtype)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise ValueError(f"`{text[:20]}` is no number of bytes")
    return int(text)
