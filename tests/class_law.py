"""The classes of an emitted file, held against the language for other values of their parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest

import archspec
from archspec.analysis.overwriting import Overwriting
from archspec.compiler.probing import NotKnown, Probing
from archspec.network import Block, Body, Node
from archspec.pytorch.emitter.classes import classes
from archspec.pytorch.emitter.code import Factory
from archspec.pytorch.emitter.holding import Holding
from archspec.pytorch.emitter.model import Class
from archspec.pytorch.emitter.pasting import pasted
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.scope import Parameter

torch = pytest.importorskip("torch")

INSTANCES = 8


def others(value: Any) -> list[Any]:
    """Other values than one, of its kind."""
    if type(value) is bool:
        return [not value]
    if type(value) is int:
        return [n for n in (2 * value, 3 * value, 5 * value, value + 1, value + 2, value - 1, 1, 2) if n != value]
    if type(value) is float:
        return [value / 2, value + 0.25]
    return [[n + 1 for n in value], [2 * n for n in value]] if isinstance(value, tuple) and value else []


class Law:
    """Holds the classes of one network against the language."""

    def __init__(self, network: archspec.Network) -> None:
        self.network = network
        registry = classes(network, frozenset(pasted(network)))
        self.classes, self.instances, self.registry = registry.made, registry.instances, registry
        self.holding = Holding(
            Registry(self.instances, Overwriting(network), frozenset(), frozenset(), frozenset()), Probing(network)
        )
        names: dict[str, Any] = {"__name__": "emitted"}
        exec(compile(archspec.emit(network), "emitted", "exec"), names)
        self.module = names
        self.seen: Counter[str] = Counter()

    def check(self) -> None:
        *blocks, _ = self.classes
        for made in blocks:
            for parameter in made.signature:
                if parameter.name in made.scope.declared or parameter.name in made.scope.inputs:
                    self.check_parameter(made, parameter)

    def check_parameter(self, made: Class, parameter: Parameter) -> None:
        """Beside the values of one use at least, every other value that the language takes holds."""
        wrong = []
        for number in range(min(INSTANCES, len(made.instances))):
            cases = list(self.cases(made, parameter, number))
            failed = [error for value, body in cases if (error := self.failure(made, parameter, number, value, body))]
            if cases and not failed:
                self.seen["held"] += 1
                return
            wrong += failed
        assert not wrong, (made.name, parameter.name, wrong)
        self.seen["no other value"] += 1

    def cases(self, made: Class, parameter: Parameter, number: int) -> Iterator[tuple[Any, Body]]:
        for value in others(parameter.values[number]):
            try:
                body = self.holding.body(made, parameter, value, number)
            except NotKnown:
                continue
            if body is not None and self.has_nodes([each.block for each in made.instances], body):
                yield value, body

    def has_nodes(self, blocks: list[Block], body: Body) -> bool:
        """Whether a body has the nodes that all uses of one class have, and none that no use has."""
        children: dict[str, list[Block | Node]] = {}
        for block in blocks:
            for child in block.children:
                children.setdefault("" if block.kind == "repeat" else child.name, []).append(child)
        always = {name for name, found in children.items() if name and len(found) == len(blocks)}
        if not always <= {use.name for use in body.uses}:
            return False
        for use in body.uses:
            found = children.get("" if body.kind == "repeat" else use.name)
            if found is None:
                return False
            inner = use.content
            if isinstance(inner, Body) and not any(self.has_nodes(each, inner) for each in self.of_one_class(found)):
                return False
        return True

    def of_one_class(self, children: list[Block | Node]) -> Iterator[list[Block]]:
        """All uses of each class that some blocks are of; what has no class stands together."""
        made: dict[int, list[Block]] = {}
        for child in children:
            if not isinstance(child, Block) or child.shares or child.kind == "op":  # an op of several outputs
                continue
            if child.kind == "repeat" or self.registry.is_inline(child):
                made.setdefault(0, []).append(self.instances.opened(child))
            else:
                known = self.registry.of(child)
                made[id(known)] = [instance.block for instance in known.instances]
        yield from made.values()

    def failure(self, made: Class, parameter: Parameter, number: int, value: Any, body: Body) -> str:
        """What is wrong with a class for some values; empty where nothing is."""
        instance = made.instances[number]
        plain = tuple(value) if isinstance(value, list) else value
        stated = {**made.arguments(instance), parameter.name: plain}
        arguments = {key: self.made_by(each) if isinstance(each, Factory) else each for key, each in stated.items()}
        shapes = dict(zip(instance.block.inputs, self.shapes(made, parameter, value, number), strict=True))
        paths = self.instances.inputs(instance.block)
        images = [torch.empty(2, *shapes[path], device="meta", requires_grad=True) for path in paths]
        try:
            with torch.device("meta"):
                module = self.module[made.name](**arguments).eval()
                given = module(*images)  # nothing can write over a leaf that needs a gradient
                sum(t.sum() for t in ([given] if isinstance(given, torch.Tensor) else given)).backward()
        except Exception as error:
            return f"{arguments}: {error!r}"
        found = [tuple(t.shape[1:]) for t in ([given] if isinstance(given, torch.Tensor) else given)]
        wanted = [body.shapes[name] for name in self.instances.outputs(instance.block)]
        state = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
        if (found, state) != (wanted, dict(tensors(body))):
            return f"{arguments}: {found} {state} is not {wanted} {dict(tensors(body))}"
        return ""

    def made_by(self, factory: Factory) -> Any:
        """What an argument that makes layers is."""
        return eval(factory.text, {**vars(torch), "partial": partial, **self.module})

    def shapes(self, made: Class, parameter: Parameter, value: Any, number: int) -> list[tuple[int, ...]]:
        block, scope = made.instances[number].block, made.scope
        shapes = [self.instances.shape(path) for path in block.inputs]
        for name, factor in [(parameter.name, 1), *scope.tied.get(parameter.name, ())]:
            if name in scope.inputs:
                path = block.inputs[scope.inputs[name][number]]  # one tensor may be several operands
                shapes = [
                    (factor * value, *shape[1:]) if own == path else shape
                    for own, shape in zip(block.inputs, shapes, strict=True)
                ]
        return shapes


def tensors(body: Body) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The names and shapes of the tensors in a body."""
    for use in body.uses:
        if use.shares:
            continue
        if isinstance(use.content, Body):
            yield from ((f"{use.name}.{name}", shape) for name, shape in tensors(use.content))
        else:
            found = {**use.content.weights, **use.content.buffers}
            yield from ((use.content.op.key(use.name, name), shape) for name, shape in found.items())


def check(network: archspec.Network, seen: Counter[str]) -> None:
    law = Law(network)
    law.check()
    seen.update(law.seen)


def check_network(network: archspec.Network, compiled_with: Callable[..., archspec.Network]) -> None:
    """The class of a network has the weights that the language says for other values, and runs."""
    law = Law(network)
    for parameter in law.classes[-1].signature:
        for value in others(parameter.values[0])[:3]:
            try:
                wanted = compiled_with(**{parameter.name: value})
            except (archspec.SpecError, archspec.UsageError):
                continue
            with torch.device("meta"), torch.no_grad():
                module = law.module[law.classes[-1].name](**{parameter.name: value}).eval()
                module(*(torch.empty(2, *shape) for shape in network.inputs.values()))
            state = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
            assert state == dict(tensors(wanted.blocks.content))
            if any(each.written for rule in network.init for each in rule.weights.values()):
                names: dict[str, Any] = {"__name__": "emitted"}
                exec(compile(archspec.emit(wanted), "emitted", "exec"), names)
                made = partial(law.module[law.classes[-1].name], **{parameter.name: value})
                assert calls_of_init(made) == calls_of_init(names[law.classes[-1].name])


def calls_of_init(made: Callable[[], Any]) -> list[tuple[str, dict[str, Any]]]:
    """What the constructor of a module calls of torch.nn.init, with its keywords."""
    called: list[tuple[str, dict[str, Any]]] = []

    def recorded(function: str) -> Callable[..., None]:
        return lambda tensor, *arguments, **keywords: called.append((function, keywords))

    functions = {name: recorded(name) for name in dir(torch.nn.init) if name.endswith("_") and name[0] != "_"}
    with torch.device("meta"), patch.multiple(torch.nn.init, **functions):
        made()
    return called
