"""The language, rule by rule, on small networks (docs/language.md)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import archspec
from archspec import Network, SpecError, UsageError


def net(graph: str, **top: str) -> Network:
    """A network on a 4x8x8 input; ``graph`` is the YAML of its nodes."""
    parts = {"inputs": "{x: [4, 8, 8]}", **top}
    header = "".join(f"{key}: {value}\n" for key, value in parts.items())
    nodes = "".join(f"  {line}\n" for line in graph.strip().splitlines())
    return archspec.compile_text(f"archspec: 1\nname: net\n{header}graph:\n{nodes}")


def codes(compile: Callable[[], Any]) -> list[str]:
    with pytest.raises(SpecError) as caught:
        compile()
    return [diagnostic.code for diagnostic in caught.value.diagnostics]


CONV = "{op: conv, out_channels: 6, kernel_size: 3, padding: 1}"


# Wiring


def test_a_node_takes_the_node_above() -> None:
    result = net(f"a: relu\nb: {CONV}\nc: sigmoid")
    assert [node.inputs for node in result] == [("x",), ("a",), ("b",)]


def test_from_names_operands_in_order_and_repeatedly() -> None:
    result = net("a: relu\nb: tanh\nc: {op: sub, from: [b, a]}\nd: {op: add, from: [c, c]}")
    assert result["c"].inputs == ("b", "a")
    assert result["d"].inputs == ("c", "c")
    assert result.graph.number_of_edges("c", "d") == 2


@pytest.mark.parametrize("name", ["input", "x"])
def test_the_only_input_goes_by_either_name(name: str) -> None:
    assert net(f"a: relu\nb: {{op: add, from: [a, {name}]}}")["b"].inputs == ("a", "x")


def test_several_inputs_go_by_their_names() -> None:
    two = {"inputs": "{left: [4, 8, 8], right: [2, 8, 8]}"}
    result = net("a: {op: concat, from: [left, right]}", **two)
    assert result["a"].shape == (6, 8, 8)
    assert codes(lambda: net("a: relu\nb: {op: concat, from: [a, left, right]}", **two)) == ["missing-key"]
    assert codes(lambda: net("a: {op: relu, from: input}\nb: {op: concat, from: [a, left, right]}", **two))


def test_nodes_take_only_nodes_above() -> None:
    assert codes(lambda: net("a: {op: add, from: [x, b]}\nb: relu")) == ["unknown-node"]


def test_what_nothing_takes_is_an_error() -> None:
    assert codes(lambda: net("a: relu\nb: {op: tanh, from: x}")) == ["unused-node"]
    assert codes(lambda: net("a: {op: relu, from: p}", inputs="{p: [1], q: [1]}")) == ["unused-node"]


# Outputs


def test_the_last_node_is_the_output() -> None:
    assert net("a: relu\nb: flatten").outputs["output"].shape == (256,)


def test_output_names_another_node() -> None:
    result = net("a: relu\nb: {op: add, from: [a, x]}", outputs="{early: a, late: b}")
    assert {name: output.path for name, output in result.outputs.items()} == {"early": "a", "late": "b"}
    assert net("a: relu", output="a").outputs["output"].path == "a"


def test_an_output_that_does_not_exist_takes_its_nodes_along() -> None:
    graph = "a: relu\nhead: {op: linear, out_features: 5, from: a}\nb: {op: tanh, from: a}"
    top = {"params": "{aux: false}", "outputs": "{main: b, aux: {from: head, when: $aux, training_only: true}}"}
    assert [node.path for node in net(graph, **top)] == ["a", "b"]
    with_head = net(graph, **{**top, "params": "{aux: true}"})
    assert [node.path for node in with_head] == ["a", "head", "b"]
    assert with_head.outputs["aux"].training_only


def test_nodes_of_an_output_that_does_not_exist_need_not_fit() -> None:
    graph = "a: relu\nhead: {op: conv, out_channels: 2, kernel_size: 99, from: a}\nb: {op: tanh, from: a}"
    top = {"params": "{aux: false}", "outputs": "{main: b, aux: {from: head, when: $aux}}"}
    assert len(net(graph, **top)) == 2
    assert codes(lambda: net(graph, **{**top, "params": "{aux: true}"})) == ["invalid-argument"]


# when


@pytest.mark.parametrize(("condition", "count"), [("true", 2), ("false", 1), ("$(input.channels == 4)", 2)])
def test_when(condition: str, count: int) -> None:
    result = net(f"a: {{op: conv, out_channels: 4, kernel_size: 3, padding: 1, when: {condition}}}\nb: relu")
    assert len(result) == count
    assert (result.params > 0) is (count == 2)


def test_a_false_node_passes_its_first_operand_and_drops_what_only_the_others_need() -> None:
    result = net("a: relu\nb: {op: tanh, from: x}\nc: {op: add, from: [a, b], when: false}\nd: silu")
    assert [node.path for node in result] == ["a", "d"]


def test_groups_of_several_inputs_can_pass_the_first_through() -> None:
    graph = """
a: relu
short: {from: [x, a], inputs: [raw, active], when: $use, graph: {c: {op: tanh, from: active}}}
add: {op: add, from: [a, short]}"""
    assert net(graph, params="{use: true}")["add"].inputs == ("a", "short.c")
    assert net(graph, params="{use: false}")["add"].inputs == ("a", "x")


# Groups, blocks, repeats


def test_groups_see_the_parameters_around_them_and_their_own_input() -> None:
    graph = """
a: {op: conv, out_channels: $w, kernel_size: 1}
g: {graph: {c: {op: conv, out_channels: $(w + input.channels), kernel_size: 1}}}"""
    assert net(graph, params="{w: 5}")["g.c"].shape == (10, 8, 8)


def test_groups_do_not_see_nodes_around_them() -> None:
    assert codes(lambda: net("a: relu\ng: {graph: {c: {op: add, from: [input, a]}}}")) == ["unknown-node"]


def test_repeat_chains_copies() -> None:
    result = net("r: {op: conv, out_channels: $(4 + index), kernel_size: 1, repeat: 3, last: {bias: false}}\nb: relu")
    assert [(node.path, node.inputs, node.shape[0]) for node in result] == [
        ("r.0", ("x",), 4),
        ("r.1", ("r.0",), 5),
        ("r.2", ("r.1",), 6),
        ("b", ("r.2",), 6),
    ]
    assert "bias" in result["r.1"].weights
    assert "bias" not in result["r.2"].weights


def test_repeat_of_one_still_numbers_and_of_none_passes_through() -> None:
    assert net("r: {op: relu, repeat: 1}")["r.0"].shape == (4, 8, 8)
    assert [node.path for node in net("a: tanh\nr: {op: relu, repeat: 0}\nb: relu")] == ["a", "b"]


def test_further_operands_are_the_same_for_each_copy() -> None:
    result = net("a: relu\nr: {op: add, from: [x, a], repeat: 2}")
    assert result["r.1"].inputs == ("r.0", "a")


BLOCKS = """
  wide:
    params: {c: {type: int, min: 1}, twice: $(2 * c)}
    graph: {conv: {op: conv, out_channels: $twice, kernel_size: 1}}
  pair: {inputs: [p, q], graph: {a: {op: add, from: [p, q]}}}
  fork: {graph: {a: relu, b: {op: tanh, from: input}}, outputs: {left: a, right: b}}
  uses: {graph: {w: {block: wide, c: 3}}}"""


def test_blocks_of_the_file_take_arguments_and_see_each_other() -> None:
    assert net("w: {block: wide, c: 5}", blocks=BLOCKS)["w.conv"].shape == (10, 8, 8)
    assert net("w: {block: wide, c: 5, twice: 7}", blocks=BLOCKS)["w.conv"].shape == (7, 8, 8)
    assert net("u: {block: uses}", blocks=BLOCKS)["u.w.conv"].shape == (6, 8, 8)


def test_blocks_with_several_inputs_and_outputs() -> None:
    result = net("f: {block: fork}\np: {block: pair, from: [f.left, f.right]}", blocks=BLOCKS)
    assert result["p.a"].inputs == ("f.a", "f.b")
    assert codes(lambda: net("f: {block: fork}\np: relu", blocks=BLOCKS)) == ["ambiguous-output"]
    assert codes(lambda: net("p: {block: pair}", blocks=BLOCKS)) == ["operand-count"]


def test_expressions_see_one_of_several_outputs() -> None:
    graph = """
f: {block: fork}
c: {op: conv, out_channels: $(f.OUTPUT), kernel_size: 1, from: f.left}
d: {op: add, from: [f.right, c]}"""
    assert net(graph.replace("OUTPUT", "left.channels"), blocks=BLOCKS)["c"].shape == (4, 8, 8)
    assert codes(lambda: net(graph.replace("OUTPUT", "channels"), blocks=BLOCKS)) == ["invalid-expression"]
    assert codes(lambda: net(graph.replace("OUTPUT", "left"), blocks=BLOCKS)) == ["invalid-expression"]


def test_a_user_can_take_other_outputs_of_a_block() -> None:
    result = net("f: {block: fork, output: a}\ng: silu", blocks=BLOCKS)
    assert [node.path for node in result] == ["f.a", "g"]
    both = net("f: {block: fork, outputs: {one: a, two: b}}\ng: {op: add, from: [f.one, f.two]}", blocks=BLOCKS)
    assert both["g"].inputs == ("f.a", "f.b")


def test_the_tree_of_blocks() -> None:
    result = net("u: {block: uses, repeat: 2}\nb: relu", blocks=BLOCKS)
    assert [(block.path, block.kind, block.definition) for block in result.blocks.walk()] == [
        ("", "network", "net"),
        ("u", "repeat", ""),
        ("u.0", "block", "uses"),
        ("u.0.w", "block", "wide"),
        ("u.1", "block", "uses"),
        ("u.1.w", "block", "wide"),
    ]
    assert result.blocks.children[0].outputs == {"output": "u.1.w.conv"}
    assert dict(result["u.0.w"].arguments) == {"c": 3, "twice": 6}


# Parameters


@pytest.mark.parametrize(
    ("declared", "value", "accepted"),
    [
        ("3", 4, True), ("3", "4", False), ("3", True, False), ("3", 4.0, False),
        ("0.5", 1, True), ("true", False, True), ("true", 1, False), ("null", "any", True), ("null", None, True),
        ("{type: int, min: 1, max: 3}", 3, True), ("{type: int, min: 1, max: 3}", 4, False),
        ("{type: size}", [1, 2], True), ("{type: size}", 0, False), ("{type: size, min: 0}", [0, 2], True),
        ("{choices: [a, b]}", "b", True), ("{choices: [a, b]}", "c", False),
        ("{type: list, default: [1]}", [1, "a"], True), ("{type: list, default: [1]}", 1, False),
    ],
)  # fmt: skip
def test_types_of_parameters(declared: str, value: Any, accepted: bool) -> None:
    header = f"archspec: 1\nname: n\nparams: {{p: {declared}}}\ninputs: {{x: [1]}}\n"
    spec = header + "graph: {a: {op: relu, when: $(p != 77)}}\n"
    if accepted:
        assert archspec.compile_text(spec, p=value).arguments["p"] == value
    else:
        with pytest.raises(UsageError):
            archspec.compile_text(spec, p=value)


def test_parameters_computed_from_others_in_any_order() -> None:
    top = {"params": "{b: $(a * 2), a: $(c + 1), c: 3}"}
    assert net("r: {op: conv, out_channels: $b, kernel_size: 1}", **top).arguments == {"b": 8, "a": 4, "c": 3}


def test_variants_and_overrides() -> None:
    spec = """
archspec: 1
name: n
params: {w: 2, d: 1}
inputs: {x: [1, 4]}
graph: {c: {op: conv, out_channels: $w, kernel_size: 1, repeat: $d}}
variants: {deep: {d: 3, expect: {params: 16}}, wide: {w: 10}}
expect: {params: 4}
"""
    assert len(archspec.compile_text(spec, variant="deep")) == 3
    assert archspec.compile_text(spec, variant="deep", w=1).arguments == {"w": 1, "d": 3}
    # A contract holds for its own values of the parameters, however they were given.
    wrong = spec.replace("params: 16", "params: 17")
    assert codes(lambda: archspec.compile_text(wrong, variant="deep")) == ["expect-mismatch"]
    assert codes(lambda: archspec.compile_text(wrong, d=3)) == ["expect-mismatch"]
    assert archspec.compile_text(wrong, d=2)
    with pytest.raises(UsageError, match="did you mean `deep`"):
        archspec.compile_text(spec, variant="depp")
    with pytest.raises(UsageError, match="no parameter `ww`"):
        archspec.compile_text(spec, ww=1)


# Files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(
        "archspec: 1\nname: base\nparams: {c: 8}\ninputs: {x: [3, 8, 8]}\ngraph:\n"
        "  stem: {op: conv, out_channels: $c, kernel_size: 3, padding: 1}\n  act: relu\n"
        "  body: {block: ./block.yaml, repeat: 2}\n  pool: global_avg_pool\n  flat: flatten\n"
        "  fc: {op: linear, out_features: 10}\nexpect: {output: [10]}\n"
    )
    (tmp_path / "block.yaml").write_text("archspec: 1\nblock: my_block\ngraph: {a: relu, b: tanh}\n")
    return tmp_path


def variant(folder: Path, text: str, **params: Any) -> Network:
    (folder / "variant.yaml").write_text(f"archspec: 1\nname: variant\nextends: base.yaml\n{text}")
    return archspec.compile(folder / "variant.yaml", **params)


def test_extends_merges_by_name(folder: Path) -> None:
    result = variant(folder, "params: {c: 4}\ngraph: {body: {repeat: 3}, act: {op: silu}, fc: {out_features: 2}}\n")
    assert result.outputs["output"].shape == (2,)
    assert result["act"].op.name == "silu"
    assert result["stem"].shape[0] == 4
    assert "body.2.b" in result


def test_extends_removes_and_places(folder: Path) -> None:
    edit = "graph: {act: null, norm: {op: batch_norm, after: stem}, drop: {op: dropout, before: fc}, last: relu}\n"
    names = [node.path for node in variant(folder, edit) if "." not in node.path]
    assert names == ["stem", "norm", "pool", "flat", "drop", "fc", "last"]


def test_extends_swaps_a_block_and_keeps_the_other_keys(folder: Path) -> None:
    result = variant(folder, "blocks: {other: {graph: {z: silu}}}\ngraph: {body: {block: other}}\n")
    assert [node.path for node in result if node.path.startswith("body")] == ["body.0.z", "body.1.z"]


def test_extends_puts_a_group_in_the_place_of_an_op_and_back(folder: Path) -> None:
    network = variant(folder, "graph: {fc: {graph: {a: {op: linear, out_features: 7}, b: relu}}}\n")
    assert network.shape("fc.b") == (7,)
    (folder / "third.yaml").write_text(
        "archspec: 1\nname: third\nextends: variant.yaml\ngraph: {fc: {op: linear, out_features: 3}}\n"
    )
    assert archspec.compile(folder / "third.yaml").shape("fc") == (3,)


def test_extends_chains_and_does_not_inherit_contracts(folder: Path) -> None:
    variant(folder, "graph: {fc: {out_features: 5}}\nexpect: {output: [5]}\n")
    (folder / "third.yaml").write_text("archspec: 1\nname: third\nextends: variant.yaml\ngraph: {fc: {bias: false}}\n")
    assert "bias" not in archspec.compile(folder / "third.yaml")["fc"].weights


def test_a_network_serves_as_a_backbone(folder: Path) -> None:
    (folder / "detector.yaml").write_text(
        "archspec: 1\nname: detector\ninputs: {x: [3, 16, 16]}\ngraph:\n"
        "  backbone: {block: ./base.yaml, output: body, c: 12}\n"
        "  head: {op: conv, out_channels: 5, kernel_size: 1}\n"
    )
    result = archspec.compile(folder / "detector.yaml")
    assert result["head"].shape == (5, 16, 16)
    assert "backbone.fc" not in result
    assert dict(result["backbone"].arguments) == {"c": 12}


def test_references_stay_in_the_folder_unless_allowed(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / "spec.yaml").write_text("archspec: 1\nname: s\nextends: ../base.yaml\n")
    assert codes(lambda: archspec.compile(inner / "spec.yaml")) == ["path-outside"]
    assert archspec.compile(inner / "spec.yaml", root=folder).name == "s"


# Contracts


@pytest.mark.parametrize(
    ("expect", "kept"),
    [
        ("{params: 222, macs: 13824}", True), ("{params: {max: 222}}", True), ("{params: {max: 221}}", False),
        ("{flops: {min: 1, max: 27648}}", True), ("{output: [6, 8, 8]}", True), ("{output: [6, 8]}", False),
        ("{shapes: {a: [6, 8, 8]}}", True), ("{shapes: {a: [6, 8, 9]}}", False),
        ("{receptive_field: {a: 3}}", True), ("{receptive_field: {a: [3, 3]}}", True),
        ("{receptive_field: {a: 5}}", False), ("{outputs: {output: [6, 8, 8]}}", True),
        ("{shapes: {nowhere: [1]}}", False), ("{outputs: {nowhere: [1]}}", False),
    ],
)  # fmt: skip
def test_contracts(expect: str, kept: bool) -> None:
    def compile() -> Network:
        return net(f"a: {CONV}\nb: relu", expect=expect)

    if kept:
        assert compile()
    else:
        assert codes(compile)[0] in ("expect-mismatch", "unknown-node")


def test_an_unknown_name_is_told_beside_an_unknown_shape() -> None:
    text = "archspec: 1\nname: x\ninputs: {x: [3, 8, 8]}\ngraph:\n  a: convv\n"
    text += "  b: {op: conv, out_channels: $(a.channels // reduce), kernel_size: 1}\n"
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text(text)
    assert [each.code for each in caught.value.diagnostics] == ["unknown-op", "unknown-name"]
    span = caught.value.diagnostics[1].span
    assert text.splitlines()[span.line - 1][span.column - 1 : span.end_column - 1] == "reduce"


def test_a_network_that_extends_a_block_is_its_graph() -> None:
    text = "archspec: 1\nname: one\nextends: conv_bn\ninputs: {image: [3, 8, 8]}\nparams: {out_channels: 4}\n"
    uses = "archspec: 1\nname: one\ninputs: {image: [3, 8, 8]}\ngraph: {node: {block: conv_bn, out_channels: 4}}\n"
    network, used = archspec.compile_text(text), archspec.compile_text(uses)
    assert (network.params, network.macs, network.shape("bn")) == (used.params, used.macs, used.shape("node.bn"))
