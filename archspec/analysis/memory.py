"""Activation memory: the tensors alive at once in inference, and those that autograd keeps in training."""

from __future__ import annotations

from archspec.analysis.overwriting import Overwriting
from archspec.analysis.training import differentiated, trains
from archspec.network import ActivationMemory, Network, kept
from archspec.ops.tensor import size_in_bytes

DTYPE_BYTES = {"float32": 4, "float64": 8, "float16": 2, "bfloat16": 2}


def activation_memory(network: Network, *, dtype: str = "float32", batch: int = 1) -> ActivationMemory:
    """The activation memory of a network.

    Raises:
        KeyError: ``dtype`` is none of `DTYPE_BYTES`.
    """
    item = DTYPE_BYTES[dtype]
    peak, node, saved = _usual(network) if item == DTYPE_BYTES["float32"] else _of_sample(network, item)
    return ActivationMemory(dtype, batch, peak * batch, node, None if saved is None else saved * batch)


def _of_sample(network: Network, item: int) -> tuple[int, str, int | None]:
    """The peak in bytes, the node at which it is reached, and what autograd keeps."""
    return *_peak(network, item), _saved(network, item)


@kept
def _usual(network: Network) -> tuple[int, str, int | None]:
    """The same for float32, which several are asked for."""
    return _of_sample(network, DTYPE_BYTES["float32"])


def _peak(network: Network, item: int) -> tuple[int, str]:
    """The peak in bytes of one sample, and the node at which it is reached."""
    overwriting = Overwriting(network)
    nodes = [node for node in network if not network.is_training_only(node.path)]
    sizes = {name: size_in_bytes(shape, item) for name, shape in network.inputs.items()}
    last_use = {path: index for index, node in enumerate(nodes) for path in node.operands}
    ends = {output.path for output in network.outputs.values()}
    live = sum(sizes.values())
    peak, peak_node = live, ""
    for index, node in enumerate(nodes):
        dead = {path for path in node.operands if last_use[path] == index and path not in ends}
        if node.path not in last_use and node.path not in ends:  # only what calls it again is needed
            dead.add(node.path)
        if overwriting.holds(node.step):
            dead.remove(node.inputs[0])
            sizes[node.path] = sizes[node.inputs[0]]
        else:
            held = node.op.takes_nothing  # a parameter or a buffer of the module, as weights are
            sizes[node.path] = 0 if held else size_in_bytes(node.shape, item)
            live += sizes[node.path]
        if live > peak:
            peak, peak_node = live, node.path
        live -= sum(sizes[path] for path in dead)
    return peak, peak_node


def _saved(network: Network, item: int) -> int | None:
    """Bytes that autograd keeps of one sample."""
    gradients = differentiated(network)
    shapes = dict(network.inputs) | {node.path: node.shape for node in network}
    held: set[str] = set()
    besides = 0
    for node in network:
        if node.path not in gradients or (node.op.saved_for_weights and not trains(network, node)):
            continue
        found = node.op.keeps(node.input_shapes, node.shape, tuple([origin in gradients for origin in node.inputs]))
        if found is None:
            return None
        held.update(node.inputs[number] for number in found.operands)
        held.update([node.path] if found.output else ())
        besides += found.besides
    return sum(size_in_bytes(shapes[path], item) for path in held) + besides
