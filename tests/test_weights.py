"""Checkpoints matched with networks by name and shape.

``data/checkpoints`` holds the names and shapes of the state_dicts of torchvision 0.28.0 and timm 1.0.31, as
``{key: list(tensor.shape) for key, tensor in model.state_dict().items()}`` of a model made on the device ``meta``:
``torchvision.models.get_model(name)``, GoogLeNet with its auxiliary heads, and ``timm.create_model(name)``.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archspec
from archspec import Network, UsageError
from archspec.ops.tensor import Shape
from archspec.pytorch.weights.match import match
from archspec.pytorch.weights.matching import Matching
from archspec.pytorch.weights.mismatches import Misshapen, Missing, Unexpected
from archspec.pytorch.weights.renaming import Rules

SPECS = Path(__file__).parent.parent / "specs"
CHECKPOINTS = sorted((Path(__file__).parent / "data" / "checkpoints").glob("*.json"))
OTHER_NAMES = {"googlenet": "googlenet_bn", "mobilenetv1_100": "mobilenet_v1", "mobilenetv2_100": "mobilenet_v2"}
VGG = [path for path in CHECKPOINTS if "torchvision.vgg" in path.stem]


@cache
def compiled(name: str, **params: Any) -> Network:
    return archspec.compile(SPECS / f"{name}.yaml", **params)


def counterpart(path: Path, **params: Any) -> Network:
    name = path.stem.partition(".")[2]
    return compiled(OTHER_NAMES.get(name, name), **params)


@cache
def checkpoint(path: Path) -> dict[str, Shape]:
    return {key: tuple(shape) for key, shape in json.loads(path.read_text(encoding="utf-8")).items()}


def tensors(network: Network) -> dict[str, Shape]:
    return {f"{node.path}.{name}": shape for node in network for name, shape in (node.weights | node.buffers).items()}


# Counterparts


@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: path.stem)
def test_every_tensor_of_a_counterpart_has_its_place(path: Path) -> None:
    network, found = counterpart(path), checkpoint(path)
    matching = match(tensors(network), found, network.weights)
    source = path.stem.partition(".")[0]
    assert (matching.ok, matching.source) == (True, source if source in network.weights else "")
    assert matching.names.keys() == tensors(network).keys()
    assert {*matching.names.values(), *matching.left_out} == found.keys()
    assert len(set(matching.names.values())) == len(matching.names)
    for ours, theirs in matching.names.items():
        assert tensors(network)[ours] == found[theirs] or ours in matching.reshaped
        assert ours.rpartition(".")[2] == theirs.rpartition(".")[2]


def test_only_classifiers_that_are_convolutions_are_reshaped() -> None:
    """timm has convolutions of 1x1 in ResNet v2, of 7x7 and 1x1 in VGG."""
    reshaped = {path.stem: match(tensors(counterpart(path)), checkpoint(path), counterpart(path).weights).reshaped
                for path in CHECKPOINTS}  # fmt: skip
    assert {name: names for name, names in reshaped.items() if names} == {
        "timm.resnetv2_50": ("fc.weight",),
        "timm.vgg11": ("classifier.0.weight", "classifier.3.weight"),
        "timm.vgg16_bn": ("classifier.0.weight", "classifier.3.weight"),
    }


@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: path.stem)
def test_tensors_stand_in_the_order_of_the_counterpart(path: Path) -> None:
    """Equal shapes alone could hide two layers exchanged. Both libraries, and a spec, write layers as they run."""
    params = {"aux_heads": True} if "googlenet" in path.stem else {}
    network = counterpart(path, **params)
    matching = match(tensors(network), checkpoint(path), network.weights)
    order = {theirs: i for i, theirs in enumerate(matching.names.values())}
    positions = [order[theirs] for theirs in checkpoint(path)]
    if path.stem == "timm.resnetv2_50":  # a block's shortcut comes first there
        positions = [order[theirs] for theirs in checkpoint(path) if "downsample" not in theirs]
    if path.stem == "torchvision.googlenet":  # the auxiliary heads come before the classifier there
        positions = [order[theirs] for theirs in checkpoint(path) if not theirs.startswith(("aux", "fc"))]
    assert positions == sorted(positions)


@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: path.stem)
def test_no_rule_is_superfluous(path: Path) -> None:
    params = {"aux_heads": True} if "googlenet" in path.stem else {}
    network = counterpart(path, **params)
    source = path.stem.partition(".")[0]
    for left, right in network.weights.get(source, {}).items():  # AlexNet has torchvision's own names
        if left == right == "aux*":
            continue  # the heads, with `aux_heads`
        rules = {key: value for key, value in network.weights[source].items() if key != left}
        assert not match(tensors(network), checkpoint(path), {source: rules}, source).ok, left


def test_heads_are_taken_where_the_network_has_them() -> None:
    (path,) = [path for path in CHECKPOINTS if "googlenet" in path.stem]
    without, with_heads = (compiled("googlenet_bn", aux_heads=heads) for heads in (False, True))
    left_out = match(tensors(without), checkpoint(path), without.weights).left_out
    assert left_out
    assert all(name.startswith("aux") for name in left_out)
    taken = match(tensors(with_heads), checkpoint(path), with_heads.weights)
    assert taken.ok
    assert not taken.left_out


@pytest.mark.parametrize("path", VGG, ids=lambda path: path.stem)
def test_the_checkpoint_of_another_vgg_is_refused(path: Path) -> None:
    network = counterpart(path)
    for other in VGG:
        if other != path:
            assert not match(tensors(network), checkpoint(other), network.weights).ok


def test_a_checkpoint_with_normalisation_differs_by_that_alone() -> None:
    network = compiled("vgg16")
    (path,) = [path for path in VGG if path.stem.endswith("vgg16_bn")]
    matching = match(tensors(network), checkpoint(path), network.weights)
    assert matching.names.keys() == tensors(network).keys()
    assert len(matching.unexpected) == 5 * 13
    assert not matching.missing
    assert not matching.misshapen


# Names

OURS: dict[str, Shape] = {
    "stem.weight": (8, 3, 3, 3),
    "layer1.0.conv.weight": (8, 8, 3, 3),
    "layer1.0.bn.weight": (8,),
    "layer1.1.conv.weight": (8, 8, 3, 3),
    "layer1.1.bn.weight": (8,),
    "fc.weight": (10, 8),
    "fc.bias": (10,),
}


def theirs(**renamed: str) -> dict[str, Shape]:
    """The tensors of ``OURS`` under other names: ``fc="head"`` renames what begins so."""
    names = dict.fromkeys(OURS)
    for old, new in renamed.items():
        names = {name: new + name[len(old) :] if name.startswith(f"{old}.") else names[name] for name in names}
    return {names[name] or name: shape for name, shape in OURS.items()}


def test_own_names_need_no_rules() -> None:
    matching = match(OURS, OURS, {"other": {"fc": "stem"}})
    assert matching == Matching("", {name: name for name in OURS})


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ({"head": "fc"}, {"fc": "head"}),
        ({"head.fc": "fc"}, {"fc": "head.fc"}),
        ({"blocks": "layer1"}, {"layer1": "blocks"}),
        ({"blocks.*": "layer1.*"}, {"layer1": "blocks"}),
        ({"block*": "layer1.*"}, {"layer1.0": "block0", "layer1.1": "block1"}),
        ({"0.*.a": "layer1.*.conv", "0.*.b": "layer1.*.bn"},
         {"layer1.0.conv": "0.0.a", "layer1.1.conv": "0.1.a", "layer1.0.bn": "0.0.b", "layer1.1.bn": "0.1.b"}),
        ({"x.2": "fc", "x.**": "**"}, {"stem": "x.0", "fc": "x.2", "layer1.0.conv": "x.4", "layer1.0.bn": "x.6",
                                       "layer1.1.conv": "x.8", "layer1.1.bn": "x.10"}),
        ({"x.**.c": "layer1.*.conv", "x.**": "layer1.*.bn"},
         {"layer1.0.conv": "x.9.c", "layer1.1.conv": "x.10.c", "layer1.0.bn": "x.9.d", "layer1.1.bn": "x.10.d"}),
    ],
)  # fmt: skip
def test_rules(rules: Rules, names: dict[str, str]) -> None:
    found = theirs(**names)
    matching = match(OURS, found, {"other": rules})
    assert (matching.ok, matching.source) == (True, "other")
    assert [matching.names[name] for name in OURS] == list(found)


def test_the_first_rule_that_applies_holds_and_rules_go_by_whole_names() -> None:
    found = theirs(fc="fc1") | {"fc12.weight": (1,)}
    assert match(OURS, found, {"a": {"fc1.weight": "fc.weight", "fc12": None, "fc1": "fc"}}).ok
    assert [u.key for u in match(OURS, found, {"a": {"fc1": "fc"}}, "a").unexpected] == ["fc12.weight"]
    assert [u.key for u in match(OURS, found, {"a": {"f*1": "fc"}}, "a").unexpected] == ["fc12.weight"]
    assert match(OURS, theirs(fc="fc1"), {"a": {"fc1": "fc", "fc*": "stem"}}).ok
    assert not match(OURS, theirs(fc="fc1"), {"a": {"fc*": "stem", "fc1": "fc"}}).ok
    wrong = match(OURS, theirs(fc="fc1"), {"a": {"fc1": "stem", "fc1.bias": "fc.bias"}}, "a")
    assert {missing.name for missing in wrong.missing} == {"fc.weight", "fc.bias"}


def test_a_rule_in_order_takes_what_no_other_name_is_for() -> None:
    own = {"a.weight": (2, 2), "b.weight": (2, 2), "c.weight": (2, 2)}
    found = {"b.weight": (2, 2), "x.0.weight": (2, 2), "y.weight": (2, 2)}
    matching = match(own, found, {"other": {"y": "a", "x.**": "**"}})
    assert matching.names == {"a.weight": "y.weight", "b.weight": "b.weight", "c.weight": "x.0.weight"}


def test_a_rule_in_order_pairs_modules_of_one_kind() -> None:
    own = {"conv.weight": (2, 2, 3), "fc.weight": (2, 2), "bn.weight": (2,)}
    found = {"x.0.weight": (2,), "x.1.weight": (2, 2), "x.2.weight": (2, 2, 3)}
    assert match(own, found, {"other": {"x.**": "**"}}).ok


def test_a_rule_in_order_is_about_whole_paths_of_modules() -> None:
    own = {"a.weight": (2,), "x.c.d.weight": (2,)}
    assert match(own, {"x.0.c.weight": (2,), "x.c.d.weight": (2,)}, {"other": {"x.**.c": "a"}}).ok


def test_what_a_rule_leaves_out_is_no_problem() -> None:
    matching = match(OURS, OURS | {"aux.weight": (3,), "aux.bias": (3,)}, {"other": {"aux": None}})
    assert (matching.ok, matching.left_out) == (True, ("aux.weight", "aux.bias"))


def test_the_source_is_the_one_that_leaves_the_fewest_problems() -> None:
    sources: dict[str, Rules] = {"a": {"head": "stem"}, "b": {"head": "fc"}, "c": {"h": "fc"}}
    assert match(OURS, theirs(fc="head"), sources).source == "b"
    assert match(OURS, theirs(fc="head"), sources, "c").source == "c"
    assert match(OURS, theirs(fc="head"), sources, "").source == ""
    assert match(OURS, OURS, sources).source == ""
    with pytest.raises(UsageError, match=r"no rules for the checkpoints of `timn`; did you mean `timm`\?"):
        match(OURS, OURS, {"timm": {}, "torchvision": {}}, "timn")


@pytest.mark.parametrize("wrapper", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_wrappers_count_for_nothing(wrapper: str) -> None:
    found = {wrapper + name: shape for name, shape in theirs(fc="head").items()}
    matching = match(OURS, found, {"other": {"head": "fc"}})
    assert matching.ok
    assert matching.names["fc.bias"] == f"{wrapper}head.bias"
    assert not match(OURS, found | {"stray": (1,)}, {}).ok


def test_a_network_may_have_a_node_called_module() -> None:
    own = {"module.fc.weight": (2, 2)}
    assert match(own, own, {}).ok
    assert match(own, {"module.module.fc.weight": (2, 2)}, {}).problems


NAMES = st.text("ab0", min_size=1, max_size=2)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)


@given(st.dictionaries(PATHS, st.sampled_from([(1,), (2, 3), ()]), max_size=6), PATHS, st.data())
def test_every_tensor_is_accounted_for_once(found: dict[str, Shape], left: str, data: st.DataObject) -> None:
    expected = data.draw(st.dictionaries(PATHS, st.sampled_from([(1,), (2, 3), ()]), max_size=6))
    rules = {left: data.draw(st.none() | PATHS), "a.**": "**", "b*": "a"}
    for source in ("", "other"):
        matching = match(expected, found, {"other": rules}, source)
        ours = [*matching.names, *(m.name for m in matching.missing), *(m.name for m in matching.misshapen)]
        keys = [*matching.names.values(), *matching.left_out]
        keys += [problem.key for problem in (*matching.unexpected, *matching.misshapen)]
        assert sorted([*ours, *matching.untouched]) == sorted(expected)
        assert sorted(keys) == sorted(found)
        assert matching.ok == (not matching.problems)
        assert str(matching)


# Shapes


@pytest.mark.parametrize(
    ("expected", "found", "fits"),
    [
        ((10, 8), (10, 8, 1, 1), True),
        ((10, 8, 1, 1), (10, 8), True),
        ((8, 1, 1), (8,), True),
        ((10, 8), (8, 10), False),
        ((10, 8), (1, 10, 8), True),
        ((1, 10, 8), (10, 8), False),
        ((10, 1), (1, 10), False),
        ((), (1,), True),
    ],
)
def test_only_sizes_of_one_at_the_end_may_differ(expected: Shape, found: Shape, fits: bool) -> None:
    matching = match({"a": expected}, {"a": found}, {})
    assert matching.ok is fits
    assert matching.reshaped == (("a",) if fits else ())
    assert matching.misshapen == (
        () if fits else (Misshapen("a", "a", expected, found, matching.misshapen[0].suggestion),)
    )


def test_counters_of_batches_may_be_missing() -> None:
    counters: dict[str, Shape] = {"layer1.0.bn.num_batches_tracked": (), "layer1.1.bn.num_batches_tracked": ()}
    matching = match(OURS | counters, OURS, {})
    assert (matching.ok, matching.untouched) == (True, tuple(counters))
    (path,) = [path for path in VGG if path.stem.endswith("vgg11_bn")]
    old = {key: shape for key, shape in checkpoint(path).items() if "tracked" not in key}
    assert match(tensors(compiled("vgg11_bn")), old, compiled("vgg11_bn").weights).ok


# Reports


def test_a_renamed_layer_is_recognised_by_its_shapes() -> None:
    matching = match(OURS, theirs(stem="conv_stem", fc="head.classifier"), {})
    assert matching.missing[-1] == Missing("fc.bias", (10,), "is it `head.classifier.bias`?")
    assert matching.unexpected[-1] == Unexpected("head.classifier.bias", (10,), "is it `fc.bias`?")
    assert (
        str(matching)
        == (
            """
4 of 7 tensors match
missing from the checkpoint: 3
  stem.weight (8x3x3x3): is it `conv_stem.weight`?
  fc.weight (10x8): is it `head.classifier.weight`?
  fc.bias (10): is it `head.classifier.bias`?
unknown to the network: 3
  conv_stem.weight (8x3x3x3): is it `stem.weight`?
  head.classifier.weight (10x8): is it `fc.weight`?
  head.classifier.bias (10): is it `fc.bias`?
help: the spec can rename them, for example with `weights: {checkpoint: {"conv_stem": "stem"}}`"""[1:]
        )
    )


def test_a_similar_name_is_recognised_where_the_shape_differs() -> None:
    matching = match({"fc.weight": (10, 8)}, {"fc1.weight": (5, 8)}, {})
    assert matching.missing[0].suggestion == "is it `fc1.weight`, which is 5x8?"


def test_another_number_of_classes_is_named() -> None:
    found = OURS | {"fc.weight": (5, 8), "fc.bias": (5,)}
    report = str(match(OURS, found, {}))
    assert "fc.weight is 5x8, and not 10x8: the checkpoint has 5 outputs here" in report
    assert "--set num_classes=" in report


def test_swapped_tensors_are_named() -> None:
    own = {"a.weight": (4, 3), "b.weight": (3, 4)}
    matching = match(own, {"a.weight": (3, 4), "b.weight": (4, 3)}, {})
    assert [m.suggestion for m in matching.misshapen] == [
        "the shapes of this and `b.weight` are each other's: are they swapped?",
        "the shapes of this and `a.weight` are each other's: are they swapped?",
    ]


def test_a_tensor_that_is_there_twice_is_named() -> None:
    matching = match(OURS, OURS | {"head.bias": (10,)}, {"other": {"head": "fc"}}, "other")
    assert matching.unexpected == (Unexpected("head.bias", (10,), "`fc.bias` is taken for `fc.bias`"),)


def test_the_report_lists_every_tensor() -> None:
    network, found = (
        compiled("resnet18"),
        {f"backbone.{name}": shape for name, shape in tensors(compiled("resnet18")).items()},
    )
    report = str(match(tensors(network), found, network.weights))
    lines = report.splitlines()
    assert all(any(line.startswith(f"  {name} (") for line in lines) for name in found)
    weights = [name for name in tensors(network) if "tracked" not in name]
    assert all(any(line.startswith(f"  {name} (") for line in lines) for name in weights)
    assert match(tensors(network), found, {"mine": {"backbone.*": "*"}}).ok


# In specs


def test_rules_of_a_file_come_before_those_of_the_one_that_it_extends(tmp_path: Path) -> None:
    graph = "graph: {a: {op: linear, out_features: 2}, b: {op: linear, out_features: 2}}"
    rules = "weights: {one: {x: a, y.b: b, z: null}, two: {q: a}, three: {r: a}}"
    (tmp_path / "base.yaml").write_text(f"archspec: 1\nname: base\ninputs: {{x: [2]}}\n{rules}\n{graph}\n")
    over = "archspec: 1\nname: over\nextends: base.yaml\nweights: {one: {y: null, x: b}, two: null, four: {}}\n"
    (tmp_path / "over.yaml").write_text(over)
    network = archspec.compile(tmp_path / "over.yaml")
    assert {name: list(rules.items()) for name, rules in network.weights.items()} == {
        "one": [("y", None), ("x", "b"), ("y.b", "b"), ("z", None)],
        "three": [("r", "a")],
        "four": [],
    }
