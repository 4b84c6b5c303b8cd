"""Attention: sums of values, weighted by how well a query fits their keys."""

from math import prod

from archspec.errors import ArgumentError, ShapeError
from archspec.ops.arguments import Positive, Probability, Real
from archspec.ops.checks import divisors_near
from archspec.ops.facts import MOST_PERIOD, Along, Cost, Function, Kept, Module, Operand, Reach, Saved, Taps
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, broadcast, elements, show

_WEIGHTS = 6
"""Operations for each score: the scale, and the five of its softmax."""


class ScaledDotProductAttention(Op, name="scaled_dot_product_attention"):
    """Attention, ``softmax(scale * q k^T + mask) v``: sums of values, weighted by how well a query fits their keys.

    Operands are queries ``(…, L, E)``, keys ``(…, S, E)`` and values ``(…, S, V)``; a fourth is added to the scores
    ``(…, L, S)``, to which it broadcasts. Costs ``L * S * E`` and ``L * S * V`` multiply-accumulates for each place of
    the dimensions before, and 6 operations for each score, 7 with a mask; what `is_causal` hides is counted. For the
    backward pass it keeps operands, output and a number for each query; where PyTorch has no fused kernel (a mask that
    needs a gradient, values of another size than the keys, other than three dimensions) the scaled queries and keys,
    the values and the weights; with dropout that is not known there. Fused kernels, of CUDA, keep no more for it.
    Source: torch.nn.functional.scaled_dot_product_attention (Vaswani et al. 2017, section 3.2.1).

    Args:
        dropout_p: Probability that a weight is zeroed in training.
        is_causal: Whether a query sees only the keys up to its own place; with three operands.
        scale: Factor of the scores, not below 0; where left out, one over the root of the keys' size.
    """

    dropout_p: Probability = 0.0
    is_causal: bool = False
    scale: Real | None = None

    example = "{op: scaled_dot_product_attention, from: [queries, keys, values]}"
    example_inputs = ((4, 16, 8), (4, 16, 8), (4, 16, 8))
    arity = (3, 4)

    def _scores(self, inputs: Shapes) -> Shape:
        """The shape of the scores."""
        queries, keys = inputs[:2]
        outer = broadcast((queries[:-2], keys[:-2]))
        assert outer is not None
        return (*outer, queries[-2], keys[-2])

    def infer(self, inputs: Shapes) -> Shape:
        queries, keys, values, *masks = inputs
        if len({len(shape) for shape in inputs}) != 1 or len(queries) < 2:
            message = f"{self.name} needs operands of one rank, at least 2, these are {', '.join(map(show, inputs))}"
            raise ShapeError(message, help="reshape them to `[heads, places, size]`")
        if queries[-1] != keys[-1]:
            message = f"queries of {queries[-1]} numbers do not fit keys of {keys[-1]}"
            raise ShapeError(message, help="bring them to one size first, with a `linear`")
        if keys[-2] != values[-2]:
            raise ShapeError(f"there are {keys[-2]} keys and {values[-2]} values", help="each value has one key")
        if broadcast((queries[:-2], keys[:-2], values[:-2])) is None:
            raise ShapeError(
                f"the dimensions before the last two do not match: {', '.join(map(show, inputs[:3]))}",
                help="sizes agree, or one is 1",
            )
        if self.scale is not None and self.scale < 0:
            message = f"PyTorch takes the root of the scale, and there is none of {self.scale:g}"
            help = f"write {-self.scale:g}, and a `neg` of the queries above"
            raise ArgumentError("scale", message, help=help)
        scores = self._scores(inputs)
        for mask in masks:
            self._check_mask(mask, scores)
        outer = broadcast((scores[:-2], values[:-2])) or ()
        return (*outer, queries[-2], values[-1])

    def _check_mask(self, mask: Shape, scores: Shape) -> None:
        if broadcast((mask, scores)) != scores:
            raise ShapeError(
                f"a mask of {show(mask)} does not fit scores of {show(scores)}", help="sizes agree, or the mask's is 1"
            )
        if self.is_causal:
            message = "`is_causal` is a mask of its own"
            raise ArgumentError("is_causal", message, help="leave it out, or the fourth operand")

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        scores, values = self._scores(inputs), elements(output) * inputs[1][-2]
        each = _WEIGHTS + (len(inputs) > 3)
        return Cost(macs=elements(scores) * inputs[0][-1] + values, other=each * elements(scores))

    def gradient_macs(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...], *, trained: bool) -> int:
        """Of two products, each with the gradients of its factors."""
        scores, values = elements(self._scores(inputs)) * inputs[0][-1], elements(output) * inputs[1][-2]
        weighs = gradients[0] or gradients[1] or any(gradients[3:])
        return scores * (gradients[0] + gradients[1]) + values * (gradients[2] + weighs)

    def _is_fused(self, inputs: Shapes, gradients: tuple[bool, ...]) -> bool:
        """Whether PyTorch has a kernel for it."""
        queries, keys, values, *_ = inputs
        alike = queries[:-2] == keys[:-2] == values[:-2] and keys[-1] == values[-1]
        return len(queries) == 3 and alike and not any(gradients[3:])

    def kept(self, inputs: Shapes, output: Shape) -> Saved | None:
        if self._is_fused(inputs, (True,) * len(inputs)):
            return ("input", "output")
        return None if self.dropout_p else ()

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        found = self.keeps(inputs, output, (True,) * len(inputs))
        if found is None:
            return 0
        whole = () if self.kept(inputs, output) else found.operands
        return found.besides + 4 * sum(elements(inputs[number]) for number in whole)

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept | None:
        """A factor of a product is kept for the gradient of the other, one that broadcasts as a copy."""
        if self._is_fused(inputs, gradients):
            return Kept(tuple(range(len(inputs))), True, 4 * prod(output[:-1]))
        if self.dropout_p:
            return None
        queries, keys, values, *_ = inputs
        scores = self._scores(inputs)
        weighs = gradients[0] or gradients[1] or any(gradients[3:])
        besides = gradients[0] * _copied(keys, scores) + gradients[1] * _copied(queries, scores)
        besides += weighs * elements(scores)
        repeated = _copied(scores, output) > elements(scores)
        if gradients[2] and (repeated or not weighs):
            besides += _copied(scores, output)
        if weighs and _copied(values, output) > elements(values):
            return Kept((), False, 4 * (besides + _copied(values, output)))
        return Kept((2,) if weighs else (), False, 4 * besides)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        """A query's place reads all keys and values, or those up to it."""
        queries, keys, _, *masks = inputs
        row = len(output) - 2
        seen = Along.every(keys[-2])
        if self.is_causal:
            if queries[-2] > MOST_PERIOD:
                return "unknown"
            seen = _up_to_own(row, queries[-2], keys[-2])
        outer = [tuple(_outer(dim, shape, output) for dim in range(row)) for shape in inputs]
        reads = [
            (*outer[0], Along.same(row), Along.every(queries[-1])),
            (*outer[1], seen, Along.every(keys[-1])),
            (*outer[2], seen, Along.same(row + 1)),
        ]
        reads += [(*outer[3], _outer(row, mask, output), Along.every(mask[-1])) for mask in masks]
        return tuple(reads)

    def torch(self, inputs: Shapes) -> Module | Function:
        """The function; with dropout a layer, which knows whether it trains."""
        if self.dropout_p:
            return Module("ScaledDotProductAttention", (), self.changed())
        return Function("F.scaled_dot_product_attention", tuple(map(Operand, range(len(inputs)))), self.changed())


class MultiHeadAttention(Op, name="multi_head_attention"):
    """Attention of several heads between projections of queries, keys and values.

    Operands are ``(L, embed_dim)``, of which it is self-attention; with a second one ``(S, kdim)`` that gives keys and
    values; or with one for each, the values ``(S, vdim)``. A fourth is the padding mask of the keys, ``(S,)``, which is
    added to the scores of every query: 0 for a key that is there, minus infinity for one that is padding. The output
    has the first one's shape. Tensors are named as in torch.nn.MultiheadAttention: `in_proj_weight`, or
    `q_proj_weight`, `k_proj_weight` and `v_proj_weight` where sizes differ, `in_proj_bias`, `out_proj.weight` and
    `out_proj.bias`.
    Costs the four projections and ``2 * L * S * embed_dim`` multiply-accumulates, also of places that `is_causal`
    hides; 6 operations for each score of each head, 7 with a padding mask, and an addition for each bias. For the
    backward pass it keeps the operands, queries, keys and values, what the heads give, and a number for each query of
    each head; for dropout no more, as CUDA's kernels do; and of a padding mask what
    `scaled_dot_product_attention` does.
    Source: torch.nn.MultiheadAttention with ``batch_first=True`` and ``need_weights=False``, and `key_padding_mask`
    (Vaswani et al. 2017, section 3.2.2).

    Args:
        num_heads: Number of heads, between which the queries' size is divided.
        dropout: Probability that a weight is zeroed in training.
        bias: Whether to add a learned number to each output of the projections.
        is_causal: Whether a query sees only the keys up to its own place.
    """

    num_heads: Positive
    dropout: Probability = 0.0
    bias: bool = True
    is_causal: bool = False

    example = "{op: multi_head_attention, num_heads: 4}"
    inferred = ("embed_dim", "kdim", "vdim")
    example_inputs = ((16, 32),)
    arity = (1, 4)
    fresh = True
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        if any(len(shape) != 2 for shape in inputs[:3]):
            message = f"{self.name} needs operands `[places, features]`, these are {', '.join(map(show, inputs))}"
            raise ShapeError(message, help="of a map, flatten the places and permute the channels to the end")
        queries, keys, values = _three(inputs)
        if keys[0] != values[0]:
            raise ShapeError(f"there are {keys[0]} keys and {values[0]} values", help="each value has one key")
        for mask in inputs[3:]:
            if mask != keys[:1]:
                message = f"a padding mask of {show(mask)} does not fit {keys[0]} keys"
                raise ShapeError(message, help=f"its shape is `[{keys[0]}]`, a number for each key")
        if queries[1] % self.num_heads:
            raise ArgumentError(
                "num_heads",
                f"{self.num_heads} heads do not divide the {queries[1]} features",
                help=f"{divisors_near(self.num_heads, queries[1])} divides them",
            )
        return queries

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        size, keys, values = (shape[1] for shape in _three(inputs))
        if size == keys == values:
            found: dict[str, Shape] = {"in_proj_weight": (3 * size, size)}
        else:
            found = {f"{name}_proj_weight": (size, of) for name, of in zip("qkv", (size, keys, values), strict=True)}
        found["out_proj.weight"] = (size, size)
        return found | ({"in_proj_bias": (3 * size,), "out_proj.bias": (size,)} if self.bias else {})

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        queries, keys, values = _three(inputs)
        places, size = queries
        projections = size * (elements(queries) + elements(keys) + elements(values) + elements(output))
        biases = size * (places + keys[0] + values[0] + places)
        scores = places * keys[0]
        other = self.bias * biases + (_WEIGHTS + len(inputs[3:])) * self.num_heads * scores
        return Cost(macs=projections + 2 * scores * size, other=other)

    def gradient_macs(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...], *, trained: bool) -> int:
        """Those of the projections, and of the attention between them."""
        size, three = output[1], _three(inputs)
        needed = (*gradients[:3], *gradients[-1:] * (3 - len(gradients)))
        if not trained and not any(gradients):
            return 0
        own = size * (elements(output) + sum(map(elements, three)))
        operands = sum(elements(shape) for shape, wanted in zip(three, needed, strict=True) if wanted)
        attention, shapes, heads = self._attention(inputs)
        projected = tuple(trained or wanted for wanted in needed)
        between = attention.gradient_macs(shapes, heads, (*projected, *gradients[3:]), trained=False)
        return trained * own + size * (elements(output) + operands) + between

    def _attention(self, inputs: Shapes) -> tuple[ScaledDotProductAttention, Shapes, Shape]:
        """The attention between the projections, the shapes of what it takes, and that of what it gives."""
        queries, keys, _ = _three(inputs)
        each = queries[1] // self.num_heads
        q, k = (self.num_heads, queries[0], each), (self.num_heads, keys[0], each)
        mask = (1, queries[0] if self.is_causal else 1, keys[0])
        return ScaledDotProductAttention(dropout_p=self.dropout), (q, k, k, *(mask for _ in inputs[3:])), q

    def kept(self, inputs: Shapes, output: Shape) -> Saved | None:
        if len(inputs) < 4:
            return ("input",)
        return None if self.dropout else ()

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        found = self.keeps(inputs, output, (True,) * len(inputs))
        if found is None:
            return 0
        whole = () if self.kept(inputs, output) else found.operands
        return found.besides + 4 * sum(elements(inputs[number]) for number in whole)

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept | None:
        """What the attention between the projections keeps, what they take, and what the heads give."""
        attention, (queries, keys, values, *masks), heads = self._attention(inputs)
        if not any(gradients[3:]):
            joined = self.is_causal and bool(masks)  # a mask for both
            besides = sum(map(elements, (queries, keys, values, heads))) + prod(heads[:-1])
            besides += elements(masks[0]) if joined else 0
            return Kept(tuple(range(len(inputs) - joined)), False, 4 * besides)
        found = attention.keeps((queries, keys, values, *masks), heads, (True,) * 4)
        if found is None:
            return None
        return Kept((0, 1, 2), False, found.besides + 4 * (len(found.operands) * elements(values) + elements(heads)))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        """A query's place reads its own, and all keys and values or those up to it."""
        keys = _three(inputs)[1]
        seen = Along.every(keys[0])
        if self.is_causal:
            if output[0] > MOST_PERIOD:
                return "unknown"
            seen = _up_to_own(0, output[0], keys[0])
        others = tuple((seen, *map(Along.every, shape[1:])) for shape in inputs[1:])
        return ((Along.same(0) if others else seen, Along.every(output[1])), *others)

    def torch(self, inputs: Shapes) -> Module:
        """``MultiheadAttention(embed_dim, num_heads=…, …)``, which gives its output alone."""
        sizes = [shape[1] for shape in _three(inputs)]
        apart = {key: size for key, size in zip(("kdim", "vdim"), sizes[1:], strict=True) if size != sizes[0]}
        return Module("MultiheadAttention", (sizes[0],), self.changed() | apart)


def _three(inputs: Shapes) -> Shapes:
    """The shapes of queries, keys and values, of which the last ones may be left out."""
    return (*inputs[:3], *inputs[-1:] * (3 - len(inputs)))


def _up_to_own(row: int, queries: int, keys: int) -> Along:
    """How places of the keys are read, of which each query's sees those up to its own."""
    return Along(row, Taps(queries, 0, tuple(range(min(place + 1, keys)) for place in range(queries))))


def _copied(operand: Shape, product: Shape) -> int:
    """The elements of a factor, as often as a product of matrices repeats it."""
    return prod(product[:-2]) * prod(operand[-2:])


def _outer(dim: int, shape: Shape, output: Shape) -> Along:
    """How a dimension before the matrices is read, which broadcasts."""
    return Along.every(1) if shape[dim] < output[dim] else Along.same(dim)
