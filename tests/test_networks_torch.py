"""Every bundled network run node by node in PyTorch, on tensors without data."""

from __future__ import annotations

from pathlib import Path

import pytest

import archspec

torch = pytest.importorskip("torch")
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402
from torch_oracle import build  # noqa: E402

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))
BATCH = 2


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_shapes_weights_and_flops_are_those_of_pytorch(path: Path) -> None:
    network = archspec.compile(path)
    tensors = {name: torch.empty(BATCH, *shape, device="meta") for name, shape in network.inputs.items()}
    params = buffers = 0
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        for node in network:
            # Loading a state_dict of these names and shapes fails where PyTorch's differ.
            state = {name: torch.empty(shape) for name, shape in (node.weights | node.buffers).items()}
            layer = build(node.op.torch(node.input_shapes), state).eval()
            tensors[node.path] = layer(*(tensors[origin] for origin in node.inputs))
            assert tuple(tensors[node.path].shape) == (BATCH, *node.shape), node.path
            params += sum(weight.numel() for weight in layer.parameters())
            buffers += sum(buffer.numel() for buffer in layer.buffers())
    assert (params, buffers) == (network.params, network.buffer_elements)
    assert counter.get_total_flops() == BATCH * network.flops
