"""What the source says of sizes: the line on shapes of each class, and the layers that are pasted for numbers alone."""

from __future__ import annotations

import ast
import re
from math import ceil, floor
from pathlib import Path
from typing import Any

import pytest
from corpus import SOME_VARIANTS
from hypothesis import given, settings
from random_networks import compiled, networks

import archspec
from archspec.language.evaluation import make_divisible
from archspec.pytorch.emitter.classes import classes
from archspec.pytorch.emitter.model import Class
from archspec.pytorch.emitter.pasting import pasted
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.shapes import shape_line

FUNCTIONS = {"ceil": ceil, "floor": floor, "make_divisible": make_divisible, "max": max, "min": min, "sum": sum}


def sizes(text: str) -> list[str]:
    """The sizes in ``(N, a, b(c, d))``, without that of the batch."""
    tree = ast.parse(text, mode="eval").body
    assert isinstance(tree, ast.Tuple)
    return [ast.unparse(each) for each in tree.elts[1:]]


def check(made: Class, registry: Registry) -> None:
    """Each size that the line on shapes says is that of each use; a letter stands for one size."""
    line = shape_line(made, registry.instances)
    if not line:
        return
    before, after = line.removeprefix("Shape: ").split(" -> ")
    split = r"(?<=\)), (?=\(N)"
    for number, instance in enumerate(made.instances):
        known: dict[str, Any] = {each.name: each.values[number] for each in made.signature}
        known |= {each: values[number] for each, (_, values) in made.scope.locals.items()}
        tensors = [*registry.instances.inputs(instance.block), *registry.instances.outputs(instance.block).values()]
        written = [*re.split(split, before), *re.split(split, after)]
        for text, path in zip(written, tensors, strict=True):
            for said, size in zip(sizes(text), registry.instances.shape(path), strict=True):
                if said.endswith("_out"):
                    continue
                if re.fullmatch("C|D|H|W|L|D[0-9]", said):
                    assert known.setdefault(said, size) == size, line
                else:  # an op gives such a part of a size rounded up
                    code = re.sub(r"^([A-Z]\d?) / (\w+)$", r"-(-\1 // \2)", said)
                    assert eval(code, {**FUNCTIONS, **known}) == size, line


def check_all(network: archspec.Network) -> None:
    registry = classes(network, frozenset(pasted(network)))
    for made in registry.made[:-1]:
        check(made, registry)


@pytest.mark.parametrize(("path", "variant"), SOME_VARIANTS, ids=lambda value: getattr(value, "stem", value))
def test_shapes_of_specs(path: Path, variant: str | None) -> None:
    check_all(archspec.compile(path, variant=variant))


def test_shapes_of_random_networks() -> None:
    @settings(max_examples=max(20, settings.default.max_examples // 5))
    @given(networks())
    def law(text: str) -> None:
        check_all(compiled(text))

    law()


def test_maps_whose_channels_are_last_are_said_so() -> None:
    source = archspec.emit("swin_t")
    assert "Shape: (N, H, W, dim) -> (N, H / 2, W / 2, 2 * dim)" in source
    assert "Shape: (N, H, W, dim) -> (N, H, W, dim)" in source


def test_a_line_on_shapes_says_something() -> None:
    """Of a group whose stages have all sizes and channels, letters would only tell how many dimensions there are."""
    assert '    """The group `stages` of `swin_t`."""' in archspec.emit("swin_t")


@pytest.mark.parametrize("name", ["relative_position_bias", "shifted_window_mask"])
def test_functions_for_numbers_alone_give_what_those_for_pairs_do(name: str) -> None:
    torch = pytest.importorskip("torch")
    text = pasted(archspec.compile("swin_t"))[name]
    assert "tuple" not in text
    assert "isinstance" not in text
    module = __import__(f"archspec.pytorch.layers.{name}", fromlist=[name])
    space: dict[str, Any] = {"torch": torch, "Tensor": torch.Tensor}
    exec(text, space)
    wanted = getattr(module, name)
    if name == "relative_position_bias":
        table = torch.randn(49, 3)
        assert space[name](table, 4).equal(wanted(table, (4, 4)))
    else:
        scores = torch.randn(1, 4, 2, 16, 16)
        assert space[name](scores, 8, 4, 2).equal(wanted(scores, (8, 8), (4, 4), (2, 2)))
