"""The analyses: receptive fields, memory, roll-ups."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import archspec
from archspec.analysis.cost import roll_up
from archspec.analysis.memory import activation_memory
from archspec.analysis.overwriting import Overwriting
from archspec.analysis.receptive_field import find, receptive_fields, seen
from archspec.network import Context, ReceptiveField
from archspec.ops import op
from archspec.ops.facts import Module
from archspec.ops.op import Op
from archspec.ops.tensor import elements
from archspec.reports import json_report, table

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"
SPECS = sorted((ROOT / "specs").glob("*.yaml"))

CONV3 = "c: {op: conv, out_channels: 1, kernel_size: 3, padding: 1}"


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
        ("mobilenet_v1", "blocks.4.1.pointwise.relu6", 315, 32, 157),
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
    assert network["c"].stride == (0,)


def test_upsampling_has_a_fractional_stride() -> None:
    network = compiled("u: {op: upsample, scale_factor: 2}")
    assert field(network, "u")[1] == Fraction(1, 2)


def test_places_behind_an_upsampling_see_more_or_less() -> None:
    network = compiled("p: {op: max_pool, kernel_size: 4}\nu: {op: upsample, scale_factor: 4}\n" + CONV3)
    found = receptive_fields(network)["c"]
    assert found is not None
    assert (found.size, found.least, found.stride) == ((8,), (4,), (1,))
    assert (found.before, found.after) == ((4,), (4,))
    places = seen(network)["c"]
    assert places is not None
    assert places.at((8,)) == (range(4, 12),)
    assert places.at((9,)) == (range(8, 12),)
    assert places.at((0,)) == (range(4),)  # the zeros of the padding are not seen


def test_the_smallest_upsampling() -> None:
    places = seen(compiled("p: {op: max_pool, kernel_size: 2}\nu: {op: upsample, scale_factor: 2}"))["u"]
    assert places is not None
    assert places.at((1,)) == (range(2),)


def test_the_field_of_a_unet() -> None:
    found = archspec.compile(DATA / "unet.yaml").receptive_field
    assert found is not None
    assert (found.size, found.least, found.stride) == ((204, 204), (188, 188), (1, 1))
    assert (found.before, found.after) == ((107, 107), (107, 107))


def test_permutes_keep_the_field() -> None:
    stages = [4, 8, 16, 32]
    graph = "".join(
        f"d{n}: {{op: conv, out_channels: 8, kernel_size: {kernel}, stride: {stride}, padding: {padding}}}\n"
        f"s{n}: {{block: convnext_block}}\n"
        for n, (kernel, stride, padding) in enumerate([(7, 4, 2), *[(3, 2, 1)] * 3])
    )
    network = compiled(graph, "[3, 224, 224]")
    fields = [network[f"s{n}"].receptive_field for n in range(4)]
    assert [field.size for field in fields if field] == [(size, size) for size in (31, 87, 199, 423)]
    assert [network[f"s{n}"].stride for n in range(4)] == [(stride, stride) for stride in stages]


def test_paths_of_different_stride_join() -> None:
    network = compiled(
        "a: {op: conv, out_channels: 1, kernel_size: 3, stride: 2, padding: 1}\n"
        "b: {op: slice, dim: 2, stop: 20, from: x}\nc: {op: add, from: [a, b]}"
    )
    found, places = receptive_fields(network)["c"], seen(network)["c"]
    assert found is not None
    assert places is not None
    assert (found.size, found.stride) == ((39 - 19 + 1,), (0,))
    assert [places.at((place,)) for place in (0, 1, 19)] == [(range(2),), (range(1, 4),), (range(19, 40),)]


def test_places_of_a_concatenation_see_where_they_stood() -> None:
    network = compiled(f"{CONV3.replace('}', ', from: x}')}\nd: {{op: concat, dim: 2, from: [c, x]}}")
    places = seen(network)["d"]
    assert places is not None
    assert [places.at((place,)) for place in (5, 39, 40, 79)] == [
        (range(4, 7),), (range(38, 40),), (range(1),), (range(39, 40),),
    ]  # fmt: skip


def test_what_repeats_the_input_is_seen_where_it_is() -> None:
    reflect, circular = (
        seen(compiled(f"c: {{op: conv, out_channels: 1, kernel_size: 7, padding: 3, padding_mode: {mode}}}"))["c"]
        for mode in ("reflect", "circular")
    )
    assert reflect is not None
    assert circular is not None
    assert (reflect.at((0,)), circular.at((0,))) == ((range(4),), (range(40),))
    padded = seen(compiled("p: {op: pad, padding: [3, 0], mode: reflect}"))["p"]
    assert padded is not None
    assert padded.at((0,)) == (range(3, 4),)


def test_windows_of_attention_see_their_window() -> None:
    network = compiled("""
a: {op: reshape, shape: [2, 2, 4, 2, 4]}
b: {op: permute, dims: [2, 4, 3, 5, 1]}
tokens: {op: reshape, shape: [4, 16, 2]}
keys: {op: permute, dims: [1, 3, 2], from: tokens}
scores: {op: matmul, from: [tokens, keys]}
mixed: {op: matmul, from: [scores, tokens]}
c: {op: reshape, shape: [2, 2, 4, 4, 2]}
d: {op: permute, dims: [5, 1, 3, 2, 4]}
e: {op: reshape, shape: [2, 8, 8]}""", "[2, 8, 8]")  # fmt: skip
    places = seen(network)["e"]
    assert places is not None
    assert places.at((1, 6)) == (range(4), range(4, 8))
    assert places.at((4, 3)) == (range(4, 8), range(4))
    found = network.receptive_field
    assert found is not None
    assert (found.size, found.least) == ((4, 4), (4, 4))


def test_a_token_that_sees_all_stands_beside_those_that_see_a_patch() -> None:
    network = compiled(
        """
patches: {op: conv, out_channels: 2, kernel_size: 4, stride: 4}
tokens: {op: flatten, start_dim: 2}
mean: {op: mean, dim: 2, keepdim: true}
all: {op: concat, dim: 2, from: [mean, tokens]}
others: {op: slice, dim: 2, start: 1}
map: {op: reshape, shape: [2, 3, 2]}
joined: {op: add, from: [map, patches]}
first: {op: slice, dim: 2, stop: 1, from: all}
gate: {op: reshape, shape: [2, 1, 1]}
out: {op: mul, from: [joined, gate]}""",
        "[1, 12, 8]",
    )
    places = {path: found for path, found in seen(network).items() if found}
    assert places["all"].at((0,)) == places["first"].at((0,)) == (range(12), range(8))
    assert places["all"].at((4,)) == places["others"].at((3,)) == (range(4, 8), range(4, 8))
    assert network["joined"].receptive_field == network["patches"].receptive_field
    assert network.receptive_field == ReceptiveField.whole((12, 8))


@pytest.mark.parametrize(
    "graph",
    [
        "a: {op: upsample, scale_factor: 1.2345678, mode: linear}",  # a period of as many places as the output has
        "a: {op: adaptive_avg_pool, output_size: 99991}",
        "a: {op: conv_transpose, out_channels: 1, kernel_size: 1, stride: 65537}",
        "a: {op: concat, dim: 2, from: [x, x]}\nb: {op: avg_pool, kernel_size: 30000, stride: 1}",
        "a: {op: concat, dim: 2, from: [x, x]}",
    ],
)
def test_what_would_take_too_long_is_not_known(graph: str) -> None:
    fields = receptive_fields(compiled(graph, "[1, 30001]" if "avg_pool" in graph else "[1, 70000]"))
    assert list(fields.values())[-1] is None


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archspec.analysis.sights.MOST_LISTED", 200)
    network = compiled("a: {op: concat, dim: 2, from: [x, x]}\n" + CONV3.replace("}", ", repeat: 3}"))
    assert [path for path, found in receptive_fields(network).items() if found] == ["a", "c.0"]


def test_very_many_groups_are_taken_together() -> None:
    network = compiled("a: {op: conv, out_channels: 200000, kernel_size: 3, groups: 2, bias: false}", "[2, 40]")
    assert field(network, "a") == (3, 1, 0)


def test_a_field_for_each_input() -> None:
    text = """archspec: 1
name: n
inputs: {x: [1, 40], y: [1, 20]}
graph:
  a: {op: conv, out_channels: 1, kernel_size: 5, stride: 2, padding: 2, from: x}
  b: {op: add, from: [a, y]}
  c: {op: relu, from: y}
outputs: {b: b, c: c}
"""
    network = archspec.compile_text(text)
    of_x, of_y = (receptive_fields(network, name) for name in "xy")
    assert [field and field.size for field in (of_x["b"], of_y["b"], of_x["c"], of_y["c"])] == [(5,), (1,), None, (1,)]
    assert network["b"].receptive_field is None  # the inputs differ in size
    assert network["c"].receptive_field == of_y["c"]
    with pytest.raises(archspec.UsageError, match="no input `z`"):
        receptive_fields(network, "z")


def test_figures_are_properties(monkeypatch: pytest.MonkeyPatch) -> None:
    network = archspec.compile(ROOT / "specs" / "resnet50.yaml")
    found: list[object] = []
    monkeypatch.setattr(Context, "find_fields", staticmethod(lambda *given: found.append(given) or find(*given)))
    field = network["layer4.2.relu3"].receptive_field
    assert field is not None
    assert (field.size, network["layer4.2.relu3"].stride) == ((427, 427), (32, 32))
    assert network["layer4"].receptive_field == network["layer4.2"].receptive_field == field
    assert network.blocks.children[0].receptive_field == network["conv1"].receptive_field
    assert network.receptive_field == ReceptiveField.whole((224, 224))
    assert network.stride == (0, 0)
    assert len(found) == 1  # once a network, when the first part is asked
    assert network["conv1"].activations == 4 * 64 * 112 * 112
    assert network.activations == network.blocks.activations == sum(node.activations for node in network)
    assert network["layer1"].activations == sum(node.activations for node in network["layer1"].nodes())
    assert network.activation_memory == activation_memory(network)


def test_nothing_is_found_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Context, "find_fields", staticmethod(lambda *given: pytest.fail("nobody asked")))
    network = archspec.compile(ROOT / "specs" / "resnet50.yaml")
    assert archspec.emit(network)


def test_a_block_with_several_outputs_has_no_field() -> None:
    network = archspec.compile_text("""archspec: 1
name: n
inputs: {x: [1, 40]}
blocks:
  two:
    graph: {a: relu, b: relu}
    outputs: {one: a, other: b}
graph:
  t: {block: two}
  s: {op: add, from: [t.one, t.other]}
""")
    assert network["t"].receptive_field is None
    assert network["t"].stride is None


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
    if depth is None:
        several = {block.path for block in network.blocks.walk() if block.kind == "op"}
        apart = [node.path.rpartition(".")[0] for node in network]  # nodes of one op with several outputs are one row
        paths = [of if of in several else node.path for node, of in zip(network, apart, strict=True)]
        assert [row.path for row in rows] == list(dict.fromkeys(paths))


def test_rows_name_what_they_roll_up() -> None:
    rows = roll_up(archspec.compile(ROOT / "specs" / "resnet50.yaml"), depth=1)
    assert [(row.path, row.kind) for row in rows if row.is_block] == [
        ("layer1", "bottleneck ×3"),
        ("layer2", "bottleneck ×4"),
        ("layer3", "bottleneck ×6"),
        ("layer4", "bottleneck ×3"),
    ]
    assert {row.path: row.shape for row in rows}["layer4"] == (2048, 7, 7)


def test_rows_of_a_table_are_rows() -> None:
    """MobileNet v2's table 2."""
    rows = roll_up(archspec.compile(ROOT / "specs" / "mobilenet_v2.yaml"), depth=1)
    copies = [1, 2, 3, 4, 3, 3, 1]
    assert [(row.path, row.kind) for row in rows if row.path.startswith("blocks")] == [
        (f"blocks.{stage}", f"inverted_residual ×{n}" if n > 1 else "inverted_residual")
        for stage, n in enumerate(copies)
    ]


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


def test_rows_show_the_arguments_that_matter_and_the_memory() -> None:
    network = compiled(
        "a: {op: conv, out_channels: 4, kernel_size: 3, groups: 2}\nb: {op: max_pool, kernel_size: 2}\nc: relu",
        "[2, 9, 9]",
    )
    details = [("3x3", "1x1", "2", "784 B"), ("2x2", "2x2", "", "144 B"), ("", "", "", "144 B")]
    assert [table.details(row) for row in roll_up(network)] == details
    written = table.render_csv(network).splitlines()
    assert written[0].endswith("share,kernel_size,stride,groups,activations,shares")
    assert [line.split(",")[-5:-1] for line in written[1:]] == [
        ["3x3", "1x1", "2", "784"], ["2x2", "2x2", "", "144"], ["", "", "", "144"],
    ]  # fmt: skip
    for text in (table.render_markdown(network), table.render_html(network)):
        assert "kernel" in text
        assert "784 B" in text


def test_columns_are_left_out_where_there_is_no_room() -> None:
    small, large = compiled("a: relu"), archspec.compile(ROOT / "specs" / "resnet50.yaml")
    assert "kernel" in table.render(small)
    assert "kernel" not in table.render(large)
    assert max(map(len, table.render(small).splitlines())) <= 120


def test_the_table_says_how_to_cut_tiles() -> None:
    shown = table.render(archspec.compile(DATA / "unet.yaml"))
    assert "cut at multiples of 16x16, and 96x96 more before, 96x96 after" in shown
    assert "tiles" not in table.render(archspec.compile(ROOT / "specs" / "lenet.yaml"))
