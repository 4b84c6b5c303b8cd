"""A new spec: one that extends a network or block, a copy of a bundled one, or a small network of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from archspec.errors import UsageError, shown
from archspec.importers.writing import MODELINE, flow, write
from archspec.language import library, networks
from archspec.language.composer import parse
from archspec.language.definition import Definition
from archspec.language.limits import Limits
from archspec.language.loader import definition, known_network, library_block
from archspec.language.names import spec_name_problem
from archspec.language.places import is_path
from archspec.language.source import Mapping, Source

_SMALL = """\
params:
  num_classes: {default: 10, min: 1, doc: Number of classes.}
inputs: {image: [3, 32, 32]}                 # channels first, without the batch
graph:
  stem:    {block: conv_bn_relu, out_channels: 16, kernel_size: 3}
  layer1:  {block: residual_basic, channels: 16, repeat: 2}
  layer2:  {block: residual_basic, channels: 32, repeat: 2, first: {stride: 2}}
  avgpool: global_avg_pool
  flatten: flatten
  fc:      {op: linear, out_features: $num_classes}
"""


def started(path: Path) -> dict[Path, str]:
    """A small network of its own, to be changed: the text of each file to be written.

    Args:
        path: Where the spec goes; its name is that of the file.

    Raises:
        UsageError: No spec can have that name.
    """
    return {path: f"{_head(path)}doc: What it is, and what it is for.\n{_SMALL}"}


def extending(path: Path, other: str) -> dict[Path, str]:
    """A spec that extends a network or block, with its parameters as comments.

    Args:
        path: Where the spec goes.
        other: A bundled network, a block of the library, or the path of a file.

    Raises:
        UsageError: There is none, or its file lies outside of the folder of the new one.
        SpecError: Its file is wrong.
    """
    if is_path(other):
        base = definition(Path(other), _folder(path, Path(other)))
        name = Path(os.path.relpath(other, path.parent)).as_posix()
    else:
        base, name = _known(other), other
    return {path: f"{_head(path, is_network=base.is_network)}extends: {flow(name)}\n{_parameters(base)}"}


def copied(path: Path, other: str) -> dict[Path, str]:
    """A copy of a bundled network or block.

    Of a variant of a family, that is the family's file, and beside it a spec that extends it with the variant's values.

    Args:
        path: Where the spec goes.
        other: The name of the network or block.

    Raises:
        UsageError: There is none.
    """
    known = networks.find(other)
    if known is None:
        return {path: _renamed(_known(other).source.text, "block", _name(path))}
    text = _local(networks.source(known.path).text)
    if not known.variant:
        return {path: _renamed(text, "name", _name(path))}
    family = path.with_name(known.path.name)
    if family == path:
        raise UsageError(f"the copy needs a file `{path.name}` beside it; give it another name")
    return {path: _variant(path, known), family: text}


def _known(name: str) -> Definition:
    """A bundled network, or a block of the library."""
    if library.find(name) and not networks.find(name):
        return library_block(name)
    return known_network(name)


def _head(path: Path, *, is_network: bool = True) -> str:
    return f"{MODELINE}\narchspec: 1\n{'name' if is_network else 'block'}: {_name(path)}\n"


def _name(path: Path) -> str:
    """The name of the network or block that a file of this name holds."""
    wrong = spec_name_problem(path.stem)
    if wrong:
        raise UsageError(f"`{shown(path.stem)}` cannot be the name of a spec: {wrong}")
    return path.stem


def _folder(path: Path, other: Path) -> Path:
    """The folder of a new spec, which the file that it extends has to be in.

    Raises:
        UsageError: It is not.
    """
    folder = path.parent.resolve()
    if not other.resolve().is_relative_to(folder):
        raise UsageError(f"{shown(other)} lies outside of {shown(folder)}, the folder of the new spec")
    return folder


def _parameters(base: Definition) -> str:
    """The parameters of a network as comments, with their defaults."""
    params = {name: param for name, param in base.params.items() if not param.required}
    lines = [f"  {flow(name)}: {flow(param.default)}" for name, param in params.items()]
    docs = [param.doc for param in params.values()]
    if not lines:
        return ""
    width = min(max(map(len, lines)), 60)
    described = [
        f"{line.ljust(width)}  # {' '.join(doc.split())}" if doc else line
        for line, doc in zip(lines, docs, strict=True)
    ]
    return "\n".join(f"# {line}" for line in ["params:", *described]) + "\n"


def _variant(path: Path, known: networks.Known) -> str:
    """A spec that says over its family's file what a variant says."""
    value = parse(networks.source(known.path), Limits(), [])
    params: dict[str, Any] = dict(value.plain()["variants"][known.variant])
    stated = {key: params.pop(key, None) for key in ("doc", "expect")} | {"params": params}
    head = {"archspec": 1, "name": _name(path), "extends": known.path.name}
    return write(head | {key: each for key, each in stated.items() if each})


def _local(text: str) -> str:
    """The text of a bundled spec with the line for editors of a user's own."""
    first, end, rest = text.partition("\n")
    return f"{MODELINE}{end}{rest}" if first.startswith("# yaml-language-server:") else text


def _renamed(text: str, key: str, name: str) -> str:
    """A spec by another name, which stands behind a key."""
    value = parse(Source("", text), Limits(), [])
    assert isinstance(value, Mapping)
    old = value.entries[key]
    return text[: old.start] + name + text[old.end :]
