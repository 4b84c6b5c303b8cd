"""Normalisation by the norms of channels or of places nearby."""

from math import prod

from archspec.errors import ShapeError
from archspec.ops.arguments import Index, Indices, Positive, Real
from archspec.ops.checks import check_axes
from archspec.ops.facts import Along, Cost, Function, Kept, Module, Operand, Reach, Taps, Window
from archspec.ops.norm.affine import scaled
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements, show


class GlobalResponseNorm(Op, name="global_response_norm"):
    """Global response normalisation: each channel, scaled by its norm over the mean norm of all, is added to itself.

    ``x + weight * x * n + bias``, where ``n`` is the channel's norm over all places, divided by the mean of the
    channels' norms. Weight and bias have a number for each channel, and begin at zero. Costs 6 operations an element
    (square, sum, two products, two sums), and 3 for each channel (root, sum, quotient). For the backward pass it keeps
    the input, the product of it with ``n``, ``n``, the norms and their mean.
    Source: Woo et al. 2023 (ConvNeXt V2, arXiv:2301.00808, algorithm 1); the tensors of timm's GlobalResponseNorm.

    Args:
        dim: The dimension of the channels; the others are places.
        eps: Added to the mean norm.
    """

    dim: Index = 1
    eps: Real = 1e-6

    example = "{op: global_response_norm}"
    inferred = ("channels",)
    fresh = True
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        if len(inputs[0]) < 2:
            message = f"{self.name} needs a dimension of places, the input is {show(inputs[0])}"
            raise ShapeError(message, help="move it before the flatten")
        self._channels(inputs)
        return inputs[0]

    def _channels(self, inputs: Shapes) -> int:
        (index,) = check_axes(self.name, (self.dim,), inputs[0])
        return inputs[0][index]

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        return scaled((self._channels(inputs),), True)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=6 * elements(output) + 3 * self._channels(inputs))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 4 * (elements(output) + 2 * self._channels(inputs) + 1)

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept | None:
        """For the gradient of its weight alone, the product of the input with ``n``."""
        return super().keeps(inputs, output, gradients) if any(gradients) else Kept(besides=4 * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1, tuple(range(len(output))))

    def torch(self, inputs: Shapes) -> Module:
        return Module("GlobalResponseNorm", (self._channels(inputs),), self.changed())


class LocalResponseNorm(Op, name="local_response_norm"):
    """Local response normalisation over neighbouring channels, ``x / (k + alpha * mean(x^2))^beta``.

    Costs ``size + 5`` operations an element: the square, the mean of `size` squares, product, sum, power and
    quotient. PyTorch takes the mean of the squares, as Caffe and ONNX do; AlexNet's paper and TensorFlow take their
    sum: their `alpha` times `size` is that of here. For the backward pass it keeps the input, the squares with
    ``size - 1`` channels of padding, and the denominator before and after the power.
    Source: torch.nn.LocalResponseNorm (Krizhevsky et al. 2012, section 3.3).

    Args:
        size: Number of neighbouring channels.
        alpha: Factor of the mean.
        beta: Exponent.
        k: Added to the mean.
    """

    size: Positive
    alpha: Real = 1e-4
    beta: Real = 0.75
    k: Real = 1.0

    functions = ("local_response_norm(input, size, alpha, beta, k)",)
    example = "{op: local_response_norm, size: 5}"
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        if len(inputs[0]) < 2:
            raise ShapeError(
                f"local_response_norm needs a spatial dimension, the input is {show(inputs[0])}",
                help="move it before the flatten",
            )
        return inputs[0]

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=(self.size + 5) * elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 4 * (3 * elements(output) + (self.size - 1) * prod(output[1:]))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        near = range(-(self.size // 2), (self.size - 1) // 2 + 1)
        return ((Along(0, Taps(1, 1, (near,))), *map(Along.same, range(1, len(output)))),)

    def torch(self, inputs: Shapes) -> Module:
        layer = "LocalResponseNorm3d" if len(inputs[0]) == 4 else "nn.LocalResponseNorm"
        return Module(layer, (), self.changed())


class Normalize(Op, name="normalize"):
    """Division by the p-norm along a dimension, so that it becomes 1.

    Costs 3 operations an element (power, addition, quotient), and 2 for each norm (root, comparison with `eps`).
    Source: torch.nn.functional.normalize.

    Args:
        p: The exponent of the norm.
        dim: The dimension, or a list of them, along which the norm is taken; 1 for the channels.
        eps: The least number that is divided by.
    """

    p: Real = 2.0
    dim: Indices = (1,)
    eps: Real = 1e-12

    functions = ("normalize(input, p, dim, eps, out)",)
    example = "{op: normalize, dim: 1}"
    fresh = True
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        check_axes(self.name, self.dim, inputs[0])
        return inputs[0]

    def _norms(self, shape: Shape) -> int:
        axes = check_axes(self.name, self.dim, shape)
        return elements(tuple(size for index, size in enumerate(shape) if index not in axes))

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=3 * elements(output) + 2 * self._norms(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        """The norms, and what they became by the comparison with `eps`."""
        return 8 * self._norms(output)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        axes = check_axes(self.name, self.dim, output)
        return (tuple(Along.every(size) if at in axes else Along.same(at) for at, size in enumerate(output)),)

    def torch(self, inputs: Shapes) -> Function:
        """Along several dimensions written out: TorchScript's ``F.normalize`` takes only one."""
        if len(self.dim) == 1:
            return Function("F.normalize", (Operand(0),), self.changed())
        norms = Function("torch.linalg.vector_norm", (Operand(0), self.p), {"dim": self.dim, "keepdim": True})
        return Function("torch.div", (Operand(0), Function("torch.clamp", (norms,), {"min": self.eps})))
