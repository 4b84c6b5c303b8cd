"""Laws over the block library, and networks of others rebuilt from its blocks."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import archspec
from archspec.language import library
from archspec.language.loader import library_block
from archspec.network import Network, Node
from archspec.reports import reference

NETWORKS = Path(__file__).parent / "data" / "networks"
BLOCKS = sorted(path.stem for path in (Path(archspec.__file__).parent / "blocks").glob("*.yaml"))

INCEPTION = "ch1x1: 8, ch3x3red: 12, ch3x3: 16, ch5x5red: 2, ch5x5: 4, pool_proj: 4"
FIRE = "squeeze_channels: 4, expand1x1_channels: 8"
WINDOWS = "dim: 64, size: 56, heads: 2, window: 6"
EXAMPLES: dict[str, list[str]] = {
    "bn_relu_conv": [
        "out_channels: 8",
        "out_channels: 8, kernel_size: [3, 1], padding: [1, 0], stride: 2",
        "out_channels: 16, kernel_size: 5, dilation: 2, groups: 4, eps: 0.001",
    ],
    "bottleneck": [
        "channels: 16",
        "channels: 16, stride: 2",
        "channels: 16, stride: 2, stride_in_1x1: true",
        "channels: 64, groups: 32, width_per_group: 4",
        "channels: 16, dilation: 2, width: 32, expansion: 2",
    ],
    "c2f": ["channels: 16", "channels: 12, n: 3, shortcut: true, hidden: 8"],
    "conv_bn": [
        "out_channels: 8",
        "out_channels: 8, kernel_size: [3, 1], padding: [1, 0], stride: 2",
        "out_channels: 16, kernel_size: 5, dilation: 2, groups: 4, eps: 0.001",
    ],
    "conv_bn_relu": [
        "out_channels: 8",
        "out_channels: 8, kernel_size: [3, 1], padding: [1, 0], stride: 2",
        "out_channels: 16, kernel_size: 5, dilation: 2, groups: 4, eps: 0.001",
    ],
    "conv_bn_relu6": [
        "out_channels: 8",
        "out_channels: 8, kernel_size: [3, 1], padding: [1, 0], stride: 2",
        "out_channels: 16, kernel_size: 5, dilation: 2, groups: 4, eps: 0.001",
    ],
    "conv_bn_silu": [
        "out_channels: 8",
        "out_channels: 8, kernel_size: [3, 1], padding: [1, 0], stride: 2",
        "out_channels: 16, kernel_size: 5, dilation: 2, groups: 4, eps: 0.001",
    ],
    "conv_norm_act": [
        "out_channels: 8",
        "out_channels: 8, norm: {op: group_norm, num_groups: 2}, act: {op: leaky_relu, negative_slope: 0.1}, stride: 2",
        "out_channels: 16, kernel_size: [3, 1], padding: [1, 0], norm: null, act: null, bias: false",
        "out_channels: 16, kernel_size: 5, dilation: 2, groups: 4",
    ],
    "conv_relu": [
        "out_channels: 8",
        "out_channels: 8, kernel_size: [3, 1], padding: [1, 0], stride: 2",
        "out_channels: 16, kernel_size: 5, dilation: 2, groups: 4",
    ],
    "convnext_block": ["", "kernel_size: 3, expansion: 2, layer_scale: 1.0, drop_path: 0.1"],
    "decoupled_head": [
        "num_classes: 10",
        "num_classes: 10, box_channels: 8, class_channels: 12, distances: 4",
    ],
    "dense_layer": ["", "growth_rate: 12, bn_size: 2, drop_rate: 0.2"],
    "depthwise_separable": ["out_channels: 32", "out_channels: 32, kernel_size: 5, stride: 2"],
    "fcn_head": ["num_classes: 21", "num_classes: 5, channels: 8, dropout: 0.5"],
    "encoder_block": ["heads: 4, hidden: 24", "heads: 2, hidden: 24, dropout: 0.1"],
    "fire": ["squeeze_channels: 4, expand1x1_channels: 16", f"{FIRE}, expand3x3_channels: 24"],
    "fused_mbconv": ["channels: 64", "channels: 24, stride: 2", "channels: 64, expansion: 1, drop_path: 0.2"],
    "inception": [INCEPTION],
    "inception_a": ["pool_features: 32", "pool_features: 64, eps: 1.0e-5"],
    "inception_b": ["", "eps: 1.0e-5"],
    "inception_c": ["channels: 128", "channels: 8, eps: 1.0e-5"],
    "inception_d": ["", "eps: 1.0e-5"],
    "inception_e": ["", "eps: 1.0e-5"],
    "inception_bn": [INCEPTION, f"{INCEPTION}, eps: 1.0e-5"],
    "inception_naive": ["ch1x1: 8, ch3x3: 16, ch5x5: 4"],
    "inverted_residual": [
        "channels: 64",
        "channels: 24, stride: 2",
        "channels: 16, expansion: 1",
        "channels: 8, hidden: 100",
        "channels: 24, kernel_size: 5, unit: conv_bn_relu",
    ],
    "maxvit_block": [
        "channels: 64, heads: 4, window: 4",
        "channels: 32, stride: 2, size: 8, heads: 4, window: 4, drop_path: 0.1, conv_norm: instance_norm",
    ],
    "mbconv": [
        "channels: 64",
        "channels: 24, kernel_size: 5, stride: 2, se_reduction: 8",
        "channels: 64, expansion: 1, drop_path: 0.2, eps: 0.001",
        "channels: 64, kernel_size: 5, dilation: 2, se: null",
        "channels: 64, se: {block: squeeze_excite, gate: hardsigmoid}, squeeze_channels: 24",
        "channels: 8, hidden: 100",
    ],
    "mbconv_first": ["channels: 64", "channels: 24, stride: 2, drop_path: 0.1"],
    "mlp_block": ["hidden: 24", "hidden: 24, dropout: 0.1"],
    "nin_block": ["channels: 8", "channels: 8, mlp1: 6, mlp2: 4, kernel_size: 5, padding: 2, stride: 2"],
    "patch_merging": ["dim: 64"],
    "patch_merging_v2": ["dim: 64"],
    "plain_basic": ["channels: 64", "channels: 32, stride: 2"],
    "preact_basic": ["channels: 64", "channels: 32, stride: 2"],
    "preact_bottleneck": [
        "channels: 16",
        "channels: 32, stride: 2",
        "channels: 8, expansion: 2",
    ],
    "residual_basic": [
        "channels: 64",
        "channels: 128, stride: 2",
        "channels: 128, stride: 2, shortcut: pad",
        "channels: 64, dilation: 2",
    ],
    "shuffle_unit": [
        "channels: 60",
        "channels: 240, stride: 2, groups: 2, groups_first: 1",
        "channels: 60, groups: 4, hidden: 20, branch: 60",
    ],
    "shuffle_unit_v2": ["channels: 64", "channels: 116, stride: 2", "channels: 64, width: 32"],
    "sppf": ["", "channels: 16, hidden: 8, kernel_size: 3"],
    "squeeze_excite": ["", "reduction: 4", "squeeze_channels: 8, activation: silu, gate: hardsigmoid"],
    "swin_block": [WINDOWS, f"{WINDOWS}, shift: 2, scale: 0.5, drop_path: 0.1"],
    "swin_block_v2": [WINDOWS, f"{WINDOWS}, shift: 2, drop_path: 0.1"],
    "transition": ["", "compression: 1.0"],
    "vgg_block": ["channels: 8", "channels: 8, convs: 3, batch_norm: true"],
    "window_attention": [WINDOWS, f"{WINDOWS}, shift: 2, scale: 0.5"],
    "window_attention_v2": [WINDOWS, f"{WINDOWS}, shift: 2"],
    "xy_block": ["w: 64, g: 16", "w: 24, g: 8, stride: 2, se: 0"],
}
"""Arguments on which a block compiles, first the required ones alone; `OTHER_OPS` come to the last ones."""

OTHER_OPS = {"norm": "{op: group_norm, num_groups: 1}", "act": "{op: leaky_relu, negative_slope: 0.1}"}
"""Values of parameters that are ops."""

SHAPES = {"shuffle_unit": (60, 16, 16), "encoder_block": (16, 64)}
ON_LAST = (
    "patch_merging",
    "patch_merging_v2",
    "swin_block",
    "swin_block_v2",
    "window_attention",
    "window_attention_v2",
)
SHAPES |= dict.fromkeys(ON_LAST, (56, 56, 64))
"""Inputs for the examples, where not 64x16x16."""

for _name, _examples in EXAMPLES.items():
    _params = library_block(_name).params
    _ops = [f"{param}: {value}" for param, value in OTHER_OPS.items() if param in _params]
    if _ops and _name != "conv_norm_act":
        _examples.append(", ".join(filter(None, [*_examples[-1:], *_ops])))

CASES = [(name, arguments) for name in sorted(EXAMPLES) for arguments in EXAMPLES[name]]


@cache
def block_file(name: str) -> dict[str, Any]:
    """A block as its file has it, with what it takes over from one that it extends."""
    data: dict[str, Any] = library_block(name).value.plain()
    return data


@cache
def harness(name: str, arguments: str = "", repeat: int = 1, shape: tuple[int, ...] = ()) -> Network:
    """A network of one block."""
    node = ", ".join(filter(None, [f"block: {name}", f"repeat: {repeat}", arguments]))
    sizes = list(shape or SHAPES.get(name, (64, 16, 16)))
    text = f"archspec: 1\nname: harness\ninputs: {{x: {sizes}}}\ngraph:\n  node: {{{node}}}\n"
    return archspec.compile_text(text)


def output(net: Network) -> tuple[int, ...]:
    return net.outputs["output"].shape


# The library


def test_every_block_has_examples() -> None:
    assert sorted(EXAMPLES) == BLOCKS
    assert set(BLOCKS) <= library.blocks().keys()


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_is_named_after_its_file(name: str) -> None:
    assert block_file(name)["block"] == name


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_has_an_example_that_compiles(name: str) -> None:
    example = block_file(name)["example"]
    assert required(name) <= example.keys()
    assert len(harness(name, ", ".join(f"{key}: {value}".lower() for key, value in example.items())))


@pytest.mark.parametrize("name", BLOCKS)
def test_the_page_of_a_block_has_all_of_its_graph(name: str) -> None:
    """Also where it is another's file that writes it."""
    graph = yaml.safe_load("graph:" + reference.block_page(name).rpartition("\ngraph:")[2])["graph"]
    nodes = dict(enumerate(graph)) if isinstance(graph, list) else graph
    assert {str(key): node for key, node in nodes.items()} == block_file(name)["graph"]


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_names_its_source(name: str) -> None:
    doc = block_file(name)["doc"]
    assert re.search(r"\w+ (et al\. |and \w+ )?(19|20)\d\d(, arXiv:\d{4}\.\d{4,5})?, (figure|section|table)", doc)


@pytest.mark.parametrize("name", BLOCKS)
def test_every_parameter_is_typed_and_documented(name: str) -> None:
    for param, declared in block_file(name)["params"].items():
        assert isinstance(declared, dict), param
        assert declared["doc"].endswith("."), param
        assert "type" in declared, param


def required(name: str) -> set[str]:
    return {param for param, declared in block_file(name)["params"].items() if "default" not in declared}


@pytest.mark.parametrize("name", BLOCKS)
def test_examples_set_what_is_required_and_then_everything(name: str) -> None:
    given = [set(yaml.safe_load(f"{{{arguments}}}") or {}) for arguments in EXAMPLES[name]]
    assert given[0] == required(name)
    assert set().union(*given) == set(block_file(name)["params"])


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_every_block_compiles(name: str, arguments: str) -> None:
    net = harness(name, arguments)
    assert len(net) > 0
    assert not net.unknown_costs
    (block,) = (block for block in net.blocks.walk() if block.path == "node.0")
    assert block.definition == name


@pytest.mark.parametrize(
    ("name", "arguments"),
    [case for case in CASES if "stride" not in case[1] and not case[0].startswith("patch_merging")],
)
def test_a_block_can_be_repeated(name: str, arguments: str) -> None:
    two = harness(name, arguments, repeat=2)
    assert two["node.1"].inputs == (harness(name, arguments).outputs["output"].path,)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_blocks_pad(name: str, arguments: str) -> None:
    """Only a stride, a pooling stage, or a first example without padding changes the size."""
    size = {"transition": 8, "vgg_block": 8, "inception_b": 7, "inception_d": 7}.get(
        name, 8 if "stride: 2" in arguments else 16
    )
    if (name, arguments) == ("nin_block", "channels: 8"):
        size = 14
    places = {"encoder_block": (64,)}.get(name, (size, size))
    if name in ON_LAST:
        places = (28, 128) if name.startswith("patch_merging") else (56, 64)
    assert output(harness(name, arguments))[1:] == places


@pytest.mark.parametrize("name", [name for name in BLOCKS if required(name)])
def test_a_missing_argument_is_reported_where_the_block_is_used(name: str) -> None:
    with pytest.raises(archspec.SpecError) as caught:
        harness(name)
    (problem,) = caught.value.diagnostics
    assert problem.code == "missing-argument"
    assert problem.span.file == "<text>"
    assert all(f"`{param}`" in problem.message for param in required(name))


# What the blocks are


def ops_of(net: Network) -> list[str]:
    return [node.op.name for node in net]


@pytest.mark.parametrize("name", ["residual_basic", "bottleneck", "preact_basic", "preact_bottleneck"])
def test_a_shortcut_is_projected_only_where_shapes_differ(name: str) -> None:
    expansion = 4 if "bottleneck" in name else 1
    same, other = harness(name, f"channels: {64 // expansion}"), harness(name, "channels: 24")
    assert "node.0.downsample" not in same
    assert "node.0.downsample" in other
    assert ops_of(same).count("add") == ops_of(other).count("add") == 1


@pytest.mark.parametrize("name", ["preact_basic", "preact_bottleneck"])
def test_nothing_follows_the_addition_of_a_preactivated_block(name: str) -> None:
    assert ops_of(harness(name, "channels: 24"))[0] == "batch_norm"
    assert ops_of(harness(name, "channels: 24"))[-1] == "add"


def test_a_preactivated_projection_takes_the_activated_input() -> None:
    projection = harness("preact_bottleneck", "channels: 24")["node.0.downsample.conv"]
    assert isinstance(projection, Node)
    assert projection.inputs == ("node.0.relu1",)


def test_an_identity_shortcut_of_a_preactivated_block_takes_the_input_itself() -> None:
    (addition,) = (node for node in harness("preact_bottleneck", "channels: 16") if node.op.name == "add")
    assert addition.inputs == ("node.0.conv3", "x")


def test_inception_concatenates_its_branches() -> None:
    assert output(harness("inception", INCEPTION)) == (8 + 16 + 4 + 4, 16, 16)
    assert output(harness("inception_bn", INCEPTION)) == (8 + 16 + 4 + 4, 16, 16)
    assert output(harness("inception_naive", EXAMPLES["inception_naive"][0])) == (8 + 16 + 4 + 64, 16, 16)
    assert output(harness("inception_a", "pool_features: 32")) == (64 + 64 + 96 + 32, 16, 16)
    assert output(harness("inception_b", "")) == (384 + 96 + 64, 7, 7)
    assert output(harness("inception_c", "channels: 8")) == (4 * 192, 16, 16)
    assert output(harness("inception_d", "")) == (320 + 192 + 64, 7, 7)
    assert output(harness("inception_e", "")) == (320 + 4 * 384 + 192, 16, 16)


def test_inception_reduces_before_it_convolves() -> None:
    """Szegedy et al. 2015, section 4: the same 3x3 and 5x5 outputs cost less behind 1x1 reductions."""
    naive = harness("inception_naive", EXAMPLES["inception_naive"][0])
    assert harness("inception", INCEPTION).macs < naive.macs


def test_inception_a_is_that_of_torchvision() -> None:
    """255,904 parameters on 192 channels: Mixed_5b of inception_v3."""
    text = (
        "archspec: 1\nname: mixed_5b\ninputs: {x: [192, 35, 35]}\ngraph: {a: {block: inception_a, pool_features: 32}}"
    )
    net = archspec.compile_text(text)
    assert net.params == 255_904
    assert {node.op.eps for node in net if node.op.name == "batch_norm"} == {0.001}  # type: ignore[attr-defined]
    assert all(list(node.weights) == ["weight"] for node in net if node.op.name == "conv")


def test_an_inverted_residual_without_expansion_has_no_expansion_layer() -> None:
    assert "node.0.expand" not in harness("inverted_residual", "channels: 16, expansion: 1")
    assert "node.0.expand" in harness("inverted_residual", "channels: 16")


@pytest.mark.parametrize(
    ("arguments", "adds"), [("channels: 64", 1), ("channels: 24", 0), ("channels: 64, stride: 2", 0)]
)
@pytest.mark.parametrize("name", ["inverted_residual", "mbconv"])
def test_an_inverted_residual_adds_only_what_fits(name: str, arguments: str, adds: int) -> None:
    assert ops_of(harness(name, arguments)).count("add") == adds


def test_the_bottleneck_of_an_inverted_residual_is_linear() -> None:
    assert ops_of(harness("inverted_residual", "channels: 24"))[-2:] == ["conv", "batch_norm"]


def strides(net: Network) -> list[int]:
    return [node.op.stride[0] for node in net if node.op.name == "conv"]  # type: ignore[attr-defined]


def test_stride_in_1x1_moves_the_stride_and_nothing_else() -> None:
    late, early = (
        harness("bottleneck", f"channels: 16, stride: 2, stride_in_1x1: {word}") for word in ("false", "true")
    )
    strides = [[node.op.stride[0] for node in net if node.op.name == "conv"] for net in (late, early)]  # type: ignore[attr-defined]
    assert strides == [[1, 2, 1, 2], [2, 1, 1, 2]]
    assert late.params == early.params


def test_batch_norm_of_vgg_keeps_the_bias_of_the_convolutions() -> None:
    net = harness("vgg_block", "channels: 8, convs: 3, batch_norm: true")
    assert ops_of(net) == ["conv", "batch_norm", "relu"] * 3 + ["max_pool"]
    assert all("bias" in node.weights for node in net if node.op.name == "conv")


def test_squeeze_excite_keeps_the_shape_and_chooses_its_activations() -> None:
    plain = harness("squeeze_excite")
    other = harness("squeeze_excite", "squeeze_channels: 8, activation: silu, gate: hardsigmoid")
    assert ops_of(plain) == ["global_avg_pool", "conv", "relu", "conv", "sigmoid", "mul"]
    assert ops_of(other) == ["global_avg_pool", "conv", "silu", "conv", "hardsigmoid", "mul"]
    assert output(plain) == output(other) == (64, 16, 16)


@pytest.mark.parametrize("name", [name for name in BLOCKS if "act" in library_block(name).params])
def test_an_activation_takes_the_place_of_each(name: str) -> None:
    """All activations of a block but the gates of a squeeze-and-excitation are those that it is given."""
    usual, other = harness(name, EXAMPLES[name][0]), harness(name, f"{EXAMPLES[name][0]}, act: softplus".strip(", "))
    default = library_block(name).params["act"].default
    assert {default: "softplus"} == {
        one: two for one, two in zip(ops_of(usual), ops_of(other), strict=True) if one != two
    }
    assert default not in ops_of(other)
    assert [node.path for node in usual] == [node.path for node in other]


@pytest.mark.parametrize("name", [name for name in BLOCKS if "norm" in library_block(name).params])
def test_a_normalisation_takes_the_place_of_each(name: str) -> None:
    normal, other = harness(name, EXAMPLES[name][0]), harness(name, f"{EXAMPLES[name][0]}, norm: null".strip(", "))
    assert [op for op in ops_of(normal) if not op.endswith("_norm")] == ops_of(other)
    assert len(ops_of(normal)) > len(ops_of(other))


def test_a_shuffle_unit_mixes_all_channels_but_half() -> None:
    """Ma et al. 2018, figure 3c: at stride 1 the left half passes untouched."""
    net = harness("shuffle_unit_v2", "channels: 64")
    left = net["node.0.left"]
    (joined,) = (node for node in net if node.op.name == "concat")
    assert isinstance(left, Node)
    assert joined.inputs[0] == left.path
    assert "node.0.branch1" not in net


OTHER_RANKS = ["bottleneck", "conv_bn_relu", "dense_layer", "fire", "inverted_residual", "preact_basic", "transition"]


@pytest.mark.parametrize("shape", [(64, 32), (64, 8, 8, 8)])
@pytest.mark.parametrize("name", OTHER_RANKS)
def test_blocks_take_other_spatial_ranks(name: str, shape: tuple[int, ...]) -> None:
    assert len(output(harness(name, EXAMPLES[name][0], shape=shape))) == len(shape)


# Networks of others, made of the blocks


@pytest.mark.parametrize("path", sorted(NETWORKS.glob("*.yaml")), ids=lambda path: path.stem)
def test_networks_of_others(path: Path) -> None:
    """Their contracts are figures measured on the code of others."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert archspec.compile(path).params == data["expect"]["params"]
    for variant, values in data.get("variants", {}).items():
        assert archspec.compile(path, variant=variant).params == values["expect"]["params"]
