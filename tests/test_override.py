"""``override:`` and ``freeze:``: what they change, where they stand, and that nothing of them is lost in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from random_networks import compiled, networks
from random_probes import SPECS
from sampling import examples

import archspec
from archspec.analysis.training import step_macs
from archspec.language import patterns
from archspec.network import Block

STAGES = """
archspec: 1
name: stages
params: {classes: 10}
inputs: {image: [3, 32, 32]}
graph:
  stem: {block: conv_bn_relu, out_channels: 8, kernel_size: 3, padding: 1}
  layer1: {block: residual_basic, channels: 8, repeat: 3}
  layer2: {block: residual_basic, channels: 16, repeat: 4, first: {stride: 2}}
  pool: global_avg_pool
  flat: flatten
  fc: {op: linear, out_features: $classes}
"""


def changed(text: str = STAGES, **keys: Any) -> str:
    return yaml.safe_dump(yaml.safe_load(text) | keys, sort_keys=False)


def stages(**keys: Any) -> archspec.Network:
    return archspec.compile_text(changed(**keys))


def facts(network: archspec.Network) -> list[Any]:
    """All that its nodes are."""
    return [(node.path, node.op, node.inputs, node.shape) for node in network]


def source(network: archspec.Network) -> str:
    """What is emitted, without the digest of the files."""
    return archspec.emit(network).partition('"""\n\n')[2]


def codes(text: str, **details: Any) -> list[str]:
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text(text, **details)
    return [each.code for each in caught.value.diagnostics]


# What it changes


CHANGES = [
    ("fc", {"bias": False}),
    ("pool", "identity"),
    ("flat", None),
    ("layer1", {"channels": 24, "repeat": 2, "last": {"channels": 12}}),
    ("layer2", {"block": "bottleneck"}),
    ("layer2", {"first": {"stride": 1}}),
    ("stem", {"kernel_size": 5, "padding": None}),
    ("stem", {"when": False}),
]


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_a_node_of_the_own_graph_is_changed_as_a_file_that_extends_changes_it(
    name: str, change: Any, tmp_path: Path
) -> None:
    (tmp_path / "base.yaml").write_text(STAGES)
    stated = {"when": False} if change is None else change
    over = {"archspec": 1, "extends": "base.yaml", "graph": {name: stated}}
    (tmp_path / "over.yaml").write_text(yaml.safe_dump(over))
    extended, overridden = archspec.compile(tmp_path / "over.yaml"), stages(override={name: change})
    assert facts(overridden) == facts(extended) != facts(stages())
    assert source(overridden) == source(extended)


@pytest.mark.parametrize("value", ["elu", {"op": "elu"}, {"op": "elu", "alpha": 0.5}])
def test_an_op_that_is_an_argument_replaces_another_as_in_a_file_that_extends(value: Any, tmp_path: Path) -> None:
    first = {"block": "residual_basic", "channels": 8, "act": {"op": "leaky_relu", "negative_slope": 0.3}}
    (tmp_path / "base.yaml").write_text(changed(graph=yaml.safe_load(STAGES)["graph"] | {"layer1": first}))
    for name, keys in {
        "graph": {"graph": {"layer1": {"act": value}}},
        "over": {"override": {"layer1": {"act": value}}},
    }.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({"archspec": 1, "extends": "base.yaml"} | keys))
    extended, overridden = (archspec.compile(tmp_path / f"{name}.yaml") for name in ("graph", "over"))
    assert facts(overridden) == facts(extended) != facts(archspec.compile(tmp_path / "base.yaml"))


@pytest.mark.parametrize(
    ("pattern", "change"),
    [
        ("**.relu1", "silu"),
        ("layer2.*.conv2", {"bias": True}),
        ("layer*.1.**", {"when": False}),
        ("layer*.**.bn*", {"eps": 0.1}),
        ("*.0", {"channels": 4}),
        ("layer2.?", None),
        ("**.2.relu2", "identity"),
        ("layer1.1*", None),
    ],
)
def test_a_pattern_changes_the_nodes_that_it_fits_and_no_other(pattern: str, change: Any) -> None:
    pattern = pattern.replace("?", "*")
    paths = [path for path in stages().paths() if patterns.matches(pattern, path)]
    outermost = [path for path in paths if not any(path.startswith(f"{other}.") for other in paths)]
    one, each = stages(override={pattern: change}), stages(override=dict.fromkeys(outermost, change))
    assert facts(one) == facts(each) != facts(stages())


def several(network: archspec.Network) -> set[str]:
    """The ops that give several tensors, each of which is a node."""
    return {block.path for block in network.blocks.walk() if block.kind == "op"}


@settings(max_examples=examples(60))
@given(networks())
def test_a_change_that_says_what_is_there_changes_nothing(text: str) -> None:
    network, spec = compiled(text), yaml.safe_load(text)
    stated = spec.get("override", {})
    plain = [
        node for node in network if not node.shares and node.step.target and node.step.target.value == node.op.name
    ]
    written = {*network.written_paths()}
    places = [node.path if node.path in written else node.path.rpartition(".")[0] for node in plain]
    same = {path: {"op": node.op.name} for path, node in zip(places, plain, strict=True) if path not in stated}
    again = yaml.safe_dump(spec | {"override": stated | same}, sort_keys=False)
    assert facts(archspec.compile_text(again, root=SPECS)) == facts(network)


def test_a_change_of_a_copy_holds_over_first_and_last() -> None:
    network = stages(override={"layer2.0": {"stride": 1}, "layer2.3": {"channels": 32}})
    assert network["layer2.0.conv1"].op.stride == (1, 1)
    assert [network.shape(f"layer2.{copy}")[0] for copy in range(4)] == [16, 16, 16, 32]


def test_values_are_those_of_the_parameters() -> None:
    override = {"layer1.1.conv1": {"out_channels": "$(classes * 2)"}, "layer1.1.bn1": {"affine": "$(classes > 20)"}}
    override["layer1.1.conv2"] = {"out_channels": 8}
    text = changed(override=override)
    assert archspec.compile_text(text)["layer1.1.conv1"].shape[0] == 20
    assert archspec.compile_text(text, classes=30)["layer1.1.bn1"].op.affine is True
    assert "num_classes" not in archspec.emit(archspec.compile_text(text))  # another value would change the block too


def test_a_block_that_a_change_names_is_one_of_the_file_that_states_it() -> None:
    own = {
        "shift": {
            "params": {"channels": 8},
            "graph": {"conv": {"op": "conv", "out_channels": "$channels", "kernel_size": 1}},
        }
    }
    network = stages(override={"layer1.*.relu1": {"block": "shift"}}, blocks=own)
    assert network["layer1.0.relu1.conv"].op.name == "conv"


def test_a_network_that_is_used_as_a_block_keeps_its_changes(tmp_path: Path) -> None:
    (tmp_path / "stages.yaml").write_text(changed(override={"**.relu1": "silu", "fc": {"bias": "$(classes > 20)"}}))
    user = {"archspec": 1, "name": "user", "inputs": {"image": [3, 32, 32]}}
    user["graph"] = {
        "a": {"block": "./stages.yaml", "classes": 30, "output": "fc"},
        "b": {"op": "linear", "out_features": 2},
    }
    (tmp_path / "user.yaml").write_text(
        yaml.safe_dump(user | {"override": {"a.layer1.*.relu1": "gelu"}}, sort_keys=False)
    )
    network = archspec.compile(tmp_path / "user.yaml")
    assert [network[f"a.{path}.relu1"].op.name for path in ("layer1.0", "layer2.3")] == ["gelu", "silu"]
    assert network["a.fc"].op.bias is True


# What is shared


def runs(network: archspec.Network, path: str) -> list[int]:
    repeat = network[path]
    assert isinstance(repeat, Block)
    return [run.length for run in repeat.content.uses.runs]


def test_equal_copies_are_runs_that_end_where_a_copy_is_changed() -> None:
    text = STAGES.replace("repeat: 3", "repeat: 2000")
    edited = archspec.compile_text(changed(text, override={"layer1.7.relu1": "silu", "**.1000.conv1": {"bias": True}}))
    assert runs(edited, "layer1") == [7, 1, 992, 1, 999]
    everywhere = archspec.compile_text(changed(text, override={"layer1.*.relu1": "silu"}))
    assert runs(everywhere, "layer1") == [2000]
    some = archspec.compile_text(changed(text, override={"layer1.1*.relu1": "silu"}))
    assert runs(some, "layer1")[:4] == [1, 1, 8, 10]


def test_what_is_kept_of_a_spec_holds_for_its_changes(tmp_path: Path) -> None:
    text = changed(override={"layer*.*.relu1": "silu", "layer2.1.relu1": {"when": "$(classes > 10)"}})
    (tmp_path / "stages.yaml").write_text(text)
    spec = archspec.load(tmp_path / "stages.yaml")
    for classes in (10, 20, 10, 20):
        kept, anew = spec.compile(classes=classes), archspec.compile(tmp_path / "stages.yaml", classes=classes)
        assert facts(kept) == facts(anew)
        assert archspec.emit(kept) == archspec.emit(anew)
    assert facts(stages()) == facts(archspec.compile_text(STAGES))  # and not for others


# What is wrong


def test_a_pattern_that_fits_nothing_is_an_error_where_the_parameters_have_their_defaults() -> None:
    text = changed(override={"layer2.$.relu1".replace("$", "9"): "silu"})
    assert codes(text) == ["unknown-node"]
    assert archspec.compile_text(text, classes=11)


def test_an_inherited_change_may_fit_nothing(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(changed(override={"layer2.1.relu1": "silu", "fc": {"bias": False}}))
    over = "archspec: 1\nextends: base.yaml\ngraph: {layer2: null}\noverride: {fc: {out_features: 3}}\n"
    (tmp_path / "over.yaml").write_text(over)
    network = archspec.compile(tmp_path / "over.yaml")
    assert (network["fc"].shape, network["fc"].op.bias) == ((3,), True)  # a change replaces the one with its key


# Freezing


def test_what_is_frozen_is_counted_apart() -> None:
    network = stages(freeze=["stem", "layer1.1", "**.bn2", "fc"])
    frozen = [node.params for node in network if network.is_frozen(node.path)]
    assert network.frozen_params == sum(frozen) == stages().params - network.trainable_params
    assert network.params == stages().params
    names = {node.path for node in network if network.is_frozen(node.path)}
    assert {"stem.conv", "layer1.1.conv1", "layer2.3.bn2", "fc"} < names
    assert not network.is_frozen("layer1.0.conv1")


def test_a_node_again_is_frozen_with_the_first() -> None:
    linear = {"op": "linear", "out_features": 4}
    graph = {"a": linear, "again": {"reuse": "a", "repeat": 2}, "fc": linear}
    spec = {"archspec": 1, "name": "t", "inputs": {"x": [4]}, "graph": graph, "freeze": ["a"]}
    network = archspec.compile_text(yaml.safe_dump(spec, sort_keys=False))
    assert [network.is_frozen(node.path) for node in network] == [True, True, True, False]
    assert step_macs(network) == network.macs + 16  # of all gradients only that of the last weight


def test_a_contract_can_state_what_trains() -> None:
    assert stages(freeze=["**"], expect={"trainable_params": 0}).frozen_params == stages().params
    assert codes(changed(freeze=["fc"], expect={"trainable_params": 7})) == ["expect-mismatch"]


def test_a_network_of_which_all_is_frozen_is_not_trained() -> None:
    pytest.importorskip("torch")
    with pytest.raises(archspec.UsageError, match="all are frozen"):
        archspec.run(stages(freeze=["**"]), train=True)


LEFT_OUT = """
archspec: 1
name: left_out
params: {aux: false}
inputs: {image: [8, 16, 16]}
graph:
  stem: {op: conv, out_channels: 8, kernel_size: 1}
  body: {graph: {more: {op: conv, out_channels: 8, kernel_size: 1, when: $aux}, act: relu}}
  head: {from: stem, graph: {conv: {op: conv, out_channels: 8, kernel_size: 1}}}
outputs: {main: body, aux: {from: head, when: $aux}}
"""


@pytest.mark.parametrize(
    "rule",
    [
        "override: {$: {bias: false}}",
        "freeze: [$]",
        "init: {$: zeros}",
        "weights: {other: {theirs: $}}",
        "expect: {shapes: {$: [8, 16, 16]}}",
        "expect: {receptive_field: {$: 1}}",
    ],
)
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("body.more", "`body.more` is left out: its `when` is false"),
        ("head.conv", "`head` is left out: no output needs it"),
    ],
)
def test_what_speaks_of_a_node_that_is_left_out_is_told_why(rule: str, path: str, why: str) -> None:
    text = LEFT_OUT + rule.replace("$", path)
    with pytest.raises(archspec.SpecError) as raised:
        archspec.compile_text(text)
    (diagnostic,) = raised.value.diagnostics
    assert why in (diagnostic.message, diagnostic.help)
    assert archspec.compile_text(text, aux=True)
