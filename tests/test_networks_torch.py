"""Every bundled network in PyTorch, node by node and as the built module, on tensors without data."""

from __future__ import annotations

from pathlib import Path

import pytest

import archspec

torch = pytest.importorskip("torch")
from corpus import SOME_SPECS, SOME_VARIANTS  # noqa: E402
from emitted_layers import build_op  # noqa: E402
from test_random_networks import check_on_meta, check_state, without_inputs  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

BATCH = 2


@pytest.mark.parametrize("path", SOME_SPECS, ids=lambda path: path.stem)
def test_shapes_weights_and_flops_are_those_of_pytorch(path: Path) -> None:
    network = archspec.compile(path)
    tensors = {name: torch.empty(BATCH, *shape, device="meta") for name, shape in network.inputs.items()}
    params = buffers = 0
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        for node in network:
            # Loading a state_dict of these names and shapes fails where PyTorch's differ.
            state = {
                name: torch.empty(shape) for name, shape in {**node.applied.weights, **node.applied.buffers}.items()
            }
            layer = build_op(node.op, node.input_shapes, state).eval()
            tensors[node.path] = layer(*(tensors[origin] for origin in node.inputs))
            assert tuple(tensors[node.path].shape) == (BATCH, *node.shape), node.path
            if not node.shares:
                params += sum(weight.numel() for weight in layer.parameters())
                buffers += sum(tensor.numel() for tensor in layer.state_dict().values())
    assert (params, buffers - params) == (network.params, network.buffer_elements)
    assert counter.get_total_flops() == BATCH * network.blocks.flops


@pytest.mark.parametrize(("path", "variant"), SOME_VARIANTS, ids=lambda value: getattr(value, "stem", value))
def test_the_built_module_has_the_static_figures(path: Path, variant: str | None) -> None:
    """Names and shapes of the state_dict, counts, FLOPs, and the output shapes of nodes, blocks and the network."""
    network = archspec.compile(path, variant=variant)
    module = archspec.build(network, device="meta")
    check_state(network, module)
    check_blocks(network, module, check_on_meta(network, module))


def check_blocks(network: archspec.Network, module: torch.nn.Module, given: dict[str, list[object]]) -> None:
    """The output shapes of every block, group and repeat that is a module: of outputs that something takes."""
    shapes = {name: sizes(outputs[0]) for name, outputs in given.items()}
    alone = without_inputs(network)
    stated = [output.shape for output in network.outputs.values()]
    assert shapes[""] == [(BATCH, *shape) for shape in stated]
    for block in network.blocks.walk():
        if block.path in shapes and block.path:
            around = [node for node in network if not node.path.startswith(f"{block.path}.")]
            taken = {path for node in around for path in node.inputs} | {out.path for out in network.outputs.values()}
            outputs = [path for path in block.outputs.values() if path in taken]
            wanted = [network.shape(path) if path in alone else (BATCH, *network.shape(path)) for path in outputs]
            assert shapes[block.path] == wanted, block.path
    known = {node.path for node in network} | {block.path for block in network.blocks.walk()}
    parts = tuple(f"{node.path}." for node in network)  # of a layer, such as the projection of attention
    extra = {name for name in shapes if name not in known and not name.startswith(parts)}
    assert all(isinstance(module.get_submodule(name), torch.nn.Identity) for name in extra), extra


def sizes(output: object) -> list[tuple[int, ...]]:
    return [tuple(tensor.shape) for tensor in ([output] if isinstance(output, torch.Tensor) else output)]  # type: ignore[attr-defined]


FROZEN = """
archspec: 1
name: frozen
inputs: {image: [4, 4]}
freeze: PATTERNS
blocks:
  shifted:
    graph:
      shift: {op: parameter, shape: [4, 4]}
      add: {op: add, from: [input, shift]}
graph:
  - {op: linear, out_features: 4}
  - {block: shifted, repeat: 13}
  - {graph: {shift: {block: shifted}, fc: {op: linear, out_features: 4}}}
"""


@pytest.mark.parametrize(
    "patterns",
    [["0", "1.3"], ["2.shift.shift"], ["2.shift.shift", "1.2.*", "1.1.*", "0", "2.fc"], ["1.*.*", "0"]],
)
def test_frozen_are_layers_of_lists_and_parameters_too(patterns: list[str]) -> None:
    network = archspec.compile_text(FROZEN.replace("PATTERNS", str(patterns).replace("'", '"')))
    check_state(network, archspec.build(network, device="meta"))


HELD = """
archspec: 1
name: held
inputs: {image: [4, 4]}
graph:
  table: {op: parameter, shape: [4, 4]}
  made: {from: table, MADE}
  last: {op: add, from: ORDER}
"""


@pytest.mark.parametrize("order", ["[made, image]", "[image, made]"])
@pytest.mark.parametrize("made", ["op: mul, value: 2", "op: linear, out_features: 4", "op: exp"])
def test_what_has_no_batch_is_not_overwritten_by_what_has_one(made: str, order: str) -> None:
    module = archspec.build(archspec.compile_text(HELD.replace("MADE", made).replace("ORDER", order)))
    assert module(torch.zeros(3, 4, 4)).shape == (3, 4, 4)
