"""Specs as text: what is written reads back as the same structure, and as a person writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sampling import examples

from archspec.importers.writing import WIDTH, flow, write
from archspec.language.composer import parse
from archspec.language.limits import Limits
from archspec.language.source import Source

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))
BLOCKS = sorted((Path(__file__).parent.parent / "archspec" / "blocks").glob("*.yaml"))


def read(text: str) -> Any:
    found: list[Any] = []
    value = parse(Source("x.yaml", text), Limits(), found).plain()
    assert found == []
    return value


def ordered(value: Any) -> Any:
    """A value in which the order of a graph's nodes counts."""
    if isinstance(value, dict):
        graph = list(value["graph"]) if isinstance(value.get("graph"), dict) else None
        return {key: ordered(each) for key, each in value.items()}, graph
    return list(map(ordered, value)) if isinstance(value, list) else (type(value), value)


CHARACTERS = st.characters(exclude_categories=["Cs"])
STRANGE = [
    "no",
    "*",
    "a: b",
    "a #b",
    "~",
    "1e3",
    "$(max(a, b))",
    "$(a",
    "(a",
    "[",
    "a, b",
    "-",
    "- a",
    "0x1",
    "a:",
    "?",
]
TEXTS = st.text(CHARACTERS, max_size=30) | st.sampled_from(STRANGE) | st.text("ab c,:#$([{?'\"\n", max_size=200)
KEYS = TEXTS.filter(lambda key: key != "<<" and len(key) < 50)
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = TEXTS | NUMBERS | st.booleans() | st.none()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEYS, inner, max_size=6))
PARTS = st.sampled_from(
    "archspec name doc paper params inputs blocks let graph output outputs init weights variants expect".split()
)
NODE_KEYS = st.sampled_from("op block from repeat first each as when doc graph out_channels kernel_size".split())
NODES = st.recursive(
    TEXTS | st.dictionaries(NODE_KEYS.filter(lambda key: key != "graph") | KEYS, VALUES, max_size=6),
    lambda nodes: st.fixed_dictionaries(
        {"graph": st.dictionaries(KEYS, nodes, max_size=5) | st.lists(nodes, max_size=5)}, optional={"repeat": VALUES}
    ),
    max_leaves=12,
)
GRAPHS = st.dictionaries(KEYS, NODES, max_size=8) | st.lists(NODES, max_size=5)


@settings(max_examples=examples(40))
@given(st.dictionaries(PARTS | KEYS, VALUES, min_size=1, max_size=6), GRAPHS)
@example({"doc": "a\n\nb " + "c" * 200}, {})
@example({"doc": "word " * 60 + "end"}, {"x": {"op": "conv", "doc": "word " * 60 + "end"}})
def test_what_is_written_reads_back_as_it_was(spec: dict[str, Any], graph: Any) -> None:
    spec = spec | {"graph": graph}
    assert ordered(read(write(spec))) == ordered(spec)


@given(VALUES)
def test_a_value_in_one_line_reads_back(value: Any) -> None:
    assert ordered(read(f"x: {flow(value)}")) == ordered({"x": value})


@pytest.mark.parametrize("path", SPECS + BLOCKS, ids=lambda path: path.stem)
def test_the_bundled_files_read_back_and_keep_to_the_width(path: Path) -> None:
    spec = read(path.read_text(encoding="utf-8"))
    text = write(spec)
    assert ordered(read(text)) == ordered(spec)
    assert max(map(len, text.split("\n"))) <= WIDTH


def test_a_spec_is_written_as_a_person_writes_it() -> None:
    spec = {
        "name": "small",
        "expect": {"macs": 1_234_567, "params": 9_999, "output": [10]},
        "graph": {
            "conv1": {"out_channels": 8, "kernel_size": 3, "op": "conv"},
            "relu1": "relu",
            "body": {"repeat": 3, "block": "conv_bn", "first": {"stride": 2}, "out_channels": "$(max(8, w))"},
            "group": {"graph": {"a": "relu", "b": {"op": "add", "from": ["a", "input"]}}, "repeat": 2},
            "p1": {"op": "conv", "out_channels": 8, "kernel_size": 11, "stride": 2},
            "p2": {"op": "conv", "out_channels": 256, "kernel_size": 3},
            "fc": {"op": "linear", "out_features": 10, "doc": "d" * 60 + " " + "e" * 60},
        },
        "params": {"w": {"doc": "Width.", "default": 8}},
        "inputs": {"image": [3, 32, 32]},
        "archspec": 1,
        "init": {"**.bn*": {"weight": "no"}},
    }
    assert write(spec) == (
        """\
# yaml-language-server: $schema=archspec.schema.json
archspec: 1
name: small
params:
  w: {default: 8, doc: Width.}
inputs:
  image: [3, 32, 32]
graph:
  conv1: {op: conv, out_channels: 8, kernel_size: 3}
  relu1: relu
  body:  {block: conv_bn, out_channels: "$(max(8, w))", repeat: 3, first: {stride: 2}}
  group:
    repeat: 2
    graph:
      a: relu
      b: {op: add, from: [a, input]}
  p1: {op: conv, out_channels: 8,   kernel_size: 11, stride: 2}
  p2: {op: conv, out_channels: 256, kernel_size: 3}
  fc:
    op: linear
    out_features: 10
    doc: >-
      dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
      eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee
init:
  "**.bn*": {weight: "no"}
expect:
  params: 9999
  macs: 1_234_567
  output: [10]
"""
    ).replace("params: 9999\n  macs: 1_234_567", "macs: 1_234_567\n  params: 9999")
