"""``init:``: which tensors its rules speak of, and that PyTorch carries out what the compiler accepts."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import archspec
from archspec import Network
from archspec.errors import RuleError
from archspec.language import patterns
from archspec.language.initialisation import FUNCTIONS, Initialiser, effective

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))
GRAPH = """
  conv1: {op: conv, out_channels: 8, kernel_size: 3}
  bn1: batch_norm
  layer1: {block: bottleneck, channels: 4, repeat: 2}
  layer2: {block: bottleneck, channels: 4}
  pool: global_avg_pool
  flat: flatten
  fc: {op: linear, out_features: $classes}
"""


def net(init: str, extra: str = "", **params: Any) -> Network:
    """A small residual network whose ``init`` is the given YAML mapping."""
    head = "archspec: 1\nname: net\nparams: {classes: 10}\ninputs: {x: [3, 16, 16]}\n"
    return archspec.compile_text(f"{head}init: {init}\n{extra}graph:{GRAPH}", **params)


def begins(network: Network) -> dict[str, Initialiser]:
    """The initialiser of each tensor that has one, by its name in the state_dict."""
    return {
        f"{node.path}.{name}": initialiser
        for node in network
        for name, initialiser in effective(network.init, node.op.name, node.path, node.weights).items()
    }


ZEROS = Initialiser("zeros", {})


# Selection


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("linear", {"fc.weight"}),
        ("fc", {"fc.weight"}),
        ("bn1", {"bn1.weight"}),
        ("bn*", {"bn1.weight"}),
        ("layer2.bn*", {"layer2.bn1.weight", "layer2.bn2.weight", "layer2.bn3.weight"}),
        ("layer*.bn3", {"layer2.bn3.weight"}),
        ("layer*.*.bn3", {"layer1.0.bn3.weight", "layer1.1.bn3.weight"}),
        ("layer1.1.*.bn", set()),
        ("layer*.**.bn3", {"layer1.0.bn3.weight", "layer1.1.bn3.weight", "layer2.bn3.weight"}),
        ("**.downsample.bn", {"layer1.0.downsample.bn.weight"}),
    ],
)
def test_a_key_selects_nodes(selector: str, names: set[str]) -> None:
    if not names:
        with pytest.raises(archspec.SpecError, match="no node with weights has the path"):
            net(f'{{"{selector}": zeros}}')
        return
    assert begins(net(f'{{"{selector}": zeros}}')) == dict.fromkeys(names, ZEROS)


def test_norm_selects_every_normalisation_and_no_other_op() -> None:
    graph = "a: {op: conv, out_channels: 4, kernel_size: 1}\nb: batch_norm\nc: {op: group_norm, num_groups: 2}\n"
    graph += "d: {op: instance_norm, affine: true}\ne: global_response_norm\nf: layer_norm\n"
    nodes = "".join(f"  {line}\n" for line in graph.splitlines())
    network = archspec.compile_text(
        f"archspec: 1\nname: n\ninputs: {{x: [4, 8, 8]}}\ninit: {{norm: zeros}}\ngraph:\n{nodes}"
    )
    assert begins(network).keys() == {"b.weight", "c.weight", "d.weight", "f.weight"}


def test_a_rule_on_a_family_that_the_network_lacks_says_nothing() -> None:
    text = "archspec: 1\nname: n\ninputs: {x: [4]}\ninit: {norm: zeros, conv: zeros}\n"
    text += "graph: {fc: {op: linear, out_features: 2}}"
    assert begins(archspec.compile_text(text)) == {}


def test_the_name_of_an_op_is_the_op_and_not_a_node() -> None:
    text = "archspec: 1\nname: n\ninputs: {x: [4]}\ninit: {linear: zeros}\ngraph:\n"
    text += "  linear: {op: linear, out_features: 2}\n  fc: {op: linear, out_features: 2}\n"
    assert begins(archspec.compile_text(text)).keys() == {"linear.weight", "fc.weight"}


def test_of_two_rules_for_a_tensor_the_later_holds() -> None:
    network = net("{conv: {weight: ones, bias: zeros}, conv1: {bias: ones}, linear: ones, fc: {bias: zeros}}")
    found = begins(network)
    assert found["conv1.weight"] == Initialiser("ones", {})
    assert found["conv1.bias"] == Initialiser("ones", {})
    assert found["fc.weight"] == Initialiser("ones", {})
    assert found["fc.bias"] == ZEROS
    assert "layer1.0.conv1.bias" not in found


def test_one_initialiser_alone_is_for_the_weight() -> None:
    assert begins(net("{linear: zeros}")) == {"fc.weight": ZEROS}


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ("normal", {}),
        ("{normal: 0.02}", {"std": 0.02}),
        ("{normal: {mean: 1, std: 0.5}}", {"mean": 1, "std": 0.5}),
        ("{normal: null}", {}),
        ("{normal: $(classes ** -0.5)}", {"std": 0.1}),
        ("{normal: {std: $(1 / classes)}}", {"std": 0.01}),
    ],
)
def test_arguments(written: str, arguments: dict[str, float]) -> None:
    (found,) = begins(net(f"{{linear: {written}}}", classes=100)).values()
    assert found == Initialiser("normal", arguments)


def test_an_initialiser_can_be_a_parameter() -> None:
    text = "archspec: 1\nname: n\nparams: {init_by: ones}\ninputs: {x: [4]}\ninit: {linear: $init_by}\n"
    network = archspec.compile_text(text + "graph: {fc: {op: linear, out_features: 2}}", init_by="orthogonal")
    assert begins(network) == {"fc.weight": Initialiser("orthogonal", {})}


# Parameters, files, blocks


def test_where_parameters_differ_from_their_defaults_a_rule_may_speak_of_nothing() -> None:
    text = "archspec: 1\nname: n\nparams: {head: true}\ninputs: {x: [4]}\n"
    text += "init: {fc: {bias: zeros}}\nweights: {other: {h: fc}}\n"
    text += "graph: {a: relu, fc: {op: linear, out_features: 2, when: $head}, b: relu}"
    assert begins(archspec.compile_text(text)) == {"fc.bias": ZEROS}
    assert begins(archspec.compile_text(text, head=False)) == {}


def test_a_rule_replaces_that_of_the_extended_file(tmp_path: Path) -> None:
    head = "archspec: 1\nname: base\nparams: {classes: 10}\ninputs: {x: [3, 16, 16]}\n"
    rules = "init: {conv: {kaiming_normal: {mode: fan_out}}, norm: {weight: ones, bias: ones}, linear: zeros}\n"
    (tmp_path / "base.yaml").write_text(f"{head}{rules}graph:{GRAPH}")
    over = "archspec: 1\nname: over\nextends: base.yaml\ninit: {conv: {normal: 1}, norm: {bias: zeros}, linear: null}\n"
    (tmp_path / "over.yaml").write_text(over)
    found = begins(archspec.compile(tmp_path / "over.yaml"))
    assert found["conv1.weight"] == Initialiser("normal", {"std": 1})
    assert found["bn1.bias"] == ZEROS
    assert found.keys().isdisjoint({"bn1.weight", "fc.weight"})


def test_the_rules_of_a_network_do_not_apply_where_it_is_a_block(tmp_path: Path) -> None:
    inner = (
        "archspec: 1\nname: inner\ninputs: {x: [4]}\ninit: {linear: zeros}\ngraph: {fc: {op: linear, out_features: 2}}"
    )
    (tmp_path / "inner.yaml").write_text(inner)
    outer = "archspec: 1\nname: outer\ninputs: {x: [4]}\ngraph: {body: {block: ./inner.yaml}}"
    assert begins(archspec.compile_text(outer, root=tmp_path)) == {}


FAN_OUT = Initialiser("kaiming_normal", {"mode": "fan_out", "nonlinearity": "relu"})
FAN_IN = Initialiser("kaiming_normal", {"nonlinearity": "relu"})
ONES, SMALL, HALF = Initialiser("ones", {}), Initialiser("normal", {"std": 0.01}), Initialiser("constant", {"val": 0.5})
TRUNCATED = Initialiser("trunc_normal", {"std": 0.01})
XAVIER = Initialiser("xavier_uniform", {})
FPN = Initialiser("kaiming_uniform", {"a": 1})
NORM = {"batch_norm.weight": [ONES], "batch_norm.bias": [ZEROS]}
HE = {"conv.weight": [FAN_IN], "linear.weight": [FAN_IN], "linear.bias": [ZEROS]}
TORCHVISION_RESNET = {"conv.weight": [FAN_OUT], **NORM}
TORCHVISION_VGG = {
    "conv.weight": [FAN_OUT], "conv.bias": [ZEROS], "linear.weight": [SMALL], "linear.bias": [ZEROS],
}  # fmt: skip
TRUNCATED_SWIN = {"linear.weight": [Initialiser("trunc_normal", {"std": 0.02})], "linear.bias": [ZEROS]}
DCGAN = Initialiser("normal", {"std": 0.02})
DCGAN_NORM = {"batch_norm.weight": [Initialiser("normal", {"mean": 1.0, "std": 0.02})], "batch_norm.bias": [ZEROS]}
ON_RESNET = {"conv.weight": [FAN_OUT, None]}
ON_MOBILENET = {"conv.weight": [Initialiser("kaiming_normal", {"mode": "fan_out"}), None], "conv.bias": [ZEROS, None]}
"""The backbone of segmentation; its heads begin as PyTorch has it."""
EFFICIENTNET = {
    "conv.weight": [Initialiser("kaiming_normal", {"mode": "fan_out"})], "conv.bias": [ZEROS],
    "linear.weight": [Initialiser("uniform", {"a": -(1000**-0.5), "b": 1000**-0.5})], "linear.bias": [ZEROS],
    **NORM,
}  # fmt: skip
TORCHVISION_VIDEO = {"conv.weight": [FAN_OUT], "linear.weight": [SMALL], "linear.bias": [ZEROS], **NORM}
STATED: dict[str, dict[str, list[Initialiser | None]]] = {
    "alexnet": {},
    "alexnet_2012": {
        "conv.weight": [SMALL], "conv.bias": [ZEROS, ONES], "linear.weight": [SMALL], "linear.bias": [ZEROS, ONES],
    },
    "c3d": {},
    "dcgan_generator": {"conv_transpose.weight": [DCGAN], **DCGAN_NORM},
    "dcgan_discriminator": {"conv.weight": [DCGAN], **DCGAN_NORM},
    **dict.fromkeys(("fcn", "deeplabv3"), ON_RESNET),
    **dict.fromkeys(("deeplabv3_mobilenet_v3_large", "lraspp"), ON_MOBILENET),
    "segnet": {"conv.weight": [FAN_IN]},
    "unet": {"conv.weight": [FAN_IN]},
    "deepface": {f"{op}.{name}": [start] for op in ("conv", "local_conv", "linear")
                 for name, start in (("weight", SMALL), ("bias", HALF))},
    "densenet": {"conv.weight": [Initialiser("kaiming_normal", {})], "linear.bias": [ZEROS], **NORM},
    "fpn": {"conv.weight": [FAN_OUT, FPN], "conv.bias": [ZEROS], **NORM},
    "googlenet": {},
    "googlenet_bn": {"conv.weight": [TRUNCATED], "linear.weight": [TRUNCATED], **NORM},
    "inception_v3": {
        f"{op}.weight": [Initialiser("trunc_normal", {"std": 0.1})] for op in ("conv", "linear")
    } | NORM,
    "lenet": {"conv.weight": [XAVIER], "linear.weight": [XAVIER]},
    "mnasnet": {
        "conv.weight": [FAN_OUT], "linear.bias": [ZEROS], **NORM,
        "linear.weight": [Initialiser("kaiming_uniform", {"mode": "fan_out", "nonlinearity": "sigmoid"})],
    },
    "mobilenet_v1": {
        "conv.weight": [FAN_OUT, Initialiser("kaiming_normal", {"mode": "fan_in", "nonlinearity": "relu"})],
        "linear.weight": [Initialiser("uniform", {"a": -(1000**-0.5), "b": 1000**-0.5})],
        "linear.bias": [ZEROS], **NORM,
    },
    "mobilenet_v2": {
        "conv.weight": [Initialiser("kaiming_normal", {"mode": "fan_out"})], "linear.weight": [SMALL],
        "linear.bias": [ZEROS], **NORM,
    },
    **dict.fromkeys(("efficientnet", "efficientnet_v2"), EFFICIENTNET),
    "convnext": {
        f"{op}.{name}": [start] for op in ("conv", "linear")
        for name, start in (("weight", Initialiser("trunc_normal", {"std": 0.02})), ("bias", ZEROS))
    },
    "mobilenet_v3": {
        "conv.weight": [Initialiser("kaiming_normal", {"mode": "fan_out"})], "conv.bias": [ZEROS],
        "linear.weight": [SMALL], "linear.bias": [ZEROS], **NORM,
    },
    "regnet": {
        "conv.weight": [Initialiser("kaiming_normal", {"mode": "fan_out"})], "linear.weight": [SMALL],
        "linear.bias": [ZEROS], **NORM,
    },
    **dict.fromkeys(("r3d", "mc3", "r2plus1d"), TORCHVISION_VIDEO),
    "nin": {},
    "nin_cifar10": {},
    **dict.fromkeys(("plain20_cifar", "plain56_cifar"), HE),
    **{f"resnet{depth}_cifar": HE for depth in (20, 56, 110)},
    "resnetv2_1001_cifar": HE,
    "shufflenet_v2": {},
    "squeezenet": {"conv.weight": [Initialiser("kaiming_uniform", {}), SMALL], "conv.bias": [ZEROS]},
    "retinanet": {"conv.weight": [FAN_OUT, FPN, SMALL], "conv.bias": [ZEROS, Initialiser("constant", {"val": -4.595})]},
    "s3d": {},
    "yolov8": {
        "conv.bias": [ONES, *(Initialiser("constant", {"val": val}) for val in (-11.537, -10.15, -8.764))],
    },
    "resnetv2_50": {"conv.weight": [FAN_OUT], "linear.weight": [SMALL], "linear.bias": [ZEROS], **NORM},
    **{f"resnet{depth}": TORCHVISION_RESNET for depth in (18, 34, 50, 101, 152)},
    **dict.fromkeys(("resnet50_dilated", "resnet101_dilated"), TORCHVISION_RESNET),
    **dict.fromkeys(("resnext50_32x4d", "resnext101", "wide_resnet"), TORCHVISION_RESNET),
    **{f"vgg{depth}": TORCHVISION_VGG for depth in (11, 13, 16, 19)},
    **{f"vgg{depth}_bn": TORCHVISION_VGG | NORM for depth in (11, 13, 16, 19)},
    "vit": {
        "conv.weight": [Initialiser("trunc_normal", {"std": (3 * 16 * 16) ** -0.5})], "conv.bias": [ZEROS],
        "linear.weight": [Initialiser("xavier_uniform", {}), ZEROS],
        "linear.bias": [Initialiser("normal", {"std": 1e-6}), ZEROS],
        "parameter.weight": [Initialiser("normal", {"std": 0.02}), None],
    },
    "swin": TRUNCATED_SWIN | {"parameter.weight": [Initialiser("trunc_normal", {"std": 0.02})]},
    "swin_v2": TRUNCATED_SWIN,
    "maxvit": {
        "conv.weight": [Initialiser("normal", {"std": 0.02})], "conv.bias": [ZEROS],
        "linear.weight": [Initialiser("normal", {"std": 0.02})], "linear.bias": [ZEROS],
        "parameter.weight": [Initialiser("trunc_normal", {"std": 0.02})],
    },
}  # fmt: skip
"""What torchvision, timm and the papers say, by op and tensor."""


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_bundled_networks_begin_as_their_sources_say(path: Path) -> None:
    network = archspec.compile(path)
    starts = begins(network)
    found: dict[str, list[Initialiser | None]] = {}
    for node in network:
        for name in node.weights:
            found.setdefault(f"{node.op.name}.{name}", []).append(starts.get(f"{node.path}.{name}"))
    stated = {name: starts for name, starts in found.items() if starts != [None] * len(starts)}
    assert stated.keys() == STATED[path.stem].keys()
    for name, initialisers in STATED[path.stem].items():
        assert all(start in initialisers for start in stated[name]), name
        assert all(start in stated[name] for start in initialisers), name


def test_the_biases_of_alexnet_that_begin_at_one() -> None:
    """Krizhevsky et al. 2012, section 5: convolutions 2, 4 and 5 and the hidden linear layers."""
    starts = begins(archspec.compile(SPECS[0].parent / "alexnet_2012.yaml"))
    at_one = {name.removesuffix(".bias") for name, start in starts.items() if start == ONES}
    assert at_one == {"conv2.conv", "conv4.conv", "conv5.conv", "fc1", "fc2"}


def test_a_convolution_that_pads_by_size_begins_as_its_rule_says() -> None:
    """Its layer is one of PyTorch's convolutions too, of which the others here have no bias."""
    torch = pytest.importorskip("torch")
    graph = "{a: {op: conv, out_channels: 2, kernel_size: 3, bias: false}, b: {op: conv, out_channels: 2, "
    graph += "kernel_size: 3, stride: 2, padding: same_upper}}"
    text = f"archspec: 1\nname: net\ninputs: {{x: [3, 8, 8]}}\ngraph: {graph}\n"
    net = archspec.build(archspec.compile_text(text + "init: {conv: {weight: ones, bias: {constant: 3}}}\n"))
    assert net.b.bias.equal(torch.full((2,), 3.0))
    assert net.a.weight.equal(torch.ones(2, 3, 3, 3))


def test_depthwise_fans_of_mobilenet_v1_count_one_channel() -> None:
    network = archspec.compile(SPECS[0].parent / "mobilenet_v1.yaml")
    for node in network:
        if node.op.name == "conv":
            fan_in = begins(network)[f"{node.path}.weight"].arguments["mode"] == "fan_in"
            assert fan_in == (node.weights["weight"][1] == 1)


# PyTorch carries out what is accepted


def keywords(function: Any) -> dict[str, Any]:
    """The keywords of a function of torch.nn.init, with their defaults."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return {p.name: p.default for p in parameters if p.name != "generator"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_keywords_and_defaults_are_those_of_pytorch(name: str) -> None:
    init = pytest.importorskip("torch").nn.init
    fields = FUNCTIONS[name].model_fields
    stated = {key: inspect.Parameter.empty if field.is_required() else field.default for key, field in fields.items()}
    assert stated == keywords(getattr(init, f"{name}_"))


NUMBERS = st.sampled_from([-3.0, -1.0, -0.5, 0.0, 0.01, 0.5, 1.0, 2.0, 3.0, 7.0, -1e29, 1e29, 3e38, -3e38])
VALUES = {
    "mode": st.sampled_from(["fan_in", "fan_out", "fan_avg"]),
    "nonlinearity": st.sampled_from(["relu", "linear", "tanh", "conv_transpose3d", "leaky_relu", "selu", "gelu"]),
    "groups": st.integers(-1, 4),
}


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, dict[str, Any], tuple[int, ...]]:
    name = draw(st.sampled_from(sorted(FUNCTIONS)))
    keys = draw(st.sets(st.sampled_from(sorted(FUNCTIONS[name].model_fields)))) if FUNCTIONS[name].model_fields else ()
    arguments = {key: draw(VALUES.get(key, NUMBERS)) for key in sorted(keys)}
    return name, arguments, tuple(draw(st.lists(st.integers(1, 4), max_size=6)))


def accepted(name: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> bool:
    try:
        function = FUNCTIONS[name].model_validate(arguments)
        function.check()
        function.check_shape(shape)
    except (RuleError, ValueError):
        return False
    return True


@given(cases())
@example(("trunc_normal", {"mean": 7.0, "std": 1.0}, (3,)))
@example(("trunc_normal", {"std": 0.0}, (3,)))
@example(("uniform", {"a": -3e38, "b": 3e38}, (3,)))
@example(("xavier_normal", {"gain": -1.0}, (3, 3)))
@example(("dirac", {"groups": 2}, (3, 1, 1)))
@example(("dirac", {}, (2, 2, 1, 1, 1, 1)))
def test_what_is_accepted_runs_and_what_is_refused_does_not(case: tuple[str, dict[str, Any], tuple[int, ...]]) -> None:
    torch = pytest.importorskip("torch")
    name, arguments, shape = case
    if name == "trunc_normal" and not accepted(*case) and accepted(name, {**arguments, "std": 1e30}, shape):
        return  # it might not end
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            getattr(torch.nn.init, f"{name}_")(torch.empty(shape), **arguments)
        runs = True
    except (RuntimeError, ValueError, TypeError, ZeroDivisionError, UserWarning):
        runs = False
    huge = any(abs(number) > 1e30 for number in arguments.values() if not isinstance(number, str))
    assert accepted(name, arguments, shape) == runs or (huge and runs)


# Patterns

NAMES = st.lists(st.sampled_from(["a", "b", "ab", "0", "10"]), min_size=1, max_size=5)


@given(NAMES, NAMES)
def test_a_pattern_matches_as_its_definition_says(names: list[str], path: list[str]) -> None:
    """Against a definition by recursion on names."""

    def matches(pattern: list[str], rest: list[str]) -> bool:
        if not pattern:
            return not rest
        if pattern[0] == "**":
            return any(matches(pattern[1:], rest[i:]) for i in range(len(rest) + 1))
        before, star, after = pattern[0].partition("*")
        fits = bool(rest) and (
            rest[0].startswith(before) and rest[0].endswith(after) and len(rest[0]) >= len(before) + len(after)
            if star
            else rest[0] == before
        )
        return fits and matches(pattern[1:], rest[1:])

    for i in range(len(names) + 1):
        for wild in (["**"], ["*"], ["a*"], ["*b"]):
            pattern = [*names[:i], *wild, *names[i + 1 :]]
            assert patterns.problem(".".join(pattern)) == ""
            assert patterns.matches(".".join(pattern), ".".join(path)) == matches(pattern, path), (pattern, path)


@given(st.lists(st.lists(st.tuples(st.sampled_from(["", "a", "ab"]), st.integers(0, 30)), min_size=1, max_size=3)))
def test_natural_order_counts_numbers_by_value(paths: list[list[tuple[str, int]]]) -> None:
    texts = {".".join(f"{text}{number}" for text, number in path): path for path in paths}
    ordered = [texts[text] for text in sorted(texts, key=patterns.natural_order)]
    assert ordered == sorted(ordered)
