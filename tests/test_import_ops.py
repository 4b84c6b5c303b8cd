"""Import of modules as a law over all ops: what an op is in PyTorch is recorded as that op."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from sampling import PROFILE, few

import archspec
from archspec.ops import registry
from archspec.ops.tensor import Shape

torch = pytest.importorskip("torch")
from op_cases import CASES  # noqa: E402
from torch import nn  # noqa: E402

OPS = registry.ops()
OTHERWISE = {"global_response_norm", "layer_scale", "multi_head_attention", "relative_position_bias"}
"""Ops whose layer is archspec's own, of which import sees what it calls: they come back as other ops."""
REFUSED = {
    "local_conv": "whose batch is not its first dimension",
    "shifted_window_mask": "numbers that nothing computes",
}
"""Those of whose calls some are no op."""


def network(graph: dict[str, Any], *shapes: Shape) -> archspec.Network:
    """A network of nodes, the first of which takes all inputs."""
    names = [f"input{i + 1}" for i in range(len(shapes))]
    first = next(iter(graph.values()))
    first |= {"from": names} if len(names) > 1 else {}
    inputs = dict(zip(names, map(list, shapes), strict=True))
    spec = {"archspec": 1, "name": "one", "inputs": inputs, "graph": graph}
    return archspec.compile_text(yaml.safe_dump(spec, sort_keys=False))


def example(op: str) -> dict[str, Any]:
    """The example of an op as a node."""
    node = yaml.safe_load(OPS[op].example)
    return {"op": node} if isinstance(node, str) else dict(node)


def network_of(op: str) -> archspec.Network:
    """A network of the example of an op alone, or of what it takes and of what takes it, where it is not so."""
    cls, node = OPS[op], example(op)
    if cls.takes_places:
        graph = {"pool": example("max_pool"), "node": {"op": op, "from": ["pool", "pool.indices"]}}
        return network(graph, *OPS["max_pool"].example_inputs)
    if not cls.takes_nothing:
        return network({"node": node}, *cls.example_inputs)
    shape = cls.model_validate({key: value for key, value in node.items() if key != "op"}).infer(((1,),))
    return network({"same": {"op": "relu"}, "node": node, "sum": {"op": "add", "from": ["same", "node"]}}, shape)


@pytest.mark.parametrize("op", OPS)
def test_what_an_op_is_in_torch_is_that_op(op: str) -> None:
    made = network_of(op)
    if op in REFUSED:
        with pytest.raises(archspec.UsageError, match=REFUSED[op]):
            archspec.from_module(archspec.build(made), *made.inputs.values())
        return
    again, imported = check_again(made)
    if op not in OTHERWISE:
        assert sorted(node.op.name for node in again) == sorted(node.op.name for node in made), imported.text


def check_again(made: archspec.Network) -> tuple[archspec.Network, archspec.Imported]:
    """What a network builds is imported as one of the same figures; the import compares what both give."""
    imported = archspec.from_module(archspec.build(made), *made.inputs.values())
    again = archspec.compile_text(imported.text)
    assert (again.params, again.macs) == (made.params, made.macs)
    assert [output.shape for output in again.outputs.values()] == [output.shape for output in made.outputs.values()]
    return again, imported


TAKING = [op for op in CASES if op not in REFUSED and not OPS[op].takes_places and not OPS[op].takes_nothing]


@pytest.mark.parametrize("op", few(TAKING, 30))
@pytest.mark.filterwarnings("ignore")
def test_what_an_op_is_with_other_arguments_is_imported_too(op: str) -> None:
    @settings(max_examples=30 if PROFILE == "nightly" else 4)
    @given(CASES[op])
    def law(case: tuple[dict[str, Any], tuple[Shape, ...]]) -> None:
        arguments, shapes = case
        try:
            made = network({"node": {"op": op, **arguments}}, *shapes)
        except archspec.ArchspecError:
            return
        check_again(made)

    law()


@pytest.mark.parametrize(("op", "signature"), [(name, each) for name, cls in OPS.items() for each in cls.functions])
def test_functions_that_ops_state_are_those_of_torch(op: str, signature: str) -> None:
    match = re.fullmatch(r"(\w+)\((\w+(?:, \w+)*)\)", signature)
    assert match, signature
    assert any(hasattr(place, match[1]) for place in (torch, nn.functional, torch.Tensor))
    told = match[2].split(", ")
    assert told[0] == "input"
    assert set(OPS[op].model_fields) <= {*told, "mode"}, "an argument that no function gives"
