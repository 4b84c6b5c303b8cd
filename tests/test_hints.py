"""What a help says to write is right: written so, the spec compiles to what it promises."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archspec
from archspec.errors import Diagnostic


def refused(text: str) -> Diagnostic:
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text(text)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def spec(shape: list[int], graph: str) -> str:
    return f"archspec: 1\nname: t\ninputs: {{x: {shape}}}\ngraph:\n{graph}"


SIDES = st.lists(st.integers(5, 40), min_size=1, max_size=3)


@given(SIDES, st.integers(1, 7), st.integers(2, 4), st.integers(1, 2))
def test_same_with_a_stride_is_told_what_gives_the_size(
    sides: list[int], kernel: int, stride: int, dilation: int
) -> None:
    conv = f"{{op: conv, out_channels: 4, kernel_size: {kernel}, stride: {stride}, dilation: {dilation}, "
    wanted = (4, *(-(-side // stride) for side in sides))
    help = refused(spec([3, *sides], f"  c: {conv}padding: same}}\n")).help
    named = re.search(r"is `(padding: same_upper)`$", help)
    assert named
    assert archspec.compile_text(spec([3, *sides], f"  c: {conv}{named[1]}}}\n"))["c"].shape == wanted
    window = dilation * (kernel - 1) + 1
    symmetric = re.match(r"write `(padding: .*?)` for (\S+);", help)
    assert bool(symmetric) == bool(window % 2)
    if symmetric:
        assert symmetric[2] == "x".join(map(str, wanted[1:]))
        assert archspec.compile_text(spec([3, *sides], f"  c: {conv}{symmetric[1]}}}\n"))["c"].shape == wanted


@given(st.integers(1, 100), st.integers(1, 100), st.integers(2, 12))
def test_groups_that_do_not_divide_are_told_which_do(inputs: int, outputs: int, groups: int) -> None:
    def text(inputs: int, groups: int) -> str:
        return spec([inputs, 8, 8], f"  c: {{op: conv, out_channels: {outputs}, kernel_size: 1, groups: {groups}}}\n")

    if inputs % groups == 0 == outputs % groups:
        return
    help = refused(text(inputs, groups)).help
    divisors, _, channels = help.partition(" divides ")
    for divisor in map(int, re.findall("[0-9]+", divisors)):
        assert archspec.compile_text(text(inputs, divisor))
    take = re.search(r"groups take (.*) input channels", channels)
    if take and outputs % groups == 0:
        for number in map(int, re.findall("[0-9]+", take[1])):
            assert archspec.compile_text(text(number, groups))


WINDOWS = st.lists(st.tuples(st.sampled_from([1, 3, 5, 7]), st.integers(0, 3)), min_size=1, max_size=4)


@given(WINDOWS, st.sampled_from(["add", "concat", "mul"]), st.integers(0, 2))
def test_windows_that_cut_the_border_are_told_their_padding(
    windows: list[tuple[int, int]], op: str, extra: int
) -> None:
    paddings = {f"c{i}": min(padding, kernel // 2) for i, (kernel, padding) in enumerate(windows)}
    if all(padding == kernel // 2 for (kernel, _), padding in zip(windows, paddings.values(), strict=True)):
        return

    def text(paddings: dict[str, int]) -> str:
        lines = []
        for i, (kernel, _) in enumerate(windows):
            conv = f"{{op: conv, out_channels: 8, kernel_size: {kernel}, padding: {paddings[f'c{i}']}}}"
            lines += [f"  c{i}: {conv}\n", *(f"  r{i}{j}: relu\n" for j in range(extra))]
        last = f"r{len(windows) - 1}{extra - 1}" if extra else f"c{len(windows) - 1}"
        return spec([8, 40, 40], "".join(lines) + f"  join: {{op: {op}, from: [{last}, input]}}\n")

    help = refused(text(paddings)).help
    one = re.match(r"write `padding: (\d+)` at (.*), so that", help)
    if one:
        paddings |= dict.fromkeys(re.findall(r"`(\w+)`", one[2]), int(one[1]))
    else:
        assert help.startswith("keep the size: ")
        paddings |= {name: int(padding) for padding, name in re.findall(r"`padding: (\d+)` at `(\w+)`", help)}
    assert archspec.compile_text(text(paddings))["join"].shape[1:] == (40, 40)
