"""The bundled networks for tests of each: compiled once, with what papers and other libraries say of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import archspec
from archspec.network import Network, Node

ROOT = Path(__file__).parent.parent
SPECS = ROOT / "specs"
DATA = Path(__file__).parent / "data"
NAMES = sorted(path.stem for path in SPECS.glob("*.yaml"))


def read(file: str) -> Any:
    return json.loads((DATA / file).read_text(encoding="utf-8"))


REFERENCES = [row for row in read("networks.json") if row["spec"]]


@cache
def network(name: str, variant: str | None = None, **params: Any) -> Network:
    return archspec.compile(SPECS / f"{name}.yaml", variant=variant, **params)


def edited(base: str, edit: str) -> Network:
    """A spec with an edit merged into it."""
    return archspec.compile_text(f"archspec: 1\nname: edited\nextends: {base}.yaml\n{edit}", root=SPECS)


def small(node: str, shape: tuple[int, ...]) -> Network:
    """A network of one node."""
    text = f"archspec: 1\nname: small\ninputs: {{x: {list(shape)}}}\ngraph:\n  node: {node}\n"
    return archspec.compile_text(text)


def written(name: str) -> dict[str, Any]:
    """A spec's own file as plain data."""
    data: dict[str, Any] = yaml.safe_load((SPECS / f"{name}.yaml").read_text(encoding="utf-8"))
    return data


def is_op(node: Node, *names: str) -> bool:
    return node.op.name in names


def weight_layers(net: Network) -> int:
    """Convolutions and linear layers on the longest way through a network."""
    depth = dict.fromkeys(net.inputs, 0)
    for node in net:
        has_weights = is_op(node, "conv", "conv_transpose", "local_conv", "linear")
        depth[node.path] = max(depth[path] for path in node.inputs) + has_weights
    return max(depth[output.path] for output in net.outputs.values())


def rounds(value: int, printed: float, unit: float) -> bool:
    """Whether a figure printed in steps of ``unit`` is the value rounded to the nearest step."""
    return abs(value - printed) <= unit / 2
