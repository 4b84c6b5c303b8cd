"""The places of a max pooling's maxima, and what puts elements back there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import archspec
from archspec.analysis.cost import roll_up
from archspec.drawing.content.staging import stage
from archspec.ops.tensor import Places
from archspec.reports.json_report import report

torch = pytest.importorskip("torch")
from test_memory_torch import check_kept, peak_bytes  # noqa: E402
from test_receptive_fields import check as check_fields  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

SEGNET = Path(__file__).parent / "data" / "segnet.yaml"
HEAD = "archspec: 1\nname: unpool\ninputs: {image: [3, 64, 64]}\ngraph:\n"
GRAPH = """
  conv: {op: conv, out_channels: 16, kernel_size: 3, padding: 1}
  relu: relu
  pool: {op: max_pool, kernel_size: 2}
  unpool: {op: max_unpool, from: [pool, pool.indices]}
  decode: {op: conv, out_channels: 3, kernel_size: 3, padding: 1}
"""
UNPOOL = archspec.compile_text(HEAD + GRAPH)


def test_one_layer_gives_the_maxima_and_their_places() -> None:
    """torchinfo #25, pytorch #580."""
    assert UNPOOL.shape("decode") == (3, 64, 64)
    assert UNPOOL.params == 883
    assert UNPOOL["pool.output"].shape == UNPOOL.shape("pool") == (16, 32, 32)
    assert isinstance(UNPOOL["pool.indices"].shape, Places)
    source = archspec.emit(UNPOOL)
    assert "self.pool = nn.MaxPool2d(kernel_size=2, return_indices=True)\n" in source
    unpool = "F.max_unpool2d(x, pool_indices, kernel_size=(2, 2), stride=(2, 2))"
    assert f"x, pool_indices = self.pool(x)\n        x = {unpool}\n" in source


def test_the_module_computes_what_pytorch_does() -> None:
    module, image = archspec.build(UNPOOL).eval(), torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        x, indices = F.max_pool2d(module.conv(image).relu(), 2, return_indices=True)
        torch.testing.assert_close(module(image), module.decode(F.max_unpool2d(x, indices, 2)))


@pytest.mark.filterwarnings("ignore")
def test_sizes_that_do_not_divide_come_back() -> None:
    network = archspec.compile(SEGNET)
    assert network.shape("decoder1") == (4, 45, 60)
    assert network.shape("decoder2") == (8, 22, 30)
    module = archspec.build(network).eval()
    assert module(torch.randn(1, 3, 45, 60)).shape == (1, 5, 45, 60)
    assert torch.jit.script(module)(torch.randn(1, 3, 45, 60)).shape == (1, 5, 45, 60)


def test_memory_knows_the_places() -> None:
    """They are int64: of the tensors that are alive at once, and that are kept once for both backward passes."""
    for network in (UNPOOL, archspec.compile(SEGNET)):
        check_kept(network)
    assert UNPOOL.activation_memory.inference_peak == peak_bytes(UNPOOL)
    assert UNPOOL["pool.indices"].activations == 8 * 16 * 32 * 32
    held = archspec.compile_text(f"""{HEAD}
  pool: {{op: max_pool, kernel_size: 2}}
  conv: {{op: conv, from: pool, out_channels: 3, kernel_size: 1}}
  unpool: {{op: max_unpool, from: [conv, pool.indices]}}
""")
    check_kept(held)
    assert held.activation_memory.inference_peak == peak_bytes(held)


@pytest.mark.filterwarnings("ignore")
def test_a_place_sees_what_its_windows_see() -> None:
    for network in (UNPOOL, archspec.compile(SEGNET)):
        check_fields(network, Counter())
    field = UNPOOL["unpool"].receptive_field
    assert field is not None
    assert field.size == (4, 4)
    assert field.stride == (1, 1)
    assert UNPOOL["pool"].receptive_field == UNPOOL["pool.output"].receptive_field


def test_reports_and_pictures_show_one_op() -> None:
    rows = {row.path: row for row in roll_up(UNPOOL)}
    assert list(rows) == ["conv", "relu", "pool", "unpool", "decode"]
    assert rows["pool"].kind == "max_pool"
    assert rows["pool"].kernel_size == (2, 2)
    assert not rows["pool"].is_block
    (block,) = report(UNPOOL)["blocks"]
    assert block["kind"] == "op"
    assert block["outputs"] == {"output": "pool.output", "indices": "pool.indices"}
    scene = stage(UNPOOL, "ops")
    assert [box.title for box in scene.boxes if box.name == "pool"] == ["max pool"]
    assert {(edge.tensor, edge.operand) for edge in scene.edges if edge.target == "unpool"} == {
        ("pool.output", 0),
        ("pool.indices", 1),
    }


def test_places_that_nothing_takes_are_not_made() -> None:
    plain = archspec.compile_text(HEAD + "  pool: {op: max_pool, kernel_size: 2}\n")
    assert [node.path for node in plain] == ["pool"]
    assert "return_indices" not in archspec.emit(plain)


def test_only_the_places_may_be_taken() -> None:
    network = archspec.compile_text(f"""{HEAD}
  pool: {{op: max_pool, kernel_size: 2}}
  down: {{op: avg_pool, from: image, kernel_size: 2}}
  unpool: {{op: max_unpool, from: [down, pool.indices]}}
""")
    assert [node.path for node in network] == ["pool.indices", "pool.output", "down", "unpool"]
    assert "_, pool_indices = self.pool(x)\n" in archspec.emit(network)
    assert archspec.build(network)(torch.randn(1, 3, 64, 64)).shape == (1, 3, 64, 64)


def test_copies_of_a_block_have_places_of_their_own() -> None:
    text = """archspec: 1
name: again
inputs: {image: [3, 16, 16]}
blocks:
  there_and_back:
    params: {kernel: 2}
    graph:
      conv: {op: conv, out_channels: $(input.channels), kernel_size: 3, padding: 1}
      pool: {op: max_pool, kernel_size: $kernel}
      middle: {op: conv, out_channels: $(pool.channels), kernel_size: 1}
      unpool: {op: max_unpool, from: [middle, pool.indices]}
graph:
  body: {block: there_and_back, repeat: 2}
  other: {block: there_and_back, kernel: 4}
  first: {reuse: other}
"""
    network = archspec.compile_text(text)
    module = archspec.build(network)
    assert module(torch.randn(2, 3, 16, 16)).shape == (2, 3, 16, 16)
    source = archspec.emit(network)
    for kernel in (2, 4):  # other kernels would not give the size of what was pooled
        assert f"nn.MaxPool2d(kernel_size={kernel}, return_indices=True)" in source
        assert f"F.max_unpool2d(x, pool_indices, kernel_size={kernel, kernel}, stride={kernel, kernel})" in source


def test_a_pooling_that_is_reused_gives_its_places_each_time() -> None:
    network = archspec.compile_text(f"""{HEAD}
  pool: {{op: max_pool, kernel_size: 2}}
  again: {{reuse: pool, from: image}}
  add: {{op: add, from: [pool, again]}}
  unpool: {{op: max_unpool, from: [add, again.indices]}}
""")
    module, image = archspec.build(network), torch.randn(1, 3, 64, 64)
    x, indices = F.max_pool2d(image, 2, return_indices=True)
    torch.testing.assert_close(module(image), F.max_unpool2d(x + x, indices, 2))
    with pytest.raises(archspec.SpecError, match="copies of a node do not"):
        archspec.compile_text(f"""{HEAD}
  pool: {{op: max_pool, kernel_size: 2}}
  unpool: {{op: max_unpool, from: [pool, pool.indices]}}
  again: {{reuse: pool, repeat: 2}}
""")
