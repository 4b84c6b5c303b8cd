"""Built modules under PyTorch's tools: compilers, exporters, mixed precision, copies, several processes."""

from __future__ import annotations

import copy
import io
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from corpus import SOME_SPECS
from sampling import QUICK

import archspec
from archspec import Network

torch = pytest.importorskip("torch")
from test_random_networks import check_state  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

torch.set_num_threads(1)

ROOT = Path(__file__).parent.parent
BATCH = 2

FORKED = """
archspec: 1
name: forked
inputs: {left: [3, 8, 8], right: [6]}
blocks:
  fork:
    inputs: [a, b]
    graph:
      conv: {op: conv, from: a, out_channels: 6, kernel_size: 3, padding: 1}
      bn: batch_norm
      pool: global_avg_pool
      flat: flatten
      sum: {op: add, from: [flat, b]}
      few: {op: linear, from: flat, out_features: 2}
    outputs: {sum: sum, few: few}
graph:
  fork: {block: fork, from: [left, right]}
  relu: {op: relu, from: fork.sum}
  head: {op: linear, out_features: 5}
  aux: {op: linear, from: fork.few, out_features: 3}
outputs: {head: head, few: fork.few, aux: {from: aux, training_only: true}}
"""

SHAPED = """
archspec: 1
name: shaped
inputs: {image: [3, 8, 8]}
blocks:
  tokens:
    params: {heads: {type: int}}
    graph:
      parts: {op: reshape, shape: [$heads, "$(input.channels // heads)", -1]}
      order: {op: permute, dims: [1, 3, 2]}
      joined: {op: reshape, shape: [-1, $(input.channels)]}
      linear: {op: linear, out_features: 8}
      back: {op: permute, dims: [2, 1]}
      map: {op: reshape, shape: $(input.shape)}
graph:
  conv: {op: conv, out_channels: 8, kernel_size: 3, padding: 1}
  two: {block: tokens, heads: 2}
  four: {block: tokens, heads: 4}
  pool: global_avg_pool
  flat: flatten
"""


def spec(name: str, **params: Any) -> Network:
    return archspec.compile(ROOT / "specs" / f"{name}.yaml", **params)


NETWORKS = {
    "lenet": spec("lenet"),
    "googlenet_bn": spec("googlenet_bn", variant="training", image_size=64, num_classes=10),
    "resnet20_cifar": spec("resnet20_cifar"),
    "mobilenet_v2": spec("mobilenet_v2", width=0.25, image_size=64, num_classes=10),
    "deepface": spec("deepface", image_size=72, num_classes=10),
    "forked": archspec.compile_text(FORKED),
    "shaped": archspec.compile_text(SHAPED),
}
"""A chain, inception with auxiliary heads, residual ones, local convolutions, several inputs and outputs, reshapes."""

SOME = ["lenet", "resnet20_cifar", "forked", "shaped"] if QUICK else list(NETWORKS)
SMALL = ["lenet", "forked", "shaped"] if QUICK else ["lenet", "resnet20_cifar", "deepface", "forked", "shaped"]
WITH_HEADS = ["forked"] if QUICK else ["googlenet_bn", "forked"]

networks = pytest.mark.parametrize("name", SOME)
small_networks = pytest.mark.parametrize("name", SMALL)


class Case:
    """A built network without its randomness, inputs, and what it gives for them."""

    def __init__(self, name: str, *, train: bool = False, batch: int = BATCH) -> None:
        torch.manual_seed(0)
        network = NETWORKS[name]
        self.model = archspec.build(network).train(train)
        for layer in self.model.modules():
            if "Dropout" in type(layer).__name__:
                layer.p = 0.0
        self.inputs = tuple(torch.randn(batch, *shape) for shape in network.inputs.values())
        names = [name for name, output in network.outputs.items() if train or not output.training_only]
        self.expected = dict(zip(names, tensors(copy.deepcopy(self.model)(*self.inputs)), strict=True))

    def check(self, outputs: Any, **tolerance: float) -> None:
        for found, expected in zip(tensors(outputs), self.expected.values(), strict=True):
            torch.testing.assert_close(found.float(), expected, **(tolerance or {"rtol": 1e-4, "atol": 1e-5}))


def tensors(outputs: Any) -> list[Any]:
    return [outputs] if isinstance(outputs, torch.Tensor) else [each for each in outputs if each is not None]


@pytest.fixture(autouse=True)
def compilers_begin_anew() -> None:
    torch.compiler.reset()


@pytest.mark.parametrize(("name", "train"), [*((name, False) for name in SOME), *((name, True) for name in WITH_HEADS)])
def test_torch_compile_takes_the_whole_graph(name: str, train: bool) -> None:
    case = Case(name, train=train)
    case.check(torch.compile(case.model, fullgraph=True, backend="eager")(*case.inputs))


@small_networks
def test_torch_compile_differentiates_it(name: str) -> None:
    case = Case(name, train=True)
    twin = copy.deepcopy(case.model)
    outputs = torch.compile(case.model, fullgraph=True, backend="aot_eager")(*case.inputs)
    case.check(outputs)
    sum(tensor.sum() for tensor in tensors(outputs)).backward()
    sum(tensor.sum() for tensor in tensors(twin(*case.inputs))).backward()
    for ours, theirs in zip(case.model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(not shutil.which("g++"), reason="inductor needs a C++ compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_inductor_compiles_it() -> None:
    case = Case("forked")
    case.check(torch.compile(case.model, fullgraph=True)(*case.inputs))


@networks
@pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning")
def test_torchscript(name: str) -> None:
    case = Case(name)
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(case.model), buffer)
    buffer.seek(0)
    case.check(torch.jit.load(buffer)(*case.inputs))


@networks
def test_export_with_a_dynamic_batch(name: str) -> None:
    case, larger = Case(name), Case(name, batch=5)
    exported = torch.export.export(
        case.model, case.inputs, dynamic_shapes=dynamic_batch(case, torch.export.Dim("batch"))
    )
    case.check(exported.module()(*case.inputs))
    larger.check(exported.module()(*larger.inputs))


@small_networks
@pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec:FutureWarning")
def test_onnx(name: str, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    case, larger = Case(name), Case(name, batch=5)
    dynamic = dynamic_batch(case, torch.export.Dim.DYNAMIC)
    program = torch.onnx.export(case.model, case.inputs, dynamo=True, dynamic_shapes=dynamic, verbose=False)
    program.save(tmp_path / "net.onnx")
    session = runtime.InferenceSession(tmp_path / "net.onnx")
    names = [value.name for value in session.get_inputs()]
    for each in (case, larger):
        given = {name: tensor.numpy() for name, tensor in zip(names, each.inputs, strict=True)}
        each.check([torch.from_numpy(array) for array in session.run(None, given)])


def dynamic_batch(case: Case, dim: Any) -> Any:
    return tuple({0: dim} for _ in case.inputs)


@networks
def test_autocast(name: str) -> None:
    case = Case(name)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = case.model(*case.inputs)
    assert {tensor.dtype for tensor in tensors(outputs)} == {torch.bfloat16}
    scale = max(tensor.abs().max().item() for tensor in case.expected.values())
    case.check(outputs, rtol=0.1, atol=0.1 * scale)


@networks
def test_activation_checkpointing(name: str) -> None:
    case = Case(name, train=True)
    twin = copy.deepcopy(case.model)
    outputs = checkpoint(case.model, *case.inputs, use_reentrant=False)
    case.check(outputs)
    sum(tensor.sum() for tensor in tensors(outputs)).backward()
    sum(tensor.sum() for tensor in tensors(twin(*case.inputs))).backward()
    for ours, theirs in zip(case.model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


@networks
def test_copies_share_nothing(name: str) -> None:
    case = Case(name)
    twin = copy.deepcopy(case.model)
    with torch.no_grad():
        for tensor in (*case.model.parameters(), *case.model.buffers()):
            tensor.zero_()
    case.check(twin(*case.inputs))
    assert type(twin) is type(case.model)


def test_another_process_loads_a_pickled_module(tmp_path: Path) -> None:
    case = Case("forked")
    torch.save((case.model, case.inputs, tensors(case.model(*case.inputs))), tmp_path / "case.pt")
    script = (
        "import sys, torch; model, inputs, expected = torch.load(sys.argv[1], weights_only=False)\n"
        "found = [tensor for tensor in model(*inputs) if tensor is not None]\n"
        "assert all(map(torch.equal, found, expected)) and len(found) == len(expected) == 2\n"
        "import archspec.pytorch.runtime; archspec.load_weights(model, model.state_dict(), source='')\n"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(tmp_path / "case.pt")]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_outputs_are_pickled_with_their_class() -> None:
    case = Case("forked", train=True)
    outputs = case.model(*case.inputs)
    twin = pickle.loads(pickle.dumps(copy.deepcopy(tuple(map(torch.detach, outputs)))))
    assert type(outputs)._fields == ("head", "few", "aux")
    again = pickle.loads(pickle.dumps(type(outputs)(*map(torch.detach, outputs))))
    assert type(again) is type(outputs)
    assert all(map(torch.equal, again, twin))


@pytest.mark.parametrize("path", SOME_SPECS, ids=lambda path: path.stem)
def test_every_network_on_the_meta_device(path: Path) -> None:
    network = archspec.compile(path)
    model = archspec.build(network, device="meta")
    check_state(network, model)
    assert all(tensor.is_meta for tensor in model.state_dict().values())
    twin = pickle.loads(pickle.dumps(copy.deepcopy(model.eval())))
    inputs = [torch.empty(BATCH, *shape, device="meta") for shape in network.inputs.values()]
    expected = [(BATCH, *output.shape) for output in network.outputs.values() if not output.training_only]
    assert [tuple(tensor.shape) for tensor in tensors(twin(*inputs))] == expected


def test_data_parallel_and_fully_sharded_training_in_two_processes() -> None:
    worker = str(ROOT / "tests" / "distributed_worker.py")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", worker]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert sorted(line for line in done.stdout.split("\n") if line) == [
        f"rank {rank}: {kind} equals one process" for rank in (0, 1) for kind in ("DDP", "FSDP2")
    ]
