"""The file as a whole: header, imports, layers that PyTorch lacks, classes."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from archspec.language.algebra import name
from archspec.language.evaluation import make_divisible
from archspec.network import Network
from archspec.network.bounds import keep_source_within
from archspec.ops.tensor import Shape
from archspec.pytorch.emitter.classes import classes
from archspec.pytorch.emitter.code import Call, laid_out
from archspec.pytorch.emitter.descriptions import Descriptions
from archspec.pytorch.emitter.forward import Forward, annotate
from archspec.pytorch.emitter.freezing import freezing
from archspec.pytorch.emitter.header import header
from archspec.pytorch.emitter.initialisers import attributes, init_weights
from archspec.pytorch.emitter.model import Class, Key
from archspec.pytorch.emitter.pasting import pasted, targets
from archspec.pytorch.emitter.printer import (
    class_line,
    class_text,
    constructor,
    docstring,
    forward_body,
    function_text,
    signature_of_forward,
)
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.shapes import shape_line
from archspec.pytorch.emitter.unpacking import unpacked

_IMPORTS = {
    "math": "import math",
    "operator": "import operator",
    "re": "import re",
    "OrderedDict": "from collections import OrderedDict",
    "Callable": "from collections.abc import Callable",
    "partial": "from functools import partial",
    "ceil": "from math import ceil",
    "floor": "from math import floor",
    "NamedTuple": "from typing import NamedTuple",
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
}
"""Imports by the name that asks for them, in order."""


def emit(network: Network) -> str:
    """The source of a module of one network: a Python file that imports only torch and the standard library.

    The file's last class is the network. It is formatted as ruff formats, and the same for the same spec.

    Raises:
        SpecError: The source is longer than the network's limits allow.
        UsageError: An op's layer is neither PyTorch's nor one that archspec brings along.

    >>> import archspec
    >>> source = emit(archspec.compile("specs/lenet.yaml"))
    >>> "class Lenet(nn.Module):" in source
    True
    """
    keep_source_within(network)
    layers = pasted(network)
    registry = classes(network, frozenset(layers))
    blocks = registry.made[:-1]
    instances, functions = registry.instances, registry.functions
    taken = frozenset(each.name for each in registry.made) | layers.keys() | functions.keys()
    descriptions = Descriptions(registry)
    documented = ((each, _paragraphs(each, _doc(each), shape_line(each, instances), descriptions)) for each in blocks)
    sections = ["\n".join(class_text(each, paragraphs, taken)) for each, paragraphs in documented]
    sections += ["\n".join(lines) for lines in _network(network, registry, taken, descriptions)]
    called = _loaded("\n".join(sections))
    first = [inspect.getsource(make_divisible).rstrip()] if make_divisible.__name__ in called else []
    first += ["\n".join(function_text(name, function)) for name, function in functions.items() if name in called]
    before = [*dict.fromkeys(layers.values()), *first]
    imports = _imports(targets(network), called | _loaded("\n".join(before)))
    body = "\n\n\n".join([*before, *sections])
    return f"{header(network)}\n\n{imports}\n\n\n{body}\n"


def _paragraphs(made: Class, doc: str, shapes: str, descriptions: Descriptions) -> list[str]:
    return [doc, shapes, descriptions.paragraph(made, shapes)]


def _doc(made: Class) -> str:
    block = made.instances[0].block
    if block.kind == "block":
        return block.template.doc or f"The block `{block.definition}`."
    name = block.step.name if block.step else ""
    return f"The group `{name}` of `{block.template.name}`."


def _imports(called: list[str], used: set[str]) -> str:
    lines = {name: line for name, line in _IMPORTS.items() if name in used}
    standard = [line for line in lines.values() if "torch" not in line]
    torch = [line for line in lines.values() if "torch" in line]
    torch.append("from torch import Tensor, nn" if "Tensor" in used else "from torch import nn")
    torch += sorted({f"import {module}" for target in called if (module := _foreign_module(target))})
    return "\n\n".join("\n".join(group) for group in (standard, torch) if group)


def _loaded(text: str) -> set[str]:
    """The names that a text reads."""
    names = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, ast.Load)}


def _foreign_module(target: str) -> str:
    """The module of a plugin that a target names in full; empty for PyTorch's and archspec's own."""
    module = target.rpartition(".")[0]
    return "" if module.partition(".")[0] in ("", "nn", "torch", "F", "operator") else module


class _Returned(NamedTuple):
    """What a network returns.

    Attributes:
        kept: The outputs that it always gives.
        training: Those that only training has.
        kind: The name of the class of several outputs.
    """

    kept: list[str]
    training: list[str]
    kind: str

    @property
    def annotation(self) -> str:
        """The type of what ``forward`` returns."""
        if len(self.kept) == 1:
            return f"Tensor | {self.kind}" if self.training else "Tensor"
        return self.kind


def _network(
    network: Network, registry: Registry, taken: frozenset[str], descriptions: Descriptions
) -> Iterator[list[str]]:
    """The class of the network, below that of its outputs where it has several."""
    root = registry.made[-1]
    returned = _returned(network, root, taken)
    if len(network.outputs) > 1:
        yield list(_outputs_class(network, returned.kind, returned.training if len(returned.kept) > 1 else []))
    paragraphs = _paragraphs(root, network.doc or f"The network `{network.name}`.", _shapes(network), descriptions)
    yield list(_root(network, registry, returned, taken, paragraphs))


def _returned(network: Network, root: Class, taken: frozenset[str]) -> _Returned:
    training = [name for name, output in network.outputs.items() if output.training_only]
    kept = [name for name in network.outputs if name not in training]
    kind = f"{root.name}Outputs"
    while kind in taken or kind in root.inputs:
        kind += "_"
    return _Returned(kept, training, kind)


def _outputs_class(network: Network, outputs: str, optional: list[str]) -> Iterator[str]:
    yield from class_line(outputs, "NamedTuple")
    yield f'    """Outputs of {network.name}."""' if len(network.name) < 60 else '    """Outputs of the network."""'
    yield ""
    for output in network.outputs:
        yield f"    {output}: Tensor{' | None' if output in optional else ''}"


def _root(
    network: Network, registry: Registry, returned: _Returned, taken: frozenset[str], paragraphs: list[str]
) -> Iterator[str]:
    root = registry.made[-1]
    yield from class_line(root.name, "nn.Sequential" if root.is_sequential else "nn.Module")
    yield from docstring(paragraphs, 4)
    if root.members:
        yield ""
        held = attributes(network, root).items()
        initialising = [f"        self.{attribute} = {parameter}" for parameter, attribute in held]
        initialising += ["        self.init_weights()"] if network.init else []
        yield from constructor(root, chain(initialising, freezing(network)))
    init = list(init_weights(network, registry))
    if init:
        yield ""
        yield from init
    if root.statements is None:
        return
    yield ""
    yield from signature_of_forward(list(root.inputs), returned.annotation)
    names = taken | {returned.kind}
    if returned.training:
        yield from _forward_in_training(network, root, returned, names)
    else:
        keys = [root.outputs[name] for name in returned.kept]
        yield from forward_body(root, keys, names, lambda values: _return(returned.kind, values, 8))


def _forward_in_training(network: Network, root: Class, returned: _Returned, names: frozenset[str]) -> Iterator[str]:
    """The lines of ``forward`` that return in evaluation before what only training has."""
    assert root.statements is not None
    kept = returned.kept
    needed = _needed(root, kept)
    statements = list(unpacked(root.statements))
    always = [statement for statement in statements if needed & set(statement.gives)]
    later = [statement for statement in statements if not needed & set(statement.gives)]
    keys = [root.outputs[name] for name in network.outputs]
    inputs = {key: name for name, key in root.inputs.items()}
    alone = root.outputs[kept[0]] if len(kept) == 1 else None
    forward = Forward(inputs, [*always, *later], keys, alone, names)
    lines = forward.lines()
    if alone is not None:
        annotate(chain(*lines), forward.variables[alone], root.inputs)
    for line in chain(*lines[: len(always)]):
        yield from line.text(8)
    variables = {name: forward.variables[root.outputs[name]] for name in kept}
    yield "        if not self.training:"
    if len(kept) == 1:
        yield f"            return {variables[kept[0]]}"
    else:
        yield from _return(returned.kind, [variables.get(name, "None") for name in network.outputs], 12)
    for line in chain(*lines[len(always) :]):
        yield from line.text(8)
    yield from _return(returned.kind, [forward.variables[key] for key in keys], 8)


def _return(kind: str, values: list[str], indent: int) -> list[str]:
    return laid_out("return ", Call(kind, tuple(("", name(value)) for value in values)), "", indent)


def _needed(root: Class, kept: list[str]) -> set[Key]:
    """The tensors that some outputs need."""
    keys = {root.outputs[name] for name in kept}
    for statement in reversed(root.statements or []):
        if keys & set(statement.gives):
            keys |= set(statement.takes)
    return keys


def _shapes(network: Network) -> str:
    inputs = ", ".join(_batched(shape) for shape in network.inputs.values())
    outputs = ", ".join(_batched(output.shape) for output in network.outputs.values())
    return f"Shape: {inputs} -> {outputs}"


def _batched(shape: Shape) -> str:
    return f"({', '.join(['N', *map(str, shape)])})"
