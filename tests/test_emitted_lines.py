"""Laws of the emitted text: no line is too long that can be broken, every parameter is described, all of it is text."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from corpus import SOME_VARIANTS
from hypothesis import example, given, settings
from random_networks import compiled, networks
from sampling import examples

import archspec
from archspec.pytorch.emitter.classes import classes
from archspec.pytorch.emitter.descriptions import EVIDENT, OBVIOUS
from archspec.pytorch.emitter.pasting import pasted
from archspec.pytorch.emitter.scope import Parameter

WIDTH = 88
EXAMPLES = max(examples(100), settings.default.max_examples // 5)

LONG = """
archspec: 1
name: {n}
params:
  {p}: {{default: 10}}
  {q}: {{type: int, default: 3}}
  {r}: $({p} * 2)
  sizes: [64, 128]
inputs: {{{i}: [3, 32, 32]}}
blocks:
  {b}:
    params: {{{c}: {{type: int}}, {g}: 1}}
    graph:
      {x}: {{op: conv, out_channels: ${c}, kernel_size: 3, groups: ${g}}}
      {y}: {{op: conv, out_channels: "$({c} * 2 + 4 * {g} if {g} == 1 else 8)", kernel_size: 3, when: "$({g} != 2 or {c} > 8)"}}
      {z}: {{op: add, from: [{y}, {y}, {y}, {y}]}}
      {w}: {{op: concat, from: [{x}, {x}, {x}, {x}, {x}, {x}, {x}, {x}]}}
      {v}: {{op: conv, out_channels: "$({c} + {g} + {c} + {g})", kernel_size: 1}}
    outputs: {{{z}: {z}, {v}: {v}}}
graph:
  {s}: {{block: {b}, from: {i}, {c}: 8}}
  {t}: {{block: {b}, from: {s}.{v}, {c}: 16, {g}: 2}}
  {u}: {{op: conv, from: {t}.{z}, out_channels: ${p}, kernel_size: 1}}
  {f}: {{op: conv, from: {t}.{v}, out_channels: "$({q} + {r} + sizes[0])", kernel_size: 1}}
outputs:
  {j}: {f}
  {k}: {u}
  aux: {{from: {u}, training_only: true}}
"""  # noqa: E501 - the names are short here, and long when they are filled in
KEYS = sorted(set(re.findall(r"(?<!\{)\{(\w)\}", LONG)))


@st.composite
def long_names(draw: Any) -> str:
    """A spec in which names have any length."""
    length = st.integers(1, 30) | st.integers(1, 60)
    names = {key: f"{key}_" + "long_name_" * 9 for key in KEYS}
    return LONG.format(**{key: name[: draw(length)].rstrip("_") for key, name in names.items()})


NESTED = re.compile(r"^ {8}self\.(\w+) = nn\.Sequential\(\n {12}OrderedDict\(\n(.*?)\n {12}\),?$", flags=re.M | re.S)


def check(network: archspec.Network) -> None:
    """Only a line with a word that is too wide for any line is wider, and layers in a row stand one by one.

    They are nested only where a layer would have no room on a line of its own.
    """
    source = archspec.emit(network)
    wide = [line for line in source.splitlines() if len(line) > WIDTH]
    indents = [len(line) - len(line.lstrip()) for line in wide]
    assert all(indent + max(map(len, line.split())) > WIDTH for indent, line in zip(indents, wide, strict=True)), wide
    for name, layers in NESTED.findall(source):
        lines = [f"        self.{name}.{line.strip(' ,').replace('=', ' = ', 1)}" for line in layers.splitlines()]
        assert any(len(line) > WIDTH or line.endswith("(") for line in lines), layers
    check_docstrings(network, source)
    check_defaults(source, {*pasted(network)})


def check_docstrings(network: archspec.Network, source: str) -> None:
    """The text is as narrow as its words let it be, and names every parameter that is not known from PyTorch."""
    signatures = {made.name: made.signature for made in classes(network, frozenset(pasted(network))).made}
    said: set[tuple[str, str]] = {*OBVIOUS}
    known: dict[str, set[str]] = {}
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.Module):
            for line in (ast.get_docstring(node, clean=False) or "").splitlines():
                assert len(line) <= WIDTH or len(line.split()) <= 2, line
        if isinstance(node, ast.ClassDef) and node.name in signatures:
            handed = {name for kind, name in handed_on(tree, node) if name in known.get(kind, ())}
            described = check_described(ast.get_docstring(node) or "", signatures[node.name], said, handed)
            with_doc = {each.name for each in signatures[node.name] if each.doc}
            known[node.name] = {*described, *(with_doc & handed)}


def constructors(tree: ast.Module) -> dict[str, ast.arguments]:
    """The parameters of the constructors of a file's classes."""
    kinds = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    found = ((kind.name, each) for kind in kinds for each in kind.body if isinstance(each, ast.FunctionDef))
    return {name: each.args for name, each in found if each.name == "__init__"}


def arguments(called: ast.Call, parameters: ast.arguments) -> dict[str, ast.expr]:
    """The arguments of a call of a constructor by name."""
    places = zip((each.arg for each in parameters.args[1:]), called.args, strict=False)
    return {**dict(places), **{each.arg: each.value for each in called.keywords if each.arg}}


def handed_on(tree: ast.Module, kind: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """What a class is given and gives to another under the same name: that class and the name."""
    made = constructors(tree)
    for node in ast.walk(kind):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in made:
            for name, value in arguments(node, made[node.func.id]).items():
                if isinstance(value, ast.Name) and value.id == name:
                    yield node.func.id, name


def check_defaults(source: str, pasted: set[str]) -> None:
    """A class has a default only where a call in the file leaves it out, but for layers that are there as they are."""
    tree = ast.parse(source)
    made = {kind: each for kind, each in constructors(tree).items() if kind not in pasted}
    left_out: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in made:
            names = {each.arg for each in made[node.func.id].args[1:]}
            left_out.setdefault(node.func.id, set()).update(names - arguments(node, made[node.func.id]).keys())
    for kind, missing in left_out.items():
        with_default = [each.arg for each in made[kind].args[len(made[kind].args) - len(made[kind].defaults) :]]
        assert not with_default or with_default[0] in missing, (kind, with_default)


def check_described(
    docstring: str, signature: list[Parameter], said: set[tuple[str, str]], handed: set[str]
) -> list[str]:
    """It has what the spec says of each parameter, unless PyTorch's layers, the line on shapes or a class above do.

    What is `handed` on is described there. Gives the names of those that it describes.
    """
    text, _, described = docstring.partition("Args:\n")
    sizes = {
        size.strip() for shape in re.findall(r"^Shape: (.*)", text, flags=re.M) for size in re.split("[(),]", shape)
    }
    wanted = {each.name: each.doc for each in signature if each.doc and each.name not in EVIDENT | sizes}
    wanted = {each: doc for each, doc in wanted.items() if (each, doc) not in said and each not in handed}
    assert re.findall(r"^    (\w+):", described, flags=re.MULTILINE) == list(wanted)
    said.update(wanted.items())
    return list(wanted)


@pytest.mark.parametrize(("path", "variant"), SOME_VARIANTS, ids=lambda value: getattr(value, "stem", value))
def test_lines_of_specs(path: Path, variant: str | None) -> None:
    check(archspec.compile(path, variant=variant))


def test_lines_of_random_networks() -> None:
    @settings(max_examples=EXAMPLES)
    @given(networks())
    def law(text: str) -> None:
        check(compiled(text))

    law()


def test_lines_with_long_names(tmp_path: Path) -> None:
    """Code is broken wherever ruff would break it."""

    @settings(max_examples=EXAMPLES)
    @given(long_names())
    def law(text: str) -> None:
        network = archspec.compile_text(text)
        source = archspec.emit(network)
        check_docstrings(network, source)
        (tmp_path / f"network{len(list(tmp_path.iterdir()))}.py").write_text(source)

    law()
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@example('"""\nimport os\n"""')
@example("\\" * 90 + '"""')
@given(st.text(st.characters() | st.sampled_from("\"'\\\n$`"), min_size=1, max_size=200))
def test_values_of_parameters_are_text_in_the_header(value: str) -> None:
    """Whatever they are, the file holds no other statement for them."""
    text = """
archspec: 1
name: text
params: {word: {type: str, default: a}}
inputs: {image: [3, 8, 8]}
graph:
  conv: {op: conv, out_channels: "$(1 if word == 'b' else 3)", kernel_size: 1}
"""
    usual = ast.parse(archspec.emit(archspec.compile_text(text)))
    found = ast.parse(archspec.emit(archspec.compile_text(text, word=value)))
    assert ast.dump(ast.Module(found.body[1:], [])) == ast.dump(ast.Module(usual.body[1:], []))
    assert isinstance(found.body[0], ast.Expr)


PYRAMID = """
archspec: 1
name: pyramid
inputs: {image: [3, 8, 8]}
graph:
  stages: {each: [[8, 2], [16, 3]], as: [c, k], block: conv_bn_relu, out_channels: $c, kernel_size: $k, padding: 1}
  heads: {each: [3, 5], as: k, from: stages.1, op: conv, out_channels: 4, kernel_size: $k, padding: $(k // 2)}
  first: {op: conv, from: stages.0, out_channels: 4, kernel_size: 1}
outputs: {low: heads.0, high: heads.1, first: first}
"""


def test_a_list_of_the_copies_of_a_table_is_a_comprehension() -> None:
    network = archspec.compile_text(PYRAMID)
    source = archspec.emit(network)
    assert "self.stages = nn.ModuleList(" in source
    assert "[*(" not in re.sub(r"\s", "", source)
    check(network)


def test_the_variables_of_a_table_stand_below_each_other_where_they_are_many() -> None:
    names = [f"long_name_of_a_column_{number}" for number in range(4)]
    rows = [[8, 3, 1, 1], [16, 5, 2, 2], [24, 7, 3, 3]]
    arguments = dict(
        zip(("out_channels", "kernel_size", "padding", "stride"), (f"${name}" for name in names), strict=True)
    )
    node = {"each": rows, "as": names, "op": "conv", **arguments}
    text = str({"archspec": 1, "name": "net", "inputs": {"x": [3, 64, 64]}, "graph": {"convs": node}})
    network = archspec.compile_text(text)
    source = archspec.emit(network)
    assert re.search(r"for \(\n( +)in_channels,\n\1long_name_of_a_column_0,\n", source)
    compile(source, "net.py", "exec")
    check(network)
