"""Import of modules as a law over all ops: what an op is in PyTorch is recorded as that op."""

from __future__ import annotations

import re

import pytest
import yaml

import archspec
from archspec.ops import registry

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

OPS = registry.ops()
OTHERWISE = {"global_response_norm", "layer_scale", "multi_head_attention", "relative_position_bias"}
"""Ops whose layer is archspec's own, of which import sees what it calls: they come back as other ops."""
REFUSED = {
    "local_conv": "whose batch is not its first dimension",
    "shifted_window_mask": "numbers that nothing computes",
}
"""Those of whose calls some are no op."""


def network_of(op: str) -> archspec.Network:
    """A network of the example of an op alone."""
    cls = OPS[op]
    names = [f"input{i + 1}" for i in range(len(cls.example_inputs))]
    node = yaml.safe_load(cls.example)
    node = {"op": node} if isinstance(node, str) else node
    spec = {
        "archspec": 1, "name": "one", "inputs": dict(zip(names, map(list, cls.example_inputs), strict=True)),
        "graph": {"node": node | ({"from": names} if len(names) > 1 else {})},
    }  # fmt: skip
    return archspec.compile_text(yaml.safe_dump(spec, sort_keys=False))


@pytest.mark.parametrize("op", [name for name, cls in OPS.items() if not cls.takes_nothing and not cls.takes_places])
def test_what_an_op_is_in_torch_is_that_op(op: str) -> None:
    network = network_of(op)
    shapes = list(network.inputs.values())
    if op in REFUSED:
        with pytest.raises(archspec.UsageError, match=REFUSED[op]):
            archspec.from_module(archspec.build(network), *shapes)
        return
    imported = archspec.from_module(archspec.build(network), *shapes)
    again = archspec.compile_text(imported.text)
    assert (again.params, again.macs) == (network.params, network.macs)
    assert [output.shape for output in again.outputs.values()] == [output.shape for output in network.outputs.values()]
    if op not in OTHERWISE:
        assert [type(node.op) for node in again] == [type(node.op) for node in network], imported.text


@pytest.mark.parametrize(("op", "signature"), [(name, each) for name, cls in OPS.items() for each in cls.functions])
def test_functions_that_ops_state_are_those_of_torch(op: str, signature: str) -> None:
    match = re.fullmatch(r"(\w+)\((\w+(?:, \w+)*)\)", signature)
    assert match, signature
    assert any(hasattr(place, match[1]) for place in (torch, nn.functional, torch.Tensor))
    told = match[2].split(", ")
    assert told[0] == "input"
    assert set(OPS[op].model_fields) <= {*told, "mode"}, "an argument that no function gives"
