"""Blocks by themselves: what stands for numbers means those numbers."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import archspec
from archspec.compiler.example import example
from archspec.drawing.content import labels
from archspec.drawing.content.labels import OpSymbol
from archspec.drawing.content.symbols import symbolic
from archspec.drawing.pictures import block_alone
from archspec.language import library
from archspec.language.values import TensorView
from archspec.network import Block, Network
from archspec.ops.tensor import Shape

SPECS = sorted(Path("specs").glob("*.yaml"))


def meant(text: str, block: Block, network: Network) -> Any:
    """The number that a text stands for in one use of a block: a list where a letter stands for one of each axis."""
    code = text.replace("·", "*").replace("^", "**").replace("//", "/").replace("/", "//").replace(" mod ", " % ")
    shapes = [network.shape(path) for path in block.inputs]
    names = block.template.graph.inputs or ("input",)
    inputs = {name: sizes(shape) for name, shape in zip(names, shapes, strict=True)}
    letters = {"C": shapes[0][0], "max": max, "round": round, "ceil": ceil, "floor": int, **inputs}
    letters |= {**block.content.lets, **block.arguments}
    try:
        return eval(code, {"__builtins__": {}}, letters)
    except TypeError:
        axes = {name: value for name, value in letters.items() if isinstance(value, list) and name in code}
        each = [dict(zip(axes, values, strict=True)) for values in zip(*axes.values(), strict=True)]
        return [eval(code, {"__builtins__": {}}, {**letters, **values}) for values in each]


def sizes(shape: Shape) -> SimpleNamespace:
    """The sizes of a tensor by name."""
    view = TensorView(shape)
    return SimpleNamespace(shape=shape, rank=len(shape), **{name: view.attribute(name) for name in view.sizes()})


def uses(network: Network) -> Iterator[Block]:
    """The first use of every block of a network, and a later one."""
    blocks = [block for block in network.blocks.walk() if block.kind == "block"]
    yield from {block.definition: block for block in reversed(blocks)}.values()
    yield from {block.definition: block for block in blocks}.values()


def check(network: Network, block: Block) -> int:
    """The number of texts; each means what stands in the network."""
    alone, count = symbolic(network, block), 0
    assert [f"{block.path}.{node.path}" for node in alone] == [node.path for node in block.nodes()]
    for node, original in zip(alone, block.nodes(), strict=True):
        if isinstance(node.op, OpSymbol):
            stands_for = block.arguments[node.op.text]
            assert (stands_for["op"] if isinstance(stands_for, dict) else stands_for) == original.op.name
            assert labels.family(node.op) == labels.family(original.op)
            count += 1
            continue
        for key in type(node.op).model_fields:
            value, number = getattr(node.op, key), getattr(original.op, key)
            if value == number:
                continue
            count += 1
            values = [
                meant(text, block, network) if isinstance(text, str) else text
                for text in (value if isinstance(value, tuple) else (value,))
            ]
            if isinstance(values[0], list):  # written as one expression
                values = values[0]
            assert tuple(values) in ((number,), number) or set(values) == set(number), (node.path, key, value, number)
    for key, output in alone.outputs.items():
        if output.shape:
            channels = network.shape(block.outputs[key])[0]
            assert meant(str(output.shape[0]), block, network) == channels
    for key, formula in alone.formulas.items():
        assert meant(formula, block, network) == {**block.content.lets, **block.arguments}[key]
    return count


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_symbols_mean_the_numbers_of_the_network(path: Path) -> None:
    network = archspec.compile(path)
    for block in uses(network):
        check(network, block)


@pytest.mark.parametrize("name", library.blocks())
def test_every_block_of_the_library_has_symbols(name: str) -> None:
    definition = archspec.language.loader.library_block(name)
    network = example(name)
    block = next(block for block in network.blocks.walk() if block.path and block.definition == name)
    sizes = [param for param in definition.params.values() if param.type in ("int", "size")]
    assert check(network, block) > 0 or not sizes
    assert block_alone(name).name == name


def test_what_is_drawn() -> None:
    svg = archspec.draw(block="bottleneck", stride=2).svg
    for text in ("C×H×W", "4·channels×H'×W'", "width, /stride"):
        assert text in svg
    assert "MACs" not in svg
    assert "parameters" not in svg
    svg = archspec.draw(block="inception").svg
    assert "(ch1x1 + ch3x3 + ch5x5 + pool_proj)×H×W" in svg


def test_a_count_of_copies_is_a_symbol_too() -> None:
    assert "×convs" in archspec.draw("specs/vgg16.yaml", block="vgg_block", detail="blocks").svg
    assert "×convs" in archspec.draw(block="vgg_block", convs=4).svg
    assert "×2" in archspec.draw(block="vgg_block").svg


def test_channels_of_an_input_that_shares_its_letter() -> None:
    text = """
    archspec: 1
    name: net
    inputs: {x: [3, 8, 8]}
    blocks:
      mine:
        params: {C: {type: int}}
        graph: {c: {op: conv, out_channels: $(C * input.channels), kernel_size: 1}}
    graph: {a: {block: mine, C: 5}}
    """
    network = archspec.compile_text(text)
    assert block_alone("mine", network)["c"].op.out_channels == "C·input.channels"


def test_what_a_default_computes_is_told() -> None:
    assert block_alone("inverted_residual").formulas == {"hidden": "6·C"}
    assert "width = channels" in archspec.draw(block="bottleneck").svg


def test_the_use_of_a_block_can_be_named() -> None:
    network = archspec.compile("specs/resnet50.yaml")
    assert "downsample.conv" in block_alone("layer2.0", network)
    assert "downsample.conv" not in block_alone("layer2.1", network)
    with pytest.raises(archspec.UsageError, match="uses no block `layer2`"):
        block_alone("layer2", network)


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(archspec.UsageError, match="neither was given"):
        archspec.draw()
