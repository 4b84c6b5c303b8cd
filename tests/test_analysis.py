"""The analyses: receptive fields, memory, roll-ups."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import archspec
from archspec.analysis.cost import roll_up
from archspec.analysis.memory import activation_memory
from archspec.analysis.overwriting import Overwriting
from archspec.analysis.receptive_field import ReceptiveField, receptive_fields
from archspec.ops import op
from archspec.ops.facts import Module
from archspec.ops.op import Op
from archspec.ops.tensor import elements
from archspec.reports import json_report, table

ROOT = Path(__file__).parent.parent
SPECS = sorted((ROOT / "specs").glob("*.yaml"))


def compiled(graph: str, shape: str = "[1, 40]") -> archspec.Network:
    nodes = "".join(f"  {line}\n" for line in graph.strip().splitlines())
    return archspec.compile_text(f"archspec: 1\nname: n\ninputs: {{x: {shape}}}\ngraph:\n{nodes}")


def field(network: archspec.Network, path: str) -> tuple[object, ...]:
    found = receptive_fields(network)[path]
    assert found is not None
    return found.size[0], found.stride[0], found.start[0]


# Receptive fields


@pytest.mark.parametrize(
    ("spec", "path", "size", "stride", "padding"),
    [
        # A. Araujo et al., Distill 2019, table 1, where the padding is the same.
        ("vgg16", "avgpool", 212, 32, 90),
        ("alexnet", "avgpool", 195, 32, 66),
        ("mobilenet_v1", "layer5.1.pointwise.relu6", 315, 32, 157),
        # ResNet-50 with the stride in the 3x3: 7 + 2 * 4, then (3 + 3 + 5 + 2) strided windows of 3.
        ("resnet50", "layer4.2.relu3", 427, 32, 213),
    ],
)
def test_known_receptive_fields(spec: str, path: str, size: int, stride: int, padding: int) -> None:
    found = receptive_fields(archspec.compile(ROOT / "specs" / f"{spec}.yaml"))[path]
    assert found is not None
    assert (set(found.size), set(found.stride), set(found.padding)) == ({size}, {stride}, {padding})


def test_the_field_of_a_chain() -> None:
    network = compiled("""
a: {op: conv, out_channels: 1, kernel_size: 3, padding: 1}
b: {op: max_pool, kernel_size: 2}
c: {op: conv, out_channels: 1, kernel_size: 5, dilation: 2}
d: relu""")
    assert field(network, "a") == (3, 1, -1)
    assert field(network, "b") == (4, 2, -1)
    assert field(network, "d") == field(network, "c") == (4 + 8 * 2, 2, -1)


def test_dilation_widens_the_field_and_adds_no_parameters() -> None:
    plain, dilated = (
        compiled(f"a: {{op: conv, out_channels: 1, kernel_size: 3, dilation: {d}, padding: {d}}}") for d in (1, 4)
    )
    assert (field(plain, "a")[0], field(dilated, "a")[0]) == (3, 9)
    assert plain.params == dilated.params


def test_the_field_of_joined_paths_holds_each() -> None:
    network = compiled("""
a: {op: conv, out_channels: 1, kernel_size: 3, padding: 1}
b: {op: conv, out_channels: 1, kernel_size: 7, padding: 3, from: x}
c: {op: add, from: [a, b]}""")
    assert field(network, "c") == (7, 1, -3)


def test_a_global_branch_sees_everything() -> None:
    network = compiled("g: global_avg_pool\nm: {op: mul, from: [x, g]}\nc: {op: conv, out_channels: 1, kernel_size: 3}")
    assert receptive_fields(network)["m"] == ReceptiveField.whole((40,))
    assert receptive_fields(network)["c"] == ReceptiveField.whole((40,))


def test_upsampling_has_a_fractional_stride() -> None:
    network = compiled("u: {op: upsample, scale_factor: 2}")
    assert field(network, "u")[1] == Fraction(1, 2)


# Memory


def test_peak_of_a_chain_and_of_a_shortcut() -> None:
    chain = activation_memory(compiled("a: prelu\nb: relu\nc: relu"))
    assert (chain.inference_peak, chain.training) == (2 * 40 * 4, 3 * 40 * 4)
    shortcut = activation_memory(compiled("a: relu\nb: relu\nc: {op: add, from: [b, x]}"))
    assert (shortcut.inference_peak, shortcut.inference_peak_node) == (3 * 40 * 4, "b")


def test_memory_scales_with_batch_and_type() -> None:
    network = compiled("a: {op: conv, out_channels: 3, kernel_size: 3}\nb: relu")
    one, many = activation_memory(network), activation_memory(network, batch=8)
    assert many.inference_peak == 8 * one.inference_peak
    assert activation_memory(network, dtype="float16").inference_peak * 2 == one.inference_peak


def test_training_memory_follows_an_ops_arguments() -> None:
    node = "a: {op: conv, out_channels: 1, kernel_size: 3, padding: 1, padding_mode: MODE}"
    zeros, circular = (activation_memory(compiled(node.replace("MODE", mode))) for mode in ("zeros", "circular"))
    assert (zeros.training, circular.training) == (40 * 4, 42 * 4)  # the padded copy is kept, not the input


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_peak_is_between_the_largest_step_and_the_sum(path: Path) -> None:
    network = archspec.compile(path)
    peak = activation_memory(network).inference_peak // 4
    overwriting = Overwriting(network)
    steps = [
        elements(node.shape)
        + sum(elements(network.shape(p)) for p in set(node.inputs[int(overwriting.holds(node.step)) :]))
        for node in network
    ]
    assert (
        max(steps)
        <= peak
        <= sum(elements(node.shape) for node in network) + sum(map(elements, network.inputs.values()))
    )


# Outputs of training

HEADED = """
archspec: 1
name: headed
inputs: {image: [3, 8, 8]}
graph:
  stem: {op: conv, out_channels: 4, kernel_size: 3}
  head: {op: linear, out_features: 2}
  aux: {from: stem, graph: {conv: {op: conv, out_channels: 500, kernel_size: 1}, pool: global_avg_pool}}
outputs: {head: head, aux: {from: aux, training_only: true}}
expect: {macs: 4176, params: 2626}
"""


def test_what_only_training_runs_is_no_part_of_the_figures_of_evaluation() -> None:
    """Contract, totals, shares, memory and report; the parameters stay."""
    network = archspec.compile_text(HEADED)
    assert (network.macs, network.training_only_macs, network.blocks.macs) == (4176, 72_000, 76_176)
    assert (network.flops, network.params) == (8352, 112 + 14 + 2500)
    assert [row.share for row in roll_up(network, 1)] == [pytest.approx(3888 / 4176), pytest.approx(288 / 4176), 0]
    assert activation_memory(network).inference_peak_node == "stem"
    assert "4,176 + 72,000 in training only" in table.render(network)
    report = json_report.report(network)
    assert report["totals"]["training_only_macs"] == 72_000
    assert [node["path"] for node in report["nodes"] if node["training_only"]] == ["aux.conv", "aux.pool"]


def test_a_network_with_nothing_but_outputs_of_training_runs_them() -> None:
    text = HEADED.replace("head: head, ", "").replace("  head: {op: linear, out_features: 2}\n", "")
    network = archspec.compile_text(text.partition("expect")[0])
    assert (network.macs, network.training_only_macs) == (75_888, 0)


# Roll-ups


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
@pytest.mark.parametrize("depth", [1, 2, 3, None])
def test_rows_add_up_at_any_depth(path: Path, depth: int | None) -> None:
    network = archspec.compile(path)
    rows = roll_up(network, depth)
    assert sum(row.params for row in rows) == network.params
    assert sum(row.buffers for row in rows) == network.buffer_elements
    assert sum(row.macs or 0 for row in rows) == network.macs
    assert sum(row.other_ops or 0 for row in rows) == network.other_ops
    assert sum(row.share for row in rows) == pytest.approx(1)
    assert depth is not None or [row.path for row in rows] == [node.path for node in network]


def test_rows_name_what_they_roll_up() -> None:
    rows = roll_up(archspec.compile(ROOT / "specs" / "resnet50.yaml"), depth=1)
    assert [(row.path, row.kind) for row in rows if row.is_block] == [
        ("layer1", "bottleneck ×3"),
        ("layer2", "bottleneck ×4"),
        ("layer3", "bottleneck ×6"),
        ("layer4", "bottleneck ×3"),
    ]
    assert {row.path: row.shape for row in rows}["layer4"] == (2048, 7, 7)


def test_an_op_without_a_cost_rule_shows_as_unknown() -> None:
    class Mystery(Op, name="mystery"):
        """An op without a cost rule."""

        example = "mystery"

        def infer(self, inputs: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
            return inputs[0]

        def torch(self, inputs: tuple[tuple[int, ...], ...]) -> Module:
            return Module("nn.Identity")

    try:
        network = compiled("a: {op: conv, out_channels: 1, kernel_size: 3}\nb: mystery\nc: relu")
        assert network.unknown_costs == ("b",)
        assert network["b"].macs is None
        assert table.cells(roll_up(network)[1])[4:] == ("?", "?", "?", "?")
        assert "+ ? of 1 nodes" in table.render(network)
        assert receptive_fields(network)["c"] is None
        assert activation_memory(network).training is None
    finally:
        del op.REGISTERED["mystery"]
