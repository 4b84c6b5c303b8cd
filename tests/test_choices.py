"""Ops and blocks as the values of parameters: where they may be written, what they mean there, and what is emitted."""

from __future__ import annotations

import json
import re
import shlex
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

import archspec
from archspec.compiler import sharing
from archspec.language.assignment import assignment
from archspec.language.choice import plain
from archspec.ops import registry
from archspec.ops.facts import Module
from archspec.pytorch.emitter.factories import factory
from archspec.reports import json_report

HEAD = "archspec: 1\nname: net\ninputs: {x: [8, 6, 6]}\n"
LEAKY = {"op": "leaky_relu", "negative_slope": 0.1}


def ops(network: archspec.Network) -> list[str]:
    return [node.op.name for node in network]


def compiled(params: str, graph: str, **given: Any) -> archspec.Network:
    return archspec.compile_text(f"{HEAD}params: {{{params}}}\ngraph: {{{graph}}}\n", **given)


@pytest.mark.parametrize(
    "declared",
    [
        "{type: op, default: leaky_relu}",
        "{type: op, default: {op: leaky_relu}}",
        "{op: leaky_relu}",
        "{default: {op: leaky_relu}}",
        '{type: op, default: $("leaky_relu")}',
        "leaky_relu",
    ],
)
@pytest.mark.parametrize("node", ["$act", "{op: $act}", "{op: $(act)}", "{op: $(act if act != null else null)}"])
def test_forms_of_one_value(declared: str, node: str) -> None:
    network = compiled(f"act: {declared}", f"a: {node}")
    assert ops(network) == ["leaky_relu"]
    assert network.arguments == {"act": "leaky_relu"}


@pytest.mark.parametrize("value", ["silu", {"op": "silu"}, LEAKY])
def test_values_from_outside(value: Any) -> None:
    name = value["op"] if isinstance(value, dict) else value
    assert ops(compiled("act: {type: op, default: relu}", "a: $act", act=value)) == [name]
    variant = f"{HEAD}params: {{act: {{type: op, default: relu}}}}\nvariants: {{v: {{act: {json.dumps(value)}}}}}\n"
    assert ops(archspec.compile_text(f"{variant}graph: {{a: $act}}", variant="v")) == [name]


def test_a_contract_of_a_variant_is_held_where_its_ops_are_given() -> None:
    text = (
        f"{HEAD}params: {{act: {{type: op, default: relu}}}}\nvariants: {{v: {{act: prelu, expect: {{params: 7}}}}}}\n"
    )
    text += "graph: {a: $act}\n"
    assert archspec.compile_text(text).params == 0
    for given in ({"variant": "v"}, {"act": "prelu"}, {"act": {"op": "prelu"}}):
        with pytest.raises(archspec.SpecError, match="7"):
            archspec.compile_text(text, **given)


def test_arguments_at_the_node_hold_over_those_of_the_value() -> None:
    network = compiled("act: {op: leaky_relu, negative_slope: 0.1}", "a: {op: $act, negative_slope: 0.3}, b: $act")
    assert [node.op.negative_slope for node in network] == [0.3, 0.1]  # type: ignore[attr-defined]


def test_null_passes_the_first_input_through() -> None:
    network = compiled("act: {type: op, default: null}, n: {type: op, nullable: true, default: relu}", "a: $act, b: $n")
    assert ops(network) == ["relu"]
    assert network.arguments == {"act": None, "n": "relu"}
    assert len(compiled("n: {type: op, nullable: true, default: relu}", "b: $n, c: exp", n=None)) == 1


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('act == "leaky_relu"', True),
        ('act != "relu"', True),
        ('"relu" == act', False),
        ("act == null", False),
        ('act in ["relu", "leaky_relu"]', True),
    ],
)
def test_expressions_compare_an_op_with_its_name(condition: str, holds: bool) -> None:
    network = compiled(f"act: {json.dumps(LEAKY)}", f"a: $act, b: {{op: exp, when: '$({condition})'}}")
    assert ops(network) == ["leaky_relu", *["exp"] * holds]


def test_the_index_of_a_copy_chooses() -> None:
    network = compiled("act: {op: relu}", "a: {op: '$(act if index > 0 else \"exp\")', repeat: 3}")
    assert ops(network) == ["exp", "relu", "relu"]
    assert (
        len(compiled("act: {op: leaky_relu, negative_slope: 0.1}", "a: {op: $act, repeat: 9}")["a"].content.uses.runs)
        == 1
    )  # type: ignore[union-attr]


def test_an_extending_file_gives_another_op(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        f"{HEAD}params:\n  a: {{type: op, default: {json.dumps(LEAKY)}}}\n  b: {json.dumps(LEAKY)}\n"
        f"graph:\n  one: $a\n  two: $b\n  three: {{block: conv_relu, out_channels: 8, act: {json.dumps(LEAKY)}}}\n"
    )

    def extended(params: str, graph: str = "") -> list[Any]:
        text = f"archspec: 1\nname: net\nextends: base.yaml\nparams: {{{params}}}\n"
        (tmp_path / "net.yaml").write_text(text + (f"graph: {{{graph}}}\n" if graph else ""))
        network = archspec.compile(tmp_path / "net.yaml")
        return [network["one"].op, network["two"].op, network["three.relu"].op]  # type: ignore[union-attr]

    one, two, three = extended("a: silu, b: elu", "three: {act: gelu}")
    assert [op.name for op in (one, two, three)] == ["silu", "elu", "gelu"]
    one, two, three = extended(
        "a: {op: elu, alpha: 2.0}, b: {op: elu, alpha: 3.0}", "three: {act: {op: elu, alpha: 4.0}}"
    )
    assert [op.alpha for op in (one, two, three)] == [2.0, 3.0, 4.0]


def test_a_block_is_looked_up_where_its_name_stands(tmp_path: Path) -> None:
    """Two files name different blocks of their own alike, and hand them to one block."""
    (tmp_path / "around.yaml").write_text(
        "archspec: 1\nblock: around\nparams: {unit: {type: block}}\nblocks: {inner: {graph: {c: exp}}}\n"
        "graph: {unit: {block: $unit}}\n"
    )
    for name, op in (("one", "relu"), ("two", "silu")):
        (tmp_path / f"{name}.yaml").write_text(
            f"archspec: 1\nblock: {name}\nblocks: {{inner: {{graph: {{a: {op}}}}}}}\n"
            "graph: {it: {block: ./around.yaml, unit: inner}}\n"
        )
    graph = "graph: {a: {block: ./one.yaml}, b: {block: ./two.yaml}, c: {block: ./one.yaml}}\n"
    network = archspec.compile_text(HEAD + graph, root=tmp_path)
    assert ops(network) == ["relu", "silu", "relu"]
    blocks = [network[name] for name in ("a.it", "b.it", "c.it")]
    assert blocks[0].content is blocks[2].content is not blocks[1].content


def test_equal_values_share_what_they_make_wherever_they_stand() -> None:
    sharing.forget()
    text = f"{HEAD}params: {{act: {json.dumps(LEAKY)}}}\ngraph:\n"
    text += "  a: {block: conv_relu, out_channels: 8, act: $act}\n"
    text += f"  b: {{block: conv_relu, out_channels: 8, act: {json.dumps(LEAKY)}}}\n"
    text += "  c: {block: conv_relu, out_channels: 8, act: {op: leaky_relu, negative_slope: 0.2}}\n"
    network = archspec.compile_text(text)
    assert network["a"].content is network["b"].content is not network["c"].content


def test_reports_hold_plain_values() -> None:
    network = compiled(
        "act: {op: relu}", f"a: {{block: conv_relu, out_channels: 8, act: {json.dumps(LEAKY)}}}, b: $act"
    )
    report = json.loads(json_report.render(network))
    assert report["arguments"] == {"act": "relu"}
    assert report["blocks"][0]["arguments"]["act"] == LEAKY
    assert plain(network.blocks.content.arguments) == network.arguments
    other = compiled("act: {op: relu}", "b: $act", act="silu")
    assert other.digest != compiled("act: {op: relu}", "b: $act").digest


@pytest.mark.parametrize("value", ["silu", LEAKY, {"op": "softmax", "dim": 1}])
def test_the_command_of_a_source_makes_it_anew(value: Any, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(f"{HEAD}params: {{act: {{type: op, default: relu}}}}\ngraph: {{a: $act}}\n")
    source = archspec.emit(archspec.compile(tmp_path / "net.yaml", act=value))
    command = source.split('"""')[1].replace("\\\n", " ")
    (given,) = (word for word in shlex.split(command) if word.startswith("act="))
    assert assignment(given, "--set") == ("act", value)


def test_the_command_of_a_source_leaves_out_what_follows_from_the_rest() -> None:
    params = "wide: 8, unit: {type: block, default: {block: conv_bn, out_channels: $wide}}, twice: $(2 * wide)"
    graph = "a: {block: $unit}, b: {op: conv, out_channels: $twice, kernel_size: 1}"

    def options(**given: Any) -> list[str]:
        command = archspec.emit(compiled(params, graph, **given)).split('"""')[1].partition("-o")[0]
        return re.findall(r"--set (\w+)", command)

    assert options() == []
    assert options(wide=4) == ["wide"]
    assert options(wide=4, twice=8) == ["wide"]
    assert options(wide=4, twice=9, unit={"block": "conv_bn", "out_channels": 5}) == ["wide", "unit", "twice"]


def test_one_value_may_not_name_thousands_of_blocks() -> None:
    chain = "".join(f", p{n}: {{type: block, default: {{block: z, x: $p{n - 1}, y: $p{n - 1}}}}}" for n in range(1, 31))
    with pytest.raises(archspec.SpecError, match="more than 1,000 ops and blocks"):
        compiled("p0: {type: block, default: conv_bn}" + chain, "a: {block: $p30}")


@pytest.mark.parametrize("name", registry.ops())
def test_what_makes_a_layer_makes_the_one_of_the_op(name: str) -> None:
    """Of every op that a class can take as an argument."""
    torch = pytest.importorskip("torch")
    kind = registry.get(name)
    inputs = {f"x{n}": list(shape) for n, shape in enumerate(kind.example_inputs)}
    node = yaml.safe_load(kind.example)
    node = {"op": node} if isinstance(node, str) else node
    spec = {"archspec": 1, "name": "net", "inputs": inputs, "graph": {"node": {**node, "from": list(inputs)}}}
    if kind.takes_nothing or name == "max_unpool":  # no layer, and an operand that is no input's
        return
    (only,) = archspec.compile_text(json.dumps(spec))
    made, call = factory(only.applied), only.op.torch(only.input_shapes)
    if made is None or not isinstance(call, Module) or not made.target.startswith("nn."):
        assert name not in ("batch_norm", "group_norm", "instance_norm", "relu", "leaky_relu", "prelu", "dropout")
        return
    names = {"nn": torch.nn, "partial": partial}
    layer = eval(made.text, names)(*only.input_shapes[0][:1] if made.takes_channels else ())
    assert repr(layer) == repr(eval(call.target, names)(*call.args, **call.kwargs))


def test_a_class_takes_what_makes_its_ops() -> None:
    """Also where one of them is none, stands in a group or a repeat, or is handed on to another block."""
    torch = pytest.importorskip("torch")
    graph = f"""
graph:
  a: {{block: outer}}
  b: {{block: outer, act: {json.dumps(LEAKY)}, norm: {{op: group_norm, num_groups: 2, eps: 0.1}}}}
  c: {{block: outer, act: null}}
  d: {{block: outer, act: prelu, norm: null}}
blocks:
  outer:
    params:
      act: {{type: op, default: relu, nullable: true}}
      norm: {{type: op, default: batch_norm, nullable: true}}
    graph:
      inner: {{block: conv_bn_relu, out_channels: 8, norm: $norm, act: $act}}
      group: {{graph: {{norm: $norm, act: {{op: $act, repeat: 2}}}}}}
      add: {{op: add, from: [group, input]}}
"""
    network = archspec.compile_text(HEAD + graph)
    source = archspec.emit(network)
    assert [line.split("(")[0] for line in source.splitlines() if line.startswith("class ")].count("class Outer") == 1
    assert "norm=partial(nn.GroupNorm, 2, eps=0.1)" in source
    assert "class Outer2" not in source
    module = archspec.build(network)
    assert sum(each.numel() for each in module.parameters()) == network.params
    assert module(torch.rand(2, 8, 6, 6)).shape == (2, 8, 6, 6)
    layers = dict(module.named_modules())
    for node in network:
        if node.path in layers and node.op.name != "identity":
            call = node.op.torch(node.input_shapes)
            assert type(layers[node.path]).__name__ == call.target.removeprefix("nn."), node.path


def test_a_network_whose_block_is_a_file_that_a_parameter_names_takes_other_numbers(tmp_path: Path) -> None:
    body = "archspec: 1\nblock: body\ngraph:\n  conv: {op: conv, out_channels: 8, kernel_size: 1}\n"
    (tmp_path / "body.yaml").write_text(body)
    head = HEAD.replace("name: net", "name: net\nparams: {classes: 3, body: {type: block, default: body.yaml}}")
    graph = "graph:\n  body: {block: $body}\n  scores: {op: conv, out_channels: $classes, kernel_size: 1}\n"
    (tmp_path / "net.yaml").write_text(head + graph)
    assert "def __init__(self, classes: int = 3)" in archspec.emit(archspec.compile(tmp_path / "net.yaml"))


def test_what_no_argument_can_be_is_a_class_of_its_own() -> None:
    """A function, and layers made from more than channels; what all uses let overwrite is overwritten."""
    torch = pytest.importorskip("torch")
    graph = """
graph:
  a: {block: conv_bn_relu, out_channels: 8}
  b: {block: conv_bn_relu, out_channels: 8, act: relu6}
  c: {block: conv_norm_act, out_channels: 8, act: abs}
  d: {block: conv_norm_act, out_channels: 8}
  e: {block: conv_norm_act, out_channels: 8, act: {op: conv, out_channels: 4, kernel_size: 1}}
  f: {block: conv_norm_act, out_channels: 8, norm: layer_norm}
"""
    network = archspec.compile_text(HEAD + graph)
    source = archspec.emit(network)
    assert "self.relu = act(inplace=True)" in source
    assert source.count("class ConvBnRelu") == 1
    assert source.count("class ConvNormAct") == 4
    module = archspec.build(network)
    assert sum(each.numel() for each in module.parameters()) == network.params
    module(torch.rand(2, 8, 6, 6)).sum().backward()


def test_a_file_that_extends_says_more_of_an_op_that_a_parameter_stands_for(tmp_path):
    (tmp_path / "base.yaml").write_text(
        HEAD + "params: {act: {op: leaky_relu, negative_slope: 0.1}}\ngraph: {a: $act}\n"
    )
    extending = "archspec: 1\nextends: base.yaml\nname: other\n"
    declared = archspec.compile_text(f"{extending}params: {{act: {{nullable: true}}}}\n", root=tmp_path)
    assert declared["a"].op.negative_slope == 0.1
    assert (
        archspec.compile_text(f"{extending}params: {{act: {{negative_slope: 0.5}}}}\n", root=tmp_path)[
            "a"
        ].op.negative_slope
        == 0.5
    )


def test_a_class_of_a_list_has_no_parameter_with_the_name_of_a_functions_class() -> None:
    """``sqrt`` has no layer in PyTorch: a list makes a class ``Sqrt`` of it."""
    network = archspec.compile_text("""
archspec: 1
name: shadowed
inputs: {x: [8]}
blocks:
  pair:
    params: {Sqrt: {type: int}}
    graph: [{op: linear, out_features: $Sqrt}, sqrt, {op: linear, out_features: $Sqrt}]
graph:
  first: {block: pair, Sqrt: 4}
  between: {graph: [sqrt, {op: linear, out_features: 8}]}
  last: {block: pair, Sqrt: 6}
""")
    torch = pytest.importorskip("torch")
    assert archspec.build(network)(torch.rand(2, 8)).shape == (2, 6)


def test_lists_and_mappings_of_nodes_take_no_op_alike() -> None:
    graphs = ["[{op: linear, out_features: $n}, $act]", "{a: {op: linear, out_features: $n}, b: $act}"]
    classes = []
    for graph in graphs:
        uses = "\n".join(f"  b{n}: {{block: unit, n: {n}, act: {'null' if n < 8 else 'silu'}}}" for n in range(1, 10))
        params = "{n: {type: int}, act: {type: op, default: relu, nullable: true}}"
        unit = f"  unit:\n    params: {params}\n    graph: {graph}"
        source = archspec.emit(
            archspec.compile_text(f"archspec: 1\nname: alike\ninputs: {{x: [8]}}\nblocks:\n{unit}\ngraph:\n{uses}\n")
        )
        classes.append(source.count("\nclass Unit"))
    assert classes == [1, 1]
