"""From a file to a spec: with the modules that its nodes belong to, else flat, and with its weights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archspec.compiler.pipeline import compile_text
from archspec.errors import SpecError, UsageError
from archspec.importers.draft import MOST_LAYERS, Draft, Given, Layer, network_name
from archspec.importers.module.draft import Graph
from archspec.importers.module.folding import folded
from archspec.importers.module.importing import NotImportableError, contract, graph_of, tensor_names
from archspec.importers.module.renaming import in_order, rules
from archspec.importers.onnx import arithmetic, patterns, scopes, tensors
from archspec.importers.onnx.model import Array, Model, parsed
from archspec.importers.onnx.network import Network as Module
from archspec.importers.onnx.network import Plan
from archspec.importers.onnx.scopes import Visit
from archspec.importers.onnx.tensors import Tensors
from archspec.importers.onnx.verification import Reference, fits
from archspec.importers.structure import specs_of
from archspec.importers.writing import write
from archspec.network import Network

_SOURCE = "onnx"
"""The source of the rules that lead from names in the file to those of the spec."""


@dataclass(eq=False)
class _Read:
    """A file as one module, and what running it has found.

    Attributes:
        tensors: Its weights.
        graph: Its graph.
        flops: Its FLOPs for one sample; None where it computes what nothing takes.
        names: The names in the spec of its tensors.
    """

    tensors: Tensors
    graph: Graph
    flops: int | None
    names: dict[str, str]


@dataclass(eq=False)
class _Candidate:
    """A spec, and the names in it of the file's tensors."""

    spec: dict[str, Any]
    network: Network
    names: Mapping[str, str]
    read: _Read


def drafted(given: Given) -> Draft:
    """The network of a file, whose spec compiles and computes what the file computes.

    Raises:
        SpecError: Something cannot be read or said, or no spec that is found computes the same.
    """
    model = parsed(given)
    arithmetic.fold(model)
    patterns.join(model)
    _prune(model)
    if len(model.steps) > MOST_LAYERS:
        raise given.faults.error(f"it has more than {MOST_LAYERS:,} layers", given.start)
    given.faults.check_operands([Layer(step.name, {}, step.inputs, ()) for step in model.steps], given.start)
    shapes = _input_shapes(model, given)
    if given.partial:
        return _partial(model, given, shapes)
    reference = Reference(model, given, shapes)
    for candidate in _candidates(model, given, shapes):
        if difference := fits(candidate.network, _weights(candidate), reference):
            reference.problem = difference
            continue
        return _draft(candidate, model, reference)
    raise given.faults.error(reference.problem or "no spec of it compiles", given.start)


def _prune(model: Model) -> None:
    """Leave out nodes that nothing takes."""
    wanted, kept = set(model.outputs), []
    for step in reversed(model.steps):
        if not wanted.isdisjoint(step.outputs):
            kept.append(step)
            wanted.update(step.inputs)
    model.steps = kept[::-1]


def _input_shapes(model: Model, given: Given) -> dict[str, list[int]]:
    """The shapes of the inputs, without the batch."""
    asked = given.options.get("input", "")
    if asked and not re.fullmatch(r"[1-9]\d{0,8}([,x][1-9]\d{0,8})*", asked):
        raise UsageError(f"--input takes sizes without the batch, such as 3,224,224, not {asked}")
    stated = [int(each) for each in re.split("[,x]", asked)] if asked else None
    shapes = {}
    for name, sizes in model.inputs.items():
        own = stated if stated is not None and len(model.inputs) == 1 else sizes[1:]
        fits = len(own) == len(sizes) - 1 and all(b in (None, a) for a, b in zip(own, sizes[1:], strict=True))
        if not sizes or not fits:
            raise given.faults.error(f"the input `{name}` has no batch, or not the sizes of --input", given.start)
        if None in own:
            help = "say them without the batch, with --input 3,224,224"
            raise given.faults.error(f"sizes of the input `{name}` are open", given.start, help=help)
        shapes[name] = [int(each) for each in own if each is not None]
    batches = {sizes[0] for sizes in model.inputs.values()}
    if len(batches) > 1:
        raise given.faults.error("its inputs have batches of different sizes", given.start)
    return shapes


def _read(model: Model, given: Given, shapes: Mapping[str, list[int]], root: Visit) -> _Read:
    """Run a file on tensors without data.

    Raises:
        SpecError: Something of it cannot be said.
    """
    found = tensors.found(model, scopes.paths(root))
    module = Module(Plan(model, found, given), root)
    names = _input_names(shapes)
    try:
        _, graph, flops = graph_of(module, list(shapes.values()), names)
    except NotImportableError as problem:
        places = {step.place for step in model.steps}
        for refusal in problem.refused:
            path = refusal.place if refusal.place in places else refusal.path
            given.faults.add(refusal.message, given.start, path=path)
        raise given.faults.as_error() from None
    except UsageError as problem:
        if not given.faults.found:
            given.faults.add(str(problem).removeprefix(f"{type(module).__name__} cannot be imported: "), given.start)
        raise given.faults.as_error() from None
    if not graph.nodes:
        raise given.faults.error("it gives what it is given", given.start)
    if given.faults.found and not given.partial:
        raise given.faults.as_error()
    return _Read(found, graph, flops, tensor_names(graph))


def _input_names(shapes: Mapping[str, list[int]]) -> list[str]:
    """Names of inputs that are names here."""
    names = [re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower() for name in shapes]
    right = len(set(names)) == len(names) and all(re.fullmatch(r"[a-z]\w*", name, re.ASCII) for name in names)
    if len(names) == 1:
        is_plain = re.fullmatch(r"(x|input|inputs)(_?\d+)*", names[0]) is not None
        return [names[0] if right and not is_plain else "image"]
    return names if right else [f"input{i + 1}" for i in range(len(names))]


def _head(given: Given) -> dict[str, Any]:
    return {"name": network_name(given.stem), "doc": f"Imported from {given.stem}.onnx."}


# Specs, the one to be edited first


def _candidates(model: Model, given: Given, shapes: Mapping[str, list[int]]) -> Iterator[_Candidate]:
    """Specs that compile and have the figures of the file.

    Raises:
        SpecError: The last does not.
    """
    root = scopes.found(model)
    if root is not None:
        try:
            read = _read(model, given, shapes, root)
            candidate = _scoped(read, given, shapes)
        except SpecError:  # its modules cannot be said; without them it may be possible
            given.faults.found.clear()
        else:
            yield candidate
    read = _read(model, given, shapes, scopes.flat(model))
    plain = _plain(read, given, shapes)
    yield from _structured(plain, given)
    yield plain


def _spec(read: _Read, given: Given, shapes: Mapping[str, list[int]]) -> dict[str, Any]:
    spec = folded(read.graph, str(_head(given)["name"]), dict(zip(_input_names(shapes), shapes.values(), strict=True)))
    for node in read.graph.nodes:
        if "doc" in node.arguments:  # it stands for what cannot be said
            told = spec["graph"][node.name]
            told = told if isinstance(told, dict) else {"op": told}
            spec["graph"][node.name] = {**told, "doc": node.arguments["doc"]}
    return {**spec, **_head(given)}


def _compiled(spec: Mapping[str, Any], given: Given, graph: Graph) -> Network:
    try:
        return compile_text(write(spec), name=str(spec["name"]))
    except SpecError as error:
        places = dict(_places(graph))
        for found in error.diagnostics:
            given.faults.add(found.summary, given.start, path=places.get(found.path, found.path))
        raise given.faults.as_error() from None


def _places(graph: Graph, around: str = "") -> Iterator[tuple[str, str]]:
    """For the path of each node in the spec the place of the node of the file that it comes from."""
    for node in graph.nodes:
        path = f"{around}{node.name}"
        if node.place:
            yield path, node.place
        if node.graph is not None:
            yield from _places(node.graph, f"{path}.")


def _scoped(read: _Read, given: Given, shapes: Mapping[str, list[int]]) -> _Candidate:
    spec = _spec(read, given, shapes)
    arrays = [name for name in read.tensors.arrays if name in read.names]
    if any(map(tensors.is_dotted, arrays)):
        renamed = rules({name: read.names[name] for name in arrays}, arrays)
        if len(renamed) > 1:
            plain = _compiled(spec, given, read.graph)
            renamed = in_order(renamed, lambda tried: _leads(tried, plain, read, arrays))
        if renamed:
            spec["weights"] = {_SOURCE: renamed}
    network = _compiled(spec, given, read.graph)
    return _Candidate({**spec, "expect": contract(network)}, network, read.names, read)


def _leads(tried: Mapping[str, str | None], network: Network, read: _Read, arrays: Sequence[str]) -> bool:
    """Whether rules lead all tensors where they belong."""
    from archspec.pytorch.weights.match import match

    given = {name: tuple(read.tensors.arrays[name].shape) for name in arrays}
    matching = match(expected(network), given, {_SOURCE: tried})
    return matching.ok and all(read.names[theirs] == own for own, theirs in matching.names.items() if theirs in given)


def expected(network: Network) -> dict[str, tuple[int, ...]]:
    """The shapes of a network's tensors, without counts of batches."""
    return {
        node.op.key(node.path, name): shape
        for node in network
        for name, shape in {**node.weights, **node.buffers}.items()
        if name != "num_batches_tracked"
    }


def _plain(read: _Read, given: Given, shapes: Mapping[str, list[int]]) -> _Candidate:
    spec = _spec(read, given, shapes)
    network = _compiled(spec, given, read.graph)
    return _Candidate({**spec, "expect": contract(network)}, network, read.names, read)


def _structured(plain: _Candidate, given: Given) -> Iterator[_Candidate]:
    """The same as blocks and repeats, where repeated runs of nodes are some."""
    spec, network = plain.spec, plain.network
    if any(isinstance(node, dict) and "reuse" in node for node in spec["graph"].values()) or "params" in spec:
        spec = _without_parameters(spec)
    layers = _layers(spec, network)
    if layers is None:
        return
    outputs = spec.get("outputs") or {"output": spec.get("output", layers[-1].name)}
    inputs = {name: tuple(sizes) for name, sizes in spec["inputs"].items()}
    for each in specs_of(layers, inputs, outputs, _head(given), contract(network))[:-1]:
        try:
            compiled = compile_text(write(each), name=each["name"])
        except SpecError:
            continue
        pairs = list(zip(expected(network).items(), expected(compiled).items(), strict=False))
        same = len(expected(network)) == len(expected(compiled)) and all(a[1] == b[1] for a, b in pairs)
        if same and (compiled.params, compiled.macs) == (network.params, network.macs):
            own = {a[0]: b[0] for a, b in pairs}
            yield _Candidate(
                each, compiled, {theirs: own.get(it, it) for theirs, it in plain.names.items()}, plain.read
            )


def _without_parameters(spec: dict[str, Any]) -> dict[str, Any]:
    """A flat spec with the numbers in place of its parameters."""
    values = {name: each["default"] for name, each in spec.get("params", {}).items()}
    graph = {
        name: {key: values[value[1:]] if isinstance(value, str) and value[1:] in values else value
               for key, value in node.items()} if isinstance(node, dict) else node
        for name, node in spec["graph"].items()
    }  # fmt: skip
    return {**{key: value for key, value in spec.items() if key != "params"}, "graph": graph}


def _layers(spec: Mapping[str, Any], network: Network) -> list[Layer] | None:
    """The nodes of a flat spec as layers; None where one is more than an op."""
    nodes = {node.path: node for node in network}
    above = list(spec["inputs"])[:1]
    layers = []
    for name, given in spec["graph"].items():
        node = dict(given) if isinstance(given, dict) else {"op": given}
        if name not in nodes or "reuse" in node:
            return None
        taken = node.pop("from", [] if node["op"] in ("parameter", "constant") else above)
        inputs = [taken] if isinstance(taken, str) else list(taken)
        layers.append(Layer(name, node, inputs, nodes[name].shape, nodes[name].params))
        above = [name]
    return layers


# What comes out


def _weights(candidate: _Candidate) -> dict[str, Array]:
    """The file's tensors, as the spec calls them."""
    arrays = candidate.read.tensors.arrays
    return {own: arrays[name] for name, own in candidate.names.items() if name in arrays}


def _draft(candidate: _Candidate, model: Model, reference: Reference) -> Draft:
    read, network = candidate.read, candidate.network
    arrays = read.tensors.arrays
    held = {name for name in arrays if name in read.names}
    in_file = "weights" in candidate.spec or all(candidate.names[name] == name for name in held)
    weights = {name: arrays[name] for name in held} if in_file else _weights(candidate)
    weights = {name: np.asarray(weights[name], np.float32, order="C") for name in sorted(weights)}
    used = Tensors({name: arrays[name] for name in held})
    idle = [f"left out, since nothing that is given depends on it: {name}" for name in arrays if name not in held]
    macs = None if read.flops is None else read.flops // 2
    outputs = {name: output.shape for name, output in network.outputs.items()}
    return Draft(
        [candidate.spec], used.count, used.statistics, macs, outputs, f"{len(model.proto.graph.node)} nodes",
        [*idle, reference.remark], weights=weights,
    )  # fmt: skip


def _partial(model: Model, given: Given, shapes: Mapping[str, list[int]]) -> Draft:
    read = _read(model, given, shapes, scopes.flat(model))
    spec = _spec(read, given, shapes)
    nodes = f"{len(model.proto.graph.node)} nodes"
    return Draft([spec], read.tensors.count, read.tensors.statistics, None, {}, nodes)
