"""Layers that compile and do something else than their author thinks."""

from __future__ import annotations

from archspec.compiler.trace import Trace
from archspec.errors import Change, Help
from archspec.network import Applied, Network, Node
from archspec.ops.tensor import elements, show

OF_MAPS = frozenset(
    """
    adaptive_avg_pool adaptive_max_pool avg_pool batch_norm blur_pool channel_shuffle conv conv_transpose dropout2d fold
    global_avg_pool global_max_pool group_norm instance_norm local_conv local_response_norm lp_pool max_pool max_unpool
    pixel_shuffle pixel_unshuffle upsample
    """.split()
)
"""Ops whose first dimension is the channels."""

POINTWISE = frozenset(
    """
    abs add clamp concat cos div dropout elu exp expand flip gelu global_response_norm hardsigmoid hardswish hardtanh
    identity layer_scale leaky_relu log maximum minimum mish mul neg normalize pow prelu relu relu6 roll rsqrt
    sigmoid sign silu sin softplus sqrt stochastic_depth sub tanh
    """.split()
)
"""Ops that leave the dimensions where they are, whatever they mean."""

CLASSIFYING = frozenset(
    """
    dropout elu gelu hardsigmoid hardswish hardtanh identity leaky_relu linear log_softmax mish relu relu6 sigmoid silu
    softmax softplus tanh
    """.split()
)
"""Ops of which the end of a classifier is made."""


def can_be_odd(applied: Applied) -> bool:
    """Whether an op is one of those that are looked at."""
    return applied.op.name == "linear" or (applied.op.name == "concat" and len(applied.input_shapes) == 1)


class Layers:
    """What is odd of single ops where they stand."""

    def __init__(self, network: Network, trace: Trace) -> None:
        self.network = network
        self.trace = trace
        self._maps: dict[str, bool] = {}
        self._takers: dict[str, list[Node]] | None = None

    def look(self, node: Node) -> None:
        """Look at one op that can be odd."""
        if node.op.name == "linear":
            self._missing_flatten(node)
        else:
            message = f"`{node.name}` concatenates one operand, and so passes it on"
            help = Help.removal("name the others in `from:`, or remove it")
            self.trace.report("single-operand", message, node.step.key, path=node.path, help=help)

    def _missing_flatten(self, node: Node) -> None:
        """A fully connected layer on a map of channels: it reads rows, not the whole map."""
        (shape,) = node.input_shapes
        if len(shape) < 2 or not self._is_map(node.inputs[0]) or not self._ends(node):
            return
        message = f"`{node.name}` reads only the last dimension of {show(shape)}, which is a map of channels"
        label = f"its output is {show(node.shape)}"
        help = f"add `flat: flatten` above it, for {elements(shape):,} features"
        help = Help(help, Change("insert", "flat: flatten"))
        self.trace.report("missing-flatten", message, node.step.key, path=node.path, label=label, help=help)

    def _is_map(self, path: str) -> bool:
        """Whether a tensor has its channels first and places after them, as what convolves and pools gives."""
        passed = []
        while path not in self._maps:
            passed.append(path)
            above = None if path in self.network.inputs else self.network[path]
            if isinstance(above, Node) and above.op.name in POINTWISE:
                path = above.inputs[0]
                continue
            self._maps[path] = above.op.name in OF_MAPS if isinstance(above, Node) else self._is_picture(path)
        self._maps.update(dict.fromkeys(passed, self._maps[path]))
        return self._maps[path]

    def _is_picture(self, name: str) -> bool:
        shape = self.network.inputs[name]
        return len(shape) == 3 and shape[0] in (1, 3, 4) and shape[1] == shape[2]

    def _ends(self, node: Node) -> bool:
        """Whether only layers of a classifier follow: one that reads rows on purpose is followed by others."""
        if self._takers is None:
            self._takers = {}
            for each in self.network:
                for path in each.inputs:
                    self._takers.setdefault(path, []).append(each)
        while takers := self._takers.get(node.path, []):
            if len(takers) > 1 or takers[0].op.name not in CLASSIFYING:
                return False
            (node,) = takers
        return True
