"""The law of whole networks: what is emitted and built is what the compiler says, and gives what the nodes give.

Random networks (`random_networks`) are emitted and built. Each is held against its static figures, and against its
nodes run one by one by `emitted_layers`. In training, a backward pass from the sum of all outputs reaches every
parameter, without exceptions. Both sides compute in float64, where the order of a sum hardly shows.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import assume, given, settings
from random_arguments import ARGUMENTS, LIBRARY
from random_networks import compiled, networks
from sampling import QUICK, examples

import archspec
from archspec.language import library
from archspec.language.initialisation import effective
from archspec.ops.facts import Module
from archspec.ops.op import Op
from archspec.ops.registry import ops

torch = pytest.importorskip("torch")
from emitted_layers import build_op  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

EXAMPLES = max(examples(300), settings.default.max_examples)
BATCH = 2
RANDOM = ("dropout", "dropout2d", "stochastic_depth")

Tensors = dict[str, Any]


def check(network: archspec.Network) -> None:
    """Everything that holds of a network and its module."""
    module = archspec.build(network)
    check_state(network, module)
    check_init(network, module)
    perturb(module)
    module.double()
    numbers = source()
    inputs = [torch.randn(BATCH, *shape, generator=numbers).double() for shape in network.inputs.values()]
    given = [tensor.clone() for tensor in inputs]
    nodes = layers(network, module)
    check_equal(network, module.eval(), nodes, inputs)
    if not any(is_random(node.op) for node in network):
        check_equal(network, module.train(), nodes, inputs)
        check_statistics(module, nodes)
    check_gradients(network, module.train(), inputs)
    equal(given, inputs)  # nothing works in place on what it is given
    check_on_meta(network, archspec.build(network, device="meta"))


def is_random(op: Op) -> bool:
    """Whether it gives other numbers at each call in training."""
    return op.name in RANDOM or bool(getattr(op, "dropout", 0) or getattr(op, "dropout_p", 0))


def source() -> Any:
    return torch.Generator().manual_seed(1)  # torch.manual_seed formats a stack trace each time


def check_state(network: archspec.Network, module: nn.Module) -> None:
    """The names and shapes of the state_dict are those of the nodes."""
    weights = {node.op.key(node.path, key): shape for node in network for key, shape in node.weights.items()}
    buffers = {node.op.key(node.path, key): shape for node in network for key, shape in node.buffers.items()}
    assert {key: tuple(value.shape) for key, value in module.named_parameters()} == weights
    assert {key: tuple(value.shape) for key, value in module.state_dict().items()} == weights | buffers
    assert sum(value.numel() for value in module.parameters()) == network.params
    own = ((node, key) for node in network if not network.is_frozen(node.path) for key in node.weights)
    trained = {node.op.key(node.path, key) for node, key in own}
    assert {key for key, value in module.named_parameters() if value.requires_grad} == trained
    assert sum(value.numel() for value in module.parameters() if value.requires_grad) == network.trainable_params
    numbers = {key: value.numel() for key, value in module.named_buffers()}
    assert sum(numbers[key] for key in numbers.keys() & module.state_dict().keys()) == network.buffer_elements


def check_init(network: archspec.Network, module: nn.Module) -> None:
    """Tensors begin as the rules say, as far as that shows."""
    state = module.state_dict()
    for node in network:
        for name, rule in effective(network.init, node.op.name, node.path, node.weights).items():
            given = rule.arguments
            bounds = {
                "zeros": (0, 0), "ones": (1, 1), "constant": (given.get("val"),) * 2,
                "uniform": (given.get("a"), given.get("b")),
            }.get(rule.function)  # fmt: skip
            tensor = state[node.op.key(node.path, name)]
            assert bounds is None or bounds[0] <= tensor.min() <= tensor.max() <= bounds[1]


def perturb(module: nn.Module) -> None:
    """Weights that begin as one number would hide that two of them are swapped."""
    numbers = source()
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point() and (tensor == tensor.flatten()[0]).all():
                tensor.add_(torch.rand(tensor.shape, generator=numbers))


def layers(network: archspec.Network, module: nn.Module) -> dict[str, nn.Module]:
    """Each node as a layer of its own, with the module's weights."""
    state = module.state_dict()
    made: dict[str, nn.Module] = {}
    for node in network:
        weights = {key: state[node.op.key(node.path, key)] for key in (*node.weights, *node.buffers)}
        own = None if node.shares else build_op(node.op, node.input_shapes, weights).double()
        made[node.path] = made[node.shares] if own is None else own
    return made


def check_equal(network: archspec.Network, module: nn.Module, nodes: dict[str, nn.Module], inputs: list[Any]) -> None:
    """The outputs of the module are those of the nodes run one by one, in evaluation or training."""
    tensors: Tensors = dict(zip(network.inputs, inputs, strict=True))
    with torch.no_grad():
        for node in sorted(network, key=lambda node: network.is_training_only(node.path)):
            layer = nodes[node.path].train(module.training)
            tensors[node.path] = layer(*(tensors[origin] for origin in node.inputs))
        found = outputs(network, module, inputs)
    for name, output in found.items():
        stated = network.outputs[name]
        assert tuple(output.shape) == (BATCH, *stated.shape)
        equal(output, tensors[stated.path])


def outputs(network: archspec.Network, module: nn.Module, inputs: list[Any]) -> Tensors:
    """The outputs of a module by name."""
    present = [name for name, output in network.outputs.items() if module.training or not output.training_only]
    returned = module(*inputs)
    if len(present) == 1:
        return {present[0]: returned}
    assert returned._fields == tuple(network.outputs)
    assert all(getattr(returned, name) is None for name in network.outputs if name not in present)
    return {name: getattr(returned, name) for name in present}


def equal(found: Any, wanted: Any) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-9, equal_nan=True)


def check_statistics(module: nn.Module, nodes: dict[str, nn.Module]) -> None:
    """After a step of training, running statistics are those of the nodes."""
    saved = module.state_dict().keys()
    stated = {key: value for key, value in module.named_buffers() if key in saved}
    wanted = {f"{path}.{key}": value for path, layer in nodes.items() for key, value in layer.named_buffers()}
    equal(stated, {name: wanted[name] for name in stated})


def reaching(network: archspec.Network) -> set[str]:
    """The tensors that outputs depend on; not those of a copy before one that gives a parameter of its own alone."""
    found = {output.path for output in network.outputs.values()}
    keys: set[str] = set()
    for node in reversed(list(network)):
        if node.path in found:
            found.update(() if node.op.takes_nothing else node.inputs)
            own = node.op.weights(node.input_shapes)
            keys.update(node.op.key(node.shares or node.path, tensor) for tensor in own)
    return keys


def check_gradients(network: archspec.Network, module: nn.Module, inputs: list[Any]) -> None:
    """The backward pass reaches every parameter that trains."""
    needed = reaching(network)
    trained = [(name, each) for name, each in module.named_parameters() if each.requires_grad and name in needed]
    names, parameters = zip(*trained, strict=True) if trained else ((), ())
    total = sum(output.sum() for output in outputs(network, module, inputs).values())
    if not total.requires_grad:  # numbers alone, that nothing trains
        return
    gradients = torch.autograd.grad(total, parameters, allow_unused=True) if parameters else ()
    assert [name for name, gradient in zip(names, gradients, strict=True) if gradient is None] == []


def without_inputs(network: archspec.Network) -> set[str]:
    """What no input reaches, such as biases that a network of its own computes: it may be there once for all."""
    reached = set(network.inputs)
    for node in network:
        if not node.op.takes_nothing and not reached.isdisjoint(node.inputs):
            reached.add(node.path)
    return {node.path for node in network} - reached


def is_once(node: archspec.Node, given: dict[str, list[Any]]) -> bool:
    """Whether the module of a node gave its tensor once, not to each sample: what needs a batch is given one."""
    return any(tuple(output.shape) == node.shape for output in given.get(node.path, ()))


def check_on_meta(network: archspec.Network, module: nn.Module) -> dict[str, list[Any]]:
    """Without data: the shape of what each node's module gives, and the FLOPs; returns what each module gave."""
    given: dict[str, list[Any]] = {}
    for name, part in module.named_modules():
        record = given.setdefault(name, [])
        part.training = not name or any(
            True for _ in part.children()
        )  # every output, and no statistics: they need data
        part.register_forward_hook(lambda *call, record=record: record.append(call[-1]))
    module.requires_grad_(False)  # the counter looks for gradients where a layer takes a view of a parameter
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(*(torch.empty(BATCH, *shape, device="meta") for shape in network.inputs.values()))
    alone = {path for path in without_inputs(network) if is_once(network[path], given)}
    once = sum(node.flops or 0 for node in network if node.path in alone)
    assert counter.get_total_flops() == BATCH * network.blocks.flops - (BATCH - 1) * once  # every output
    calls: dict[str, list[Any]] = {}
    for node in network:
        # beside copies that are layers, an identity that is not called keeps the place of a function
        is_layer = isinstance(node.op.torch(node.input_shapes), Module) or bool(given.get(node.shares or node.path))
        if is_layer:
            shape = node.shape if node.path in alone else (BATCH, *node.shape)
            calls.setdefault(node.shares or node.path, []).append(shape)
        if (node.weights or node.buffers) and not node.op.takes_nothing:
            assert node.path in given
    for path in calls.keys() & given.keys():
        assert sorted(tuple(output.shape) for output in given[path]) == sorted(calls[path]), path
    return {name: outputs for name, outputs in given.items() if outputs}


def check_source(network: archspec.Network, again: archspec.Network) -> str:
    """The source of a network, the same for each compile."""
    emitted: str = archspec.emit(network)
    assert emitted == archspec.emit(again)
    return emitted


def check_outputs(network: archspec.Network) -> None:
    """What a block gives is there: a tensor of a node, or an input."""
    nodes = {node.path for node in network} | network.inputs.keys()
    assert all(nodes.issuperset(block.outputs.values()) for block in network.blocks.walk())


def test_what_nothing_needs_is_no_output_of_a_block() -> None:
    text = "archspec: 1\nname: a\ninputs: {x: [4, 8, 8]}\nblocks:\n  two:\n    inputs: [p, q]\n"
    text += "    graph: {a: {op: relu, from: p}, b: {op: relu, from: q}}\n    outputs: {y: a, z: b}\n"
    text += "graph:\n  i: identity\n  k: {block: two, repeat: 3, from: [x, i]}\n  l: {op: relu, from: k.y}\n"
    network = archspec.compile_text(text)
    assert network["k"].outputs == {"y": "k.2.a"}
    check_outputs(network)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
def test_emitted_networks_are_their_nodes() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES)
    @given(networks())
    def law(text: str) -> None:
        seen["tried"] += 1
        try:
            network = compiled(text)
        except archspec.SpecError:
            seen["refused"] += 1
            assume(False)
        seen.update({node.op.name for node in network})
        seen.update({block.kind for block in network.blocks.walk()})
        assert {each.severity for each in network.warnings} <= {"warning"}
        check_outputs(network)
        check_source(network, compiled(text))
        check(network)

    law()
    assert seen["refused"] <= seen["tried"] / 50, "too many of the networks drawn are refused"
    if not QUICK:  # which draws too few networks for that
        assert len(seen.keys() & ops().keys()) >= 0.8 * len(ARGUMENTS), "too few of the ops are drawn"


def test_each_op_and_block_has_arguments() -> None:
    assert ARGUMENTS.keys() == {name for name, kind in ops().items() if kind.__module__.startswith("archspec.ops.")}
    assert {name for name in LIBRARY if not name.startswith(".")} == library.blocks().keys()
