"""Blocks in use: a network of one block, with the arguments of its example."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from archspec.compiler.pipeline import compile_text
from archspec.errors import SpecError, UsageError, did_you_mean, listed
from archspec.language.definition import Definition
from archspec.language.loader import block_file, library_block
from archspec.language.places import is_path, located
from archspec.network import Network

_INPUTS = ((64, 56, 56), (60, 56, 56), (64, 56), (64,), (56, 56, 64))
"""Shapes of the inputs: the first on which the example compiles."""


def example(name: str, arguments: Mapping[str, Any] | None = None, root: Path | None = None) -> Network:
    """A network of one block.

    Args:
        name: The name of a block of the library, or the path of the file of another.
        arguments: Arguments over those that the block states in its ``example:``.
        root: The folder that the references of a block's file may not leave; its own unless given.

    Raises:
        UsageError: There is no such block or argument, or the example leaves out one that the block needs.
        SpecError: The block is wrong.
    """
    file, folder = located(Path(name), root) if is_path(name) else (None, Path())
    definition = block_file(Path(name), root) if file else library_block(name)
    wrong = []
    for text in example_specs(definition, file or definition.name, arguments or {}):
        try:
            return compile_text(text, name=f"example of {name}", root=folder)
        except SpecError as error:
            wrong.append(error)
    raise wrong[0]


def example_specs(definition: Definition, target: Path | str, arguments: Mapping[str, Any]) -> Iterator[str]:
    """Specs that use a block, each with inputs of other shapes; the first that compiles is the example.

    Args:
        definition: The block.
        target: Its name, or its file.
        arguments: Arguments over those that the block states in its ``example:``.

    Raises:
        UsageError: There is no such argument, or the example leaves out one that the block needs.
    """
    given = {**(definition.example.plain() if definition.example else {}), **arguments}
    for unknown in given.keys() - definition.params.keys():
        hint = did_you_mean(unknown, definition.params)
        raise UsageError(f"the block `{definition.name}` has no parameter `{unknown}`; {hint}".rstrip("; "))
    missing = [key for key, param in definition.params.items() if param.required and key not in given]
    if missing:
        help = f"state some in its `example:`, or to draw it here: `--set {missing[0]}=64`"
        raise UsageError(f"an example of `{definition.name}` needs a value for {listed(missing)}; {help}")
    for shape in _INPUTS:
        yield _example_spec(definition, target, shape, given)


def _example_spec(
    definition: Definition, target: Path | str, shape: Sequence[int], arguments: Mapping[str, Any]
) -> str:
    """A spec of one block. JSON is YAML too."""
    names = list(definition.graph.inputs) or ["input"]
    node = {"block": str(target), "from": names, **arguments}
    return json.dumps(
        {
            "archspec": 1,
            "name": definition.name,
            "inputs": {key: list(shape) for key in names},
            "graph": {definition.name: node},
        }
    )
