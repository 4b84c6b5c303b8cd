"""The law of memory: what a network keeps for training and holds at once in inference is what PyTorch does.

Networks run on tensors without data. A view counts as a tensor of its own, as docs/costs.md says.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from random_networks import compiled, networks
from sampling import PROFILE, examples

import archspec
from archspec.analysis.memory import activation_memory
from archspec.analysis.training import differentiated, step_macs, trains
from archspec.network import Node
from archspec.ops.tensor import Places

torch = pytest.importorskip("torch")
from corpus import SOME_SPECS, SOME_VARIANTS  # noqa: E402
from emitted_layers import build  # noqa: E402
from test_random_networks import outputs  # noqa: E402
from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

EXAMPLES = settings.default.max_examples // 2 if PROFILE == "nightly" else examples(75)
PASSES = {"identity", "dropout", "dropout2d", "stochastic_depth"}
"""Ops that evaluation passes through, where a tensor of their own is counted."""
SEVERAL = {"local_response_norm", "local_conv", "lp_pool", "layer_norm", "group_norm", "instance_norm"}
SEVERAL |= {"blur_pool", "rms_norm", "global_response_norm", "multi_head_attention", "scaled_dot_product_attention"}
"""Layers of several kernels, which hold tensors between them."""
VIEWS = {
    "expand",
    "flatten",
    "reshape",
    "permute",
    "split",
    "slice",
    "channel_shuffle",
    "pixel_shuffle",
    "adaptive_avg_pool",
}


def on_meta(network: archspec.Network, batch: int) -> list[Any]:
    return [torch.empty(batch, *shape, device="meta") for shape in network.inputs.values()]


# Training


def kept_bytes(network: archspec.Network, batch: int) -> int:
    """The bytes of the storages that autograd keeps when the nodes run one by one, weights and buffers apart."""
    storages: dict[int, Any] = {}
    alive: list[Any] = []
    maxima: dict[str, Any] = {}

    def pack(tensor: Any) -> Any:
        storages[tensor.untyped_storage()._cdata] = tensor.untyped_storage()
        return tensor

    # Tensors without data that take the kernels of the CPU: the device `meta` has no fused attention.
    with FakeTensorMode(), torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        tensors = {name: torch.empty(batch, *shape) for name, shape in network.inputs.items()}
        for node in network:
            state = {
                name: torch.empty(shape) for name, shape in {**node.applied.weights, **node.applied.buffers}.items()
            }
            layer = build(node.op.torch(node.input_shapes), state).train()
            layer.requires_grad_(not network.is_frozen(node.path))
            operands = [tensors[origin] for origin in node.inputs]
            if isinstance(node.shape, Places):  # of a layer that gives maxima too
                maxima[node.path], output = layer(*operands)
            else:
                output = maxima.pop(node.inputs[-1], None)
                output = layer(*operands) if output is None else output
            shared = {tensor.untyped_storage()._cdata for tensor in operands}
            tensors[node.path] = output.clone() if output.untyped_storage()._cdata in shared else output
            alive += [layer, output]
    own = {t.untyped_storage()._cdata for each in alive[::2] for t in (*each.parameters(), *each.buffers())}
    return sum(storage.nbytes() for place, storage in storages.items() if place not in own)


def check_kept(network: archspec.Network) -> None:
    """As far as it grows with the batch. Of a dropout's mask, only a GPU keeps bytes; here they are floats."""
    claim = activation_memory(network).training
    gradients = differentiated(network)
    masks = [node for node in network if node.op.name == "dropout" and node.path in gradients]
    few, many = (kept_bytes(network, batch) for batch in (2, 4))
    assert claim is not None
    assert many - few == 2 * (claim + 3 * sum(node.op.saved_bytes(node.input_shapes, node.shape) for node in masks))


@pytest.mark.parametrize("path", SOME_SPECS, ids=lambda path: path.stem)
def test_a_network_keeps_for_training_what_autograd_keeps(path: Path) -> None:
    check_kept(archspec.compile(path))


@pytest.mark.filterwarnings("ignore")
def test_random_networks_keep_for_training_what_autograd_keeps() -> None:
    @settings(max_examples=EXAMPLES)
    @given(networks())
    def law(text: str) -> None:
        network = compiled(text)
        counted = any(getattr(node.op, "momentum", 0) is None for node in network)  # it asks a counter for its number
        # The device `meta` has no fused attention; what that keeps is in the law of the ops.
        assume(not counted and not any("attention" in node.op.name for node in network))
        check_kept(network)

    law()


ENET = """
archspec: 1
name: enet
inputs: {image: [3, 1024, 2048]}
graph:
  main: {op: conv, from: image, out_channels: 13, kernel_size: 3, stride: 2, padding: 1, bias: false}
  ext: {op: max_pool, from: image, kernel_size: 3, stride: 2, padding: 1}
  cat: {op: concat, from: [main, ext]}
  bn: batch_norm
  act: prelu
"""


def test_a_pool_of_the_image_keeps_no_indices() -> None:
    """The image, and what the normalisation and the activation take; batch statistics are not counted."""
    image, inside = 3 * 1024 * 2048, 16 * 512 * 1024
    assert activation_memory(archspec.compile_text(ENET)).training == 4 * (image + 2 * inside)


FROZEN = """
archspec: 1
name: frozen
inputs: {image: [4, 9, 9]}
graph:
  first: {op: conv, out_channels: 8, kernel_size: 3, padding: 1}
  bn: batch_norm
  trained: {op: conv, out_channels: 8, kernel_size: 3}
  act: prelu
  conv: {op: conv, out_channels: 8, kernel_size: 3}
  scale: layer_scale
  local: {op: local_conv, out_channels: 6, kernel_size: 3}
  flat: flatten
  fc: {op: linear, out_features: 5}
  norm: {op: layer_norm, normalized_shape: 5}
  last: {op: linear, out_features: 3}
freeze: PATTERNS
"""


@pytest.mark.parametrize(
    "patterns", ["[first, bn]", "[conv, scale, local, fc, norm]", '["**"]', "[last]", "[first, bn, trained, act, conv]"]
)
def test_frozen_weights_keep_and_compute_nothing_for_themselves(patterns: str) -> None:
    network = archspec.compile_text(FROZEN.replace("PATTERNS", patterns))
    check_kept(network)
    check_work(network)
    assert step_macs(network) < step_macs(archspec.compile_text(FROZEN.replace("freeze: PATTERNS", "")))


# Inference


class Trace(TorchDispatchMode):
    """The kernels of a run: the storages that each takes and gives."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[set[int], set[int]]] = []
        self.besides: list[set[int]] = []
        self.sizes: dict[int, int] = {}
        self.alive: list[Any] = []

    def storages(self, values: Any) -> set[int]:
        found = set()
        for value in torch.utils._pytree.tree_leaves(values):
            if isinstance(value, torch.Tensor):
                storage = value.untyped_storage()
                self.alive.append(value)
                self.sizes[storage._cdata] = storage.nbytes()
                found.add(storage._cdata)
        return found

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = function(*args, **(kwargs or {}))
        # Statistics which kernels give besides are no part of the figure, nor are indices that nothing takes.
        first, *others = given if isinstance(given, tuple) else (given,)
        self.steps.append((self.storages((args, kwargs)), self.storages(first)))
        self.besides.append(self.storages(others))
        return given

    def peak(self, first: set[int], last: set[int], own: set[int]) -> int:
        """The most bytes alive where a tensor dies after its last use."""
        final = {place: index for index, step in enumerate(self.steps) for place in step[0] | step[1]}
        live, peak = set(first), sum(self.sizes[place] for place in first)
        for index, (taken, made) in enumerate(self.steps):
            live |= (taken | made | (self.besides[index] & final.keys())) - own
            peak = max(peak, sum(self.sizes[place] for place in live))
            live -= {place for place in live if final.get(place, -1) <= index and place not in last}
        return peak


def peak_bytes(network: archspec.Network) -> int:
    """The peak of the kernels that the emitted source runs in evaluation."""
    module = archspec.build(network, device="meta").eval()
    images, trace = on_meta(network, 1), Trace()
    with torch.no_grad(), trace:
        given = outputs(network, module, images)
    own = trace.storages([*module.parameters(), *module.buffers()])
    return trace.peak(trace.storages(images), trace.storages(list(given.values())), own)


def is_plain(node: Node) -> bool:
    """Whether a node runs as one kernel that gives memory of its own."""
    padded = node.op.name == "conv" and node.op.pads_apart(node.input_shapes)
    pasted = "." not in node.op.torch(node.input_shapes).target
    folds = len(node.inputs) > 2 and node.op.name in ("add", "mul", "maximum", "minimum")
    lines = "pool" in node.op.name and len(node.input_shapes[0]) == 2
    statistics = not getattr(node.op, "track_running_stats", True)
    computed = getattr(node.op, "parametrize", None) is not None
    several = padded or pasted or folds or lines or statistics or computed
    return node.op.name not in PASSES | SEVERAL | VIEWS and not several


@pytest.mark.parametrize(("path", "variant"), SOME_VARIANTS, ids=lambda value: getattr(value, "stem", value))
def test_the_peak_of_inference_is_that_of_the_kernels(path: Path, variant: str | None) -> None:
    network = archspec.compile(path, variant=variant)
    claim, found = activation_memory(network).inference_peak, peak_bytes(network)
    if any(node.op.name in SEVERAL for node in network):
        assert claim <= found
    else:
        assert claim == found


@pytest.mark.filterwarnings("ignore")
def test_the_peak_of_random_networks_is_that_of_the_kernels() -> None:
    seen: Counter[bool] = Counter()

    @settings(max_examples=EXAMPLES)
    @given(networks())
    def law(text: str) -> None:
        network = compiled(text)
        plain = all(map(is_plain, network))
        seen[plain] += 1
        if plain:
            assert activation_memory(network).inference_peak == peak_bytes(network)

    law()
    assert seen[True] >= seen.total() / 20, "too few of the networks drawn run one kernel for each node"


def test_a_relu_that_overwrites_costs_no_memory() -> None:
    network = archspec.compile_text("""
archspec: 1
name: overwritten
inputs: {image: [3, 224, 224]}
graph:
  conv: {op: conv, out_channels: 64, kernel_size: 3, padding: 1}
  relu: relu
  pool: {op: max_pool, kernel_size: 2}
""")
    assert activation_memory(network).inference_peak == 16_056_320 == peak_bytes(network)


# Work


def computes_once(network: archspec.Network) -> bool:
    """Whether a node multiplies what no input goes into, such as the position bias of Swin v2.

    The source may compute that once for all samples; the figures are those of one sample, which has all of it.
    """
    alone: set[str] = set()
    for node in network:
        if alone.issuperset(node.operands):
            alone.add(node.path)
    return any(node.macs for node in network if node.path in alone)


def macs_of(network: archspec.Network) -> tuple[int, int]:
    """Multiply-accumulates of a step of training and of evaluation, for one sample, by PyTorch's counter."""
    batch = 1 if computes_once(network) else 2
    module, images = archspec.build(network, device="meta"), on_meta(network, batch)
    with torch.no_grad(), FlopCounterMode(display=False) as evaluation:
        # The counter asks for the gradient function of what modules take; a view of a parameter has none here.
        module.eval().requires_grad_(False)(*images)
    module, images = archspec.build(network, device="meta"), on_meta(network, batch)
    with FlopCounterMode(display=False) as training:
        total = sum(output.sum() for output in outputs(network, module.train(), images).values())
        if isinstance(total, torch.Tensor) and total.requires_grad:
            total.backward()
    return training.get_total_flops() // (2 * batch), evaluation.get_total_flops() // (2 * batch)


def counted_more(network: archspec.Network) -> int:
    """What PyTorch's counter has too much: it counts the weight gradient of a convolution for each of its groups."""
    grouped = [node for node in network if node.op.name in ("conv", "conv_transpose") and trains(network, node)]
    return sum((node.op.groups - 1) * (node.macs or 0) for node in grouped)


def check_work(network: archspec.Network) -> None:
    assert macs_of(network) == (step_macs(network) + counted_more(network), network.macs)


@pytest.mark.parametrize(("path", "variant"), SOME_VARIANTS, ids=lambda value: getattr(value, "stem", value))
def test_the_work_of_a_step_is_what_pytorch_counts(path: Path, variant: str | None) -> None:
    check_work(archspec.compile(path, variant=variant))


@pytest.mark.filterwarnings("ignore")
def test_the_work_of_a_step_of_random_networks_is_what_pytorch_counts() -> None:
    @settings(max_examples=EXAMPLES)
    @given(networks())
    def law(text: str) -> None:
        network = compiled(text)
        counted = any(getattr(node.op, "momentum", 0) is None for node in network)  # it asks a counter for its number
        if differentiated(network) and not counted:
            check_work(network)

    law()
