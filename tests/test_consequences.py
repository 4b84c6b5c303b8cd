"""What comes of an error is not told: a mistake is one error, however many nodes stumble over it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import archspec
from archspec.errors import Diagnostic

HRNET = """archspec: 1
name: hrnet
params: {width: 8, deep: true}
inputs: {image: [3, 64, 64]}
blocks:
  stage:
    inputs: [a, b]
    graph:
      ra: {block: residual_basic, channels: $width, from: a}
      rb: {block: residual_basic, channels: $(2 * width), from: b}
      up: {op: conv, out_channels: $width, kernel_size: 1, from: rb}
      ups: {op: upsample, scale_factor: 2}
      down: {op: conv, out_channels: $(rb.channels), kernel_size: 3, stride: 2, padding: 1, from: ra}
      fa: {op: add, from: [ra, ups]}
      fb: {op: add, from: [rb, down]}
    params: {width: {type: int}}
    outputs: {high: fa, low: fb}
  head:
    inputs: [a, b]
    graph:
      up: {op: upsample, scale_factor: 2, from: b}
      cat: {op: concat, from: [a, up]}
      conv: {op: conv, out_channels: $(cat.channels), kernel_size: 1}
graph:
  stem: {block: conv_bn_relu, out_channels: $width, kernel_size: 3, stride: 2}
  down: {block: conv_bn_relu, out_channels: $(2 * width), kernel_size: 3, stride: 2}
  s1: {block: stage, from: [stem, down], width: $width}
  s2: {block: stage, from: [s1.high, s1.low], width: $(s1.high.channels)}
  s3: {block: stage, from: [s2.high, s2.low], width: $width}
  s4: {block: stage, from: [s3.high, s3.low], width: $width}
  top: {block: head, from: [s4.high, s4.low]}
  relu1: {op: relu, when: $deep}
  relu2: {op: relu, when: $deep}
"""
"""A network of stages with two outputs, each of which takes both outputs of the one before."""


def found(text: str) -> list[Diagnostic]:
    try:
        archspec.compile_text(text)
    except archspec.SpecError as error:
        return list(error.diagnostics)
    return []


MISTAKES = {
    "outputs: {high: fa, low: fb}": {
        "outputs: {high: fa, low: fc}": "unknown-node 17:30",
        "outputs: {high: fa, lo: fb}": "unknown-node 28:38",
        "outputs: {hi: fa, lo: fb}": "unknown-node 28:29",
        "outputs: [fa, fb]": "unknown-node 28:29",
        "outputs: {high: fa, low: [fb]}": "invalid-value 17:30",
        "output: {high: fa, low: fb}": "invalid-value 17:13",
        "output: fb": "unused-node 14:7, unknown-node 28:29",
    },
    "s1.low]": {"s1.lo]": "unknown-node 28:38", "low]": "unknown-node 28:38"},
    "params: {width: 8, deep: true}": {
        "params: {deep: true}": "unknown-name 25:46",
        "parms: {width: 8, deep: true}": "unknown-key 3:1",
        "params: {width: 8, deep: 1}": "invalid-value 32:27",
        "params: {width: [8], deep: true}": "invalid-argument 25:45, invalid-argument 26:45, invalid-argument 27:49",
    },
    "  stage:\n": {"  stages:\n": "unknown-block 27:15"},
    "\ngraph:\n": {"\n": "missing-key 1:1"},
    "blocks:\n": {"block:\n": "unknown-key 5:1"},
}
"""Mistakes, with the errors that tell them."""


@pytest.mark.parametrize(("right", "wrong"), [(right, wrong) for right, wrongs in MISTAKES.items() for wrong in wrongs])
def test_a_mistake_is_told_once(right: str, wrong: str) -> None:
    assert not found(HRNET)
    assert right in HRNET
    told = found(HRNET.replace(right, wrong, 1))
    assert ", ".join(f"{each.code} {each.span.line}:{each.span.column}" for each in told) == MISTAKES[right][wrong]


def test_the_first_place_speaks_of_some_others() -> None:
    (error,) = found(HRNET.replace("low: fb", "lo: fb"))
    assert [(note.message, note.span.line) for note in error.notes] == [("and here", line) for line in (29, 30, 31)]


def mutations() -> Iterator[str]:
    """The text with a line less, or a value or a key that is wrong."""
    lines = HRNET.split("\n")
    for i, line in enumerate(lines[2:-1], start=2):
        above, below = lines[:i], lines[i + 1 :]
        yield "\n".join([*above, *below])
        for match in re.finditer(r"(?<=: )(?:[^,{}\[\]\s]+|\[[^\]]*\])", line):
            for wrong in ("[1]", "{a: 1}", "null", "wrong", "-1"):
                yield "\n".join([*above, line[: match.start()] + wrong + line[match.end() :], *below])
        for match in re.finditer(r"\w+(?=: ?)", line):
            yield "\n".join([*above, f"{line[: match.start()]}qqq{line[match.end() :]}", *below])


def test_no_mistake_becomes_many() -> None:
    """A wrong `inputs:` is four: it, each of the names that it had, and the use of the block."""
    counts = [len(found(text)) for text in mutations()]
    assert len(counts) > 300
    assert max(counts) <= 5
    assert sum(count > 2 for count in counts) <= len(counts) // 15


def test_errors_at_one_place_have_an_order() -> None:
    """That of their messages, whatever the hashes of a process are."""
    ops = ("tanh", "relu", "sigmoid", "silu", "mish", "gelu")
    nodes = "".join(f"  {op}: {{<<: *given, op: {op}}}\n" for op in ops)
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text(
            "archspec: 1\nname: t\ninputs: {x: [8, 4, 4]}\n"
            f"graph:\n  first: &given {{op: hardswish, slope: 1}}\n{nodes}"
        )
    told = caught.value.diagnostics
    assert (len(told), len({(each.span, each.code) for each in told})) == (7, 1)
    assert [each.message for each in told] == sorted(each.message for each in told)
