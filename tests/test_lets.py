"""Names for values: ``let``, functions, slices, and ``operand``."""

from __future__ import annotations

import json
import pickle

import pytest

import archspec
from archspec.drawing.content.symbols import symbolic


def network(graph: str, params: str = "{}", let: str = "{}", image: str = "[4, 8, 8]") -> archspec.Network:
    head = f"archspec: 1\nname: net\nparams: {params}\nlet: {let}\ninputs: {{image: {image}}}\n"
    return archspec.compile_text(head + "graph:\n" + graph)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("widths[-1]", 4), ("sum(widths[:2])", 3), ("sum(widths[1:])", 9), ("sum(widths[:-1])", 6),
        ("widths[::-1][0]", 4), ("len(widths[4:])", 0), ("sum(widths[1:][:1])", 2), ("sum(widths[:null:2])", 4),
    ],
)  # fmt: skip
def test_slices_are_those_of_python(expression, value):
    net = network(f'  a: {{op: dropout, p: "$(1 / (1 + {expression}))"}}\n', params="{widths: [1, 2, 3, 4]}")
    assert net["a"].op.p == 1 / (1 + value)


def test_values_are_computed_in_any_order():
    net = network(
        "  a: {op: conv, out_channels: $last, kernel_size: 1}\n",
        let="{last: $(mid + 1), mid: $(f(2)), f(x): $(x * one), one: 7}",
    )
    assert net["a"].shape == (15, 8, 8)


def test_a_let_knows_the_shapes_of_inputs_and_a_group_those_around():
    net = network(
        """
  body:
    let: {own: $(wide + input.height)}
    graph:
      a: {op: conv, out_channels: $own, kernel_size: 2}
      inner: {graph: {b: {op: conv, out_channels: $(own + wide), kernel_size: 1}}}
""",
        let="{wide: $(image.channels * 2)}",
    )
    assert [node.shape[0] for node in net] == [16, 24]


def test_a_group_in_a_repeat_defines_for_each_copy():
    net = network(
        "  body: {repeat: 3, let: {c: $(4 + index)}, graph: {a: {op: conv, out_channels: $c, kernel_size: 1}}}\n"
    )
    assert [node.shape[0] for node in net] == [4, 5, 6]


SHARING = """
archspec: 1
name: net
inputs: {small: [2, 4, 4], large: [6, 4, 4]}
graph:
  one: {block: unit, from: small}
  two: {block: unit, from: large}
  sum: {op: add, from: [one, two]}
blocks:
  unit:
    let: DEFINED
    graph:
      even: {op: conv, out_channels: 3, kernel_size: 1}
      body:
        graph:
          a: {op: conv, out_channels: $(ASKED), kernel_size: 1}
          b: {op: conv, out_channels: 3, kernel_size: 1}
"""


@pytest.mark.parametrize(
    ("defined", "asked"),
    [
        ("{c: $(input.channels)}", "c"),
        ('{"f(x)": $(x + input.channels - 1)}', "f(1)"),
        ('{"g(x)": $(input.channels + x), "f(x)": $(g(x - 1))}', "f(1)"),
    ],
)
def test_groups_are_shared_only_where_what_is_defined_around_them_is_equal(defined, asked):
    net = archspec.compile_text(SHARING.replace("DEFINED", defined).replace("ASKED", asked))
    assert (net["one.body.a"].shape[0], net["two.body.a"].shape[0]) == (2, 6)


def test_the_operand_is_what_the_node_itself_takes():
    net = network(
        """
  a: {op: conv, out_channels: 6, kernel_size: 1}
  b: {op: conv, from: image, out_channels: $(operand.channels), kernel_size: 1}
  c: {op: conv, from: a, out_channels: $(operand.channels * 2), kernel_size: 1, repeat: 3}
  d: {op: add, from: [c, c], when: $(operand.channels == 48)}
  e: {block: wider, from: [d], channels: $(operand.channels + 1)}
  sum: {op: concat, from: [b, e]}
blocks:
  wider:
    params: {channels: {type: int}}
    graph:
      a: {op: conv, out_channels: $channels, kernel_size: 1}
      b: {op: conv, out_channels: $(operand.channels + 1), kernel_size: 1}
"""
    )
    shapes = {node.path: node.shape[0] for node in net}
    assert shapes == {"a": 6, "b": 4, "c.0": 12, "c.1": 24, "c.2": 48, "d": 48, "e.a": 49, "e.b": 50, "sum": 54}


NODE = """
  WORD: {op: conv, out_channels: 5, kernel_size: 1}
  relu: relu
  a: {op: conv, from: image, out_channels: $(WORD.channels), kernel_size: 1}
  sum: {op: concat, from: [relu, a]}
"""
INPUT = """
  a:
    from: [image, image]
    inputs: [x, WORD]
    graph:
      b: {op: conv, from: x, out_channels: $(WORD.channels + 1), kernel_size: 1}
      join: {op: concat, from: [b, WORD]}
"""
BLOCK = """
  a: {block: unit, WORD: 5}
blocks:
  unit:
    params: {WORD: 4}
    graph:
      conv: {op: conv, out_channels: $WORD, kernel_size: 1}
"""


@pytest.mark.parametrize("word", ["operand", "let"])
@pytest.mark.parametrize("graph", [NODE, INPUT, BLOCK], ids=["node", "input", "block"])
def test_what_is_named_by_a_new_word_keeps_its_meaning(word, graph):
    net = network(graph.replace("WORD", word).lstrip("\n"))
    assert next(node for node in net if node.op.name == "conv" and node.path != word).shape[0] == 5


@pytest.mark.parametrize("word", ["operand", "let"])
def test_a_parameter_named_by_a_new_word_keeps_its_meaning(word):
    net = network(f"  a: {{op: conv, out_channels: ${word}, kernel_size: 1}}\n", params=f"{{{word}: 5}}")
    assert net["a"].shape[0] == 5


def test_a_node_named_operand_further_down_hides_the_word_everywhere():
    graph = "  a: {op: conv, out_channels: $(operand.channels), kernel_size: 1}\n  operand: relu\n"
    with pytest.raises(archspec.SpecError, match="`operand` is not known here"):
        network(graph)


BASE = """
archspec: 1
name: base
let: {width(c): $(c * 2), hidden: 6}
inputs: {image: [3, 8, 8]}
graph:
  a: {op: conv, out_channels: $(width(4)), kernel_size: 1}
  g: {let: {own: $hidden}, graph: {b: {op: conv, out_channels: $own, kernel_size: 1}}}
"""


def test_extends_merges_what_is_defined_by_name(tmp_path):
    (tmp_path / "base.yaml").write_text(BASE)
    over = tmp_path / "over.yaml"
    over.write_text(
        "archspec: 1\nname: over\nextends: base.yaml\nlet: {width(n): $(n * 3), hidden: null, deep: 7}\n"
        "graph: {g: {let: {own: $deep}}}\n"
    )
    assert [node.shape[0] for node in archspec.compile(over)] == [12, 7]
    over.write_text("archspec: 1\nname: over\nextends: base.yaml\ngraph: {g: {op: relu}}\n")
    assert [node.op.name for node in archspec.compile(over)] == ["conv", "relu"]


def test_expressions_that_nest_too_deep_together_are_an_error():
    deep = "".join(f"  p{n}: $({'-(' * 23}-p{n + 1}{')' * 23})\n" for n in range(30))
    with pytest.raises(archspec.SpecError, match="nests too deep"):
        network("  a: {op: linear, out_features: $p0}\n", params=f"\n{deep}  p30: 4\n", image="[3]")


def test_a_let_has_as_many_names_as_the_limit_on_parameters():
    names = {f"n{number}": 1 for number in range(5)}
    total = " + ".join(names)
    text = f"archspec: 1\nname: net\nlet: {json.dumps(names)}\ninputs: {{x: [3]}}\n"
    text += f"graph: {{a: {{op: linear, out_features: $({total})}}}}\n"
    assert archspec.compile_text(text, limits=archspec.Limits(parameters=5))["a"].shape == (5,)
    with pytest.raises(archspec.SpecError, match="more than 4 values and functions"):
        archspec.compile_text(text, limits=archspec.Limits(parameters=4))


def test_a_network_with_functions_can_be_pickled():
    net = network("  a: {op: conv, out_channels: $(f(3)), kernel_size: 1}\n", let="{f(x): $(x * 2)}")
    again = pickle.loads(pickle.dumps(net))
    assert again["a"].shape == net["a"].shape


def test_a_block_by_itself_shows_its_values_by_name_and_what_they_follow_from():
    net = network(
        """
  a: {block: unit, channels: 8}
blocks:
  unit:
    params: {channels: {type: int}}
    let: {hidden: $(times(4)), times(n): $(channels * n)}
    graph:
      up: {op: conv, out_channels: $hidden, kernel_size: 1}
      wide: {op: conv, out_channels: $(operand.channels), kernel_size: 3, padding: 1}
      down: {op: conv, out_channels: $(times(1)), kernel_size: 1}
"""
    )
    shown = symbolic(net, net["a"])
    assert [shown[name].op.out_channels for name in ("up", "wide", "down")] == ["hidden", "hidden", "channels"]
    assert shown.formulas == {"hidden": "4·channels"}
