"""Laws of comparisons: nothing is told of nothing, edits are told as they were made, and figures add up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from corpus import SOME_SPECS
from hypothesis import given, settings
from random_edits import Told, case, text
from random_networks import compiled, networks
from sampling import PROFILE, examples

import archspec
from archspec.comparison import outcomes
from archspec.comparison.comparison import Comparison
from archspec.comparison.edits import Difference, Edit, minus, plus_all
from archspec.comparison.pairs import Pairs
from archspec.comparison.places import pattern
from archspec.comparison.sequences import aligned, increasing
from archspec.language.patterns import matches
from archspec.network import Totals
from archspec.reports import comparison as printed
from archspec.reports import comparison_json

CASES = 10_000 if PROFILE == "nightly" else examples(150)
RANDOM = 1_000 if PROFILE == "nightly" else examples(25)
RESNET = "archspec: 1\nname: resnet50\nextends: resnet50\n"


def edits(comparison: Comparison) -> Iterator[Edit]:
    """All edits, and what follows from each."""
    for edit in comparison.edits:
        yield from (edit, *edit.inside, *edit.beyond)


def told(comparison: Comparison) -> set[Told]:
    return {Told(edit.kind, place.before, place.after) for edit in comparison.edits for place in edit.places}


def variant(changes: str) -> archspec.Network:
    """ResNet-50 with changes."""
    return archspec.compile_text(RESNET + changes)


def check_sums(comparison: Comparison) -> None:
    """What edits do and what follows from them is all the difference of the figures."""
    changes = [edit.change for edit in comparison.edits]
    changes += [each.change for edit in comparison.edits for each in edit.beyond]
    changes += [edit.follows.change for edit in comparison.edits if edit.follows]
    whole = [network.blocks.content.totals for network in (comparison.before, comparison.after)]
    assert plus_all([Totals(), *changes]) == minus(whole[1], whole[0])


def check_places(comparison: Comparison) -> None:
    """Places are paths of the networks, and patterns fit them."""
    for edit in edits(comparison):
        for place in edit.places:
            assert not place.before or place.before in comparison.before
            assert not place.after or place.after in comparison.after
            assert matches(edit.path, place.path) or not place.path
        assert edit.count >= len(edit.places)


# Laws


@pytest.mark.parametrize("path", SOME_SPECS, ids=lambda path: path.stem)
def test_a_network_is_the_same_as_itself(path: Path) -> None:
    one, other = (archspec.load(path).compile() for _ in range(2))
    comparison = archspec.diff(one, other)
    assert comparison.edits == ()
    assert comparison.tensors == ()
    assert "No difference" in str(comparison)


@given(networks())
@settings(max_examples=RANDOM)
def test_a_random_network_is_the_same_as_itself(spec: str) -> None:
    assert archspec.diff(compiled(spec), compiled(spec)).edits == ()


@given(networks(), networks())
@settings(max_examples=RANDOM)
def test_what_differs_adds_up_whatever_is_compared(one: str, other: str) -> None:
    comparison = archspec.diff(compiled(one), compiled(other))
    check_sums(comparison)
    check_places(comparison)
    json.loads(comparison_json.render(comparison))
    printed.render(comparison, all=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("resnet50", "resnet101"), ("googlenet", "googlenet_bn"), ("mobilenet_v2", "mobilenet_v3"),
        ("efficientnet_b0", "efficientnet_b3"), ("swin_t", "swin_v2_t"), ("resnet50", "resnext50_32x4d"),
        ("vgg11", "vgg16_bn"), ("unet", "segnet"), ("fcn_resnet50", "deeplabv3"),
    ],
)  # fmt: skip
def test_what_differs_adds_up_and_is_turned_round(one: str, other: str) -> None:
    there, back = archspec.diff(one, other), archspec.diff(other, one)
    for comparison in (there, back):
        check_sums(comparison)
        check_places(comparison)
    turned = {"added": "removed", "removed": "added"}
    kinds = {Told(turned.get(each.kind, each.kind), each.after, each.before) for each in told(there)}
    assert told(back) == kinds


def test_edits_are_told_as_they_were_made() -> None:
    right = wrong = 0
    for seed in range(CASES):
        made = case(seed)
        try:
            networks = [archspec.compile_text(text(spec)) for spec in (made.before, made.after)]
        except archspec.SpecError:  # an edit that does not fit the shapes
            continue
        comparison = archspec.diff(*networks)
        check_sums(comparison)
        if made.edits and told(comparison) == made.edits:
            right += 1
        else:
            wrong += bool(made.edits)
    assert right > CASES // 2
    assert right >= 0.99 * (right + wrong)


def test_the_cases_have_every_kind_of_edit() -> None:
    kinds = {edit.kind for seed in range(100) for edit in case(seed).edits}
    assert kinds == {"added", "removed", "changed", "renamed", "moved"}


# What is told


def only(comparison: Comparison) -> Edit:
    (edit,) = comparison.edits
    return edit


def test_a_parameter_is_one_edit_with_what_follows_inside() -> None:
    edit = only(archspec.diff("resnet50", archspec.compile("resnet50", num_classes=10)))
    assert edit.differences == (Difference("num_classes", 1000, 10),)
    (inside,) = edit.inside
    assert (inside.path, inside.differences) == ("fc", (Difference("out_features", 1000, 10),))
    assert edit.change.params == inside.change.params == -2_028_510


def test_copies_are_one_line() -> None:
    edit = only(archspec.diff("resnet50", "resnet101"))
    assert [(each.path, each.differences) for each in edit.inside] == [("layer3", (Difference("copies", 6, 23),))]
    changed = only(archspec.diff("resnet50", variant("graph: {layer1: {repeat: 5}}\n")))
    assert (changed.path, changed.differences) == ("layer1", (Difference("copies", 3, 5),))


def test_the_last_copies_are_each_others() -> None:
    layer = "graph: {{layer1: {{channels: 64, repeat: {}, last: {{act: silu}}}}}}\n"
    edit = only(archspec.diff(variant(layer.format(4)), variant(layer.format(7))))
    assert edit.differences == (Difference("copies", 4, 7),)
    assert edit.inside == edit.beyond == ()


def test_channels_that_propagate_are_apart_and_one_line() -> None:
    edit = only(archspec.diff("resnet50", variant("graph: {conv1: {out_channels: 32}}\n")))
    assert (edit.path, edit.change.params) == ("conv1", -4_704)
    assert edit.inside == edit.beyond == ()
    assert edit.follows is not None
    assert [place.after for place in edit.follows.places] == [
        "bn1", "relu", "maxpool", "layer1.0.conv1", "layer1.0.downsample.conv",
    ]  # fmt: skip


def test_what_follows_from_shapes_may_be_nodes() -> None:
    spec = "graph: {layer4: {block: $unit, channels: 512, stride: 2, last: {channels: 256}, first: {}}}\n"
    comparison = archspec.diff("resnet50", variant(spec))
    added = [each for edit in comparison.edits for each in (*edit.inside, *edit.beyond) if each.kind == "added"]
    assert added
    check_sums(comparison)


def test_an_edit_inside_a_block_is_told_once() -> None:
    edit = only(archspec.diff("resnet50", variant('override: {"layer*.*.relu1": silu}\n')))
    assert (edit.kind, edit.path, edit.count) == ("changed", "layer*.*.relu1", 16)


def test_a_move_is_told_of_what_moved() -> None:
    graph = "graph:\n  a: {{op: conv, out_channels: 3, kernel_size: 1}}\n{}"
    head = "archspec: 1\nname: net\ninputs: {image: [3, 8, 8]}\n"
    nodes = ["  b: batch_norm\n", "  c: relu\n", "  d: {op: dropout, p: 0.5}\n", "  e: gelu\n"]
    moved = [nodes[0], nodes[3], nodes[1], nodes[2]]
    texts = [head + graph.format("".join(order)) for order in (nodes, moved)]
    edit = only(archspec.diff(*map(archspec.compile_text, texts)))
    assert (edit.kind, edit.path, edit.differences) == ("moved", "e", (Difference("after", "d", "b"),))


def test_branches_in_another_order_are_the_same_network() -> None:
    head = "archspec: 1\nname: net\ninputs: {image: [3, 8, 8]}\ngraph:\n"
    branches = ["  a: {op: relu, from: image}\n", "  b: {op: gelu, from: image}\n"]
    texts = [head + "".join(order) + "  c: {op: concat, from: [a, b]}\n" for order in (branches, branches[::-1])]
    assert archspec.diff(*map(archspec.compile_text, texts)).edits == ()


def test_another_wire_is_told() -> None:
    head = "archspec: 1\nname: net\ninputs: {image: [3, 8, 8]}\ngraph:\n  a: relu\n  b: gelu\n  c: silu\n"
    texts = [f"{head}  d: {{op: add, from: [c, {name}]}}\n" for name in "ab"]
    edit = only(archspec.diff(*map(archspec.compile_text, texts)))
    assert (edit.path, edit.differences) == ("d", (Difference("from", ["c", "a"], ["c", "b"]),))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("freeze: [conv1]\n", "freeze"),
        ("init: {linear: {normal: 0.5}}\n", "init"),
        ("weights: {torchvision: {a: conv1}}\n", "weights of torchvision"),
        ("outputs: {logits: fc, more: layer4}\n", "output"),
        ("inputs: {image: [3, 160, 160]}\nparams: {image_size: null}\n", "input"),
    ],
)
def test_what_is_no_node_is_told_too(change: str, what: str) -> None:
    comparison = archspec.diff("resnet50", variant(change))
    assert what in [edit.what for edit in comparison.edits if not edit.path]
    check_sums(comparison)


TABLE = """\
archspec: 1
name: net
params: {{wide: {{default: {wide}}}}}
let: {{channels(c): {channels}}}
inputs: {{image: [3, 8, 8]}}
graph:
  body:
    each: [{rows}]
    as: [c, n]
    block: inverted_residual
    channels: $(channels(c))
    repeat: $n
"""
ROWS = ("[8, 1]", "[16, 2]", "[24, 2]", "[32, 1]")


def table(rows: Iterable[str] = ROWS, *, wide: int = 1, channels: str = "$(c * wide)") -> archspec.Network:
    return archspec.compile_text(TABLE.format(rows=", ".join(rows), wide=wide, channels=channels))


def test_a_row_of_a_table_is_told_as_it_is_written() -> None:
    added = only(archspec.diff(table(), table([*ROWS[:2], "[20, 3]", *ROWS[2:]])))
    assert (added.kind, added.path) == ("added", "body.2")
    removed = only(archspec.diff(table(), table(ROWS[1:])))
    assert (removed.kind, removed.path) == ("removed", "body.0")
    changed = only(archspec.diff(table(), table([*ROWS[:3], "[40, 1]"])))
    assert (changed.path, changed.differences) == ("body.3", (Difference("channels", 32, 40),))
    longer = only(archspec.diff(table(), table([*ROWS[:3], "[32, 4]"])))
    assert (longer.path, longer.differences) == ("body.3", (Difference("copies", 1, 4),))


def test_parameters_and_values_of_a_network_are_one_edit() -> None:
    edit = only(archspec.diff(table(), table(wide=2, channels="$(c * wide + 8)")))
    assert [difference.name for difference in edit.differences] == ["wide", "let channels"]
    assert archspec.diff(table(), table(channels="$(wide * c)")).edits == ()


def test_shared_weights_are_told() -> None:
    head = "archspec: 1\nname: net\ninputs: {image: [3, 8, 8]}\ngraph:\n  a: {op: linear, out_features: 8}\n"
    texts = [head + f"  b: {node}\n" for node in ("{op: linear, out_features: 8}", "{reuse: a}")]
    edit = only(archspec.diff(*map(archspec.compile_text, texts)))
    assert (edit.path, edit.differences) == ("b", (Difference("reuse", None, "a"),))
    assert edit.change.params == -(8 * 8 + 8)


def test_checkpoints_fit_where_tensors_are_alike() -> None:
    assert archspec.diff("resnet50", archspec.compile("resnet50", act="silu")).tensors == ()
    found = archspec.diff("resnet50", archspec.compile("resnet50", num_classes=10)).tensors
    assert [(each.name, each.before, each.after) for each in found] == [
        ("fc.weight", (1000, 2048), (10, 2048)),
        ("fc.bias", (1000,), (10,)),
    ]


# Equal parts are compared once


def doubled(depth: int, op: str) -> archspec.Network:
    """A network of blocks that each hold the one before twice."""
    blocks = [f"  b0: {{graph: {{op: {op}}}}}"]
    blocks += [f"  b{n}: {{graph: {{x: {{block: b{n - 1}}}, y: {{block: b{n - 1}}}}}}}" for n in range(1, depth)]
    head = "archspec: 1\nname: net\ninputs: {image: [3, 8, 8]}\nblocks:\n"
    return archspec.compile_text(head + "\n".join(blocks) + f"\ngraph: {{all: {{block: b{depth - 1}}}}}\n")


def test_what_is_shared_is_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs: list[object] = []
    outcome = outcomes._Graphs.outcome
    monkeypatch.setattr(outcomes._Graphs, "outcome", lambda each: graphs.append(each) or outcome(each))
    edit = only(archspec.diff(doubled(10, "relu"), doubled(10, "gelu")))
    assert edit.count == len(edit.places) == 2**9
    assert len(graphs) == 11


def test_copies_in_a_row_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs: list[object] = []
    compare = Pairs.compare
    monkeypatch.setattr(Pairs, "compare", lambda *given: pairs.append(given) or compare(*given))
    counts = []
    for copies in (3, 300):
        one, other = (archspec.compile("resnetv2_1001_cifar", n=copies, act=act) for act in ("relu", "gelu"))
        pairs.clear()
        archspec.diff(one, other)
        counts.append(len(pairs))
    assert counts[0] == counts[1]


# Sequences and patterns


@pytest.mark.parametrize(
    ("one", "other", "length"),
    [("abcd", "xbd", 2), ("", "a", 0), ("aaa", "aa", 2), ("abab", "baba", 3), ("ab", "ba", 1)],
)
def test_a_common_subsequence_is_the_longest_of_few_items(one: str, other: str, length: int) -> None:
    pairs = aligned(one, other)
    assert len(pairs) == length
    assert all(one[place] == other[its] for place, its in pairs)
    assert pairs == sorted(pairs)


def test_an_increasing_subsequence_is_the_longest() -> None:
    assert increasing([3, 0, 1, 2]) == [1, 2, 3]
    assert increasing([]) == []


@pytest.mark.parametrize("paths", [["a.b", "a.c"], ["a", "b.a"], ["x.0.y", "x.1.y", "x.y"], ["ab1c", "ab22c"], ["a"]])
def test_a_pattern_fits_its_paths(paths: list[str]) -> None:
    assert all(matches(pattern(paths), path) for path in paths)


# What is printed


def test_the_cost_stands_in_the_first_lines() -> None:
    lines = str(archspec.diff("resnet50", "resnet101")).splitlines()
    assert lines[0] == "resnet50 → resnet101"
    assert any("layer3: bottleneck ×6 → ×23" in line and "+19.0M" in line for line in lines[:10])


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("googlenet", "googlenet_bn", "inception* (9×): inception → inception_bn"),
        ("mobilenet_v2", "mobilenet_v3", "bnecks: mbconv ×15"),
    ],
)
def test_of_many_edits_the_first_lines_have_the_largest(one: str, other: str, told: str) -> None:
    assert any(told in line for line in str(archspec.diff(one, other)).splitlines()[:10])


def test_a_value_steers_no_terminal_and_no_runner() -> None:
    head = 'archspec: 1\nname: net\nparams: {a: "%s"}\ninputs: {image: [3, 8, 8]}\n'
    graph = "graph: {b: {op: relu, when: $(a == 'x')}, c: gelu}\n"
    wrong = ["x", "a ::error::b ##[error]c \\e[31m"]
    text = printed.render(archspec.diff(*(archspec.compile_text(head % value + graph) for value in wrong)), all=True)
    assert "::error" not in text
    assert "##[" not in text
    assert "\x1b" not in text


def test_markdown_is_one_table() -> None:
    text = printed.render_markdown(archspec.diff("googlenet", "googlenet_bn"), all=True)
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {5}
    assert any("`conv*.bn (3×)`: batch_norm eps=0.001" in line for line in table)


def test_json_has_all_edits() -> None:
    comparison = archspec.diff("googlenet", "googlenet_bn")
    report = json.loads(comparison_json.render(comparison))
    assert [each["kind"] for each in report["edits"]] == [edit.kind for edit in comparison.edits]
    assert report["figures"]["params"] == {"before": 6_998_552, "after": 6_624_904, "change": -373_648}


# Partners


@pytest.mark.parametrize(
    ("one", "other"), [("resnet50", "resnet101"), ("googlenet", "googlenet_bn"), ("unet", "segnet")]
)
def test_partners_lead_there_and_back(one: str, other: str) -> None:
    comparison = archspec.diff(one, other)
    partners = comparison.partners
    for node in comparison.before:
        after = partners.after(node.path)
        assert not after or after in comparison.after
        if after and after.count(".") == node.path.count("."):
            assert partners.before(after) == node.path
    removed = {place.before for edit in edits(comparison) if edit.kind == "removed" for place in edit.places}
    assert all(partners.after(path).count(".") < path.count(".") or not partners.after(path) for path in removed)


def test_partners_of_rows_that_moved_up() -> None:
    partners = archspec.diff(table(), table([ROWS[0], *ROWS[2:]])).partners
    assert partners.after("body.2.1.project.conv") == "body.1.1.project.conv"
    assert partners.before("body.2.0") == "body.3.0"
    assert partners.after("body.1.0") == "body"
