"""Normalisation of a sample along its last dimensions, or another."""

from math import prod

from archspec.errors import ArgumentError, ShapeError
from archspec.ops.arguments import Index, Indices, Real
from archspec.ops.checks import check_axes
from archspec.ops.facts import Cost, Kept, Module, Reach, Window
from archspec.ops.norm.affine import NORMALISE, scaled
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements, show


def _check_end(name: str, last: Shape, shape: Shape) -> None:
    """Refuse a normalised shape that the input's does not end with.

    Raises:
        ShapeError: There is no dimension besides the batch.
        ArgumentError: The input's shape ends otherwise, or none of its dimensions is named.
    """
    if not shape:
        raise ShapeError(f"{name} needs a dimension besides the batch", help="reshape to [1] first")
    if not last or shape[-len(last) :] != last:
        raise ArgumentError(
            "normalized_shape",
            f"{show(last)} is not the end of the input's shape {show(shape)}",
            help=f"use [{shape[-1]}], or leave it out to normalise the last dimension",
        )


class LayerNorm(Op, name="layer_norm"):
    """Layer normalisation: mean 0 and variance 1 over the last dimensions, or over one.

    Costs 5 operations an element, one more for the scale and one for the shift. For the backward pass it keeps the
    input, and a mean and a deviation for each normalised slice.
    Source: torch.nn.LayerNorm; with ``dim: 1``, LayerNorm2d of torchvision and timm.

    Args:
        normalized_shape: The sizes of the last dimensions, over which to normalise; where left out, of the last one.
        eps: Added to the variance.
        elementwise_affine: Whether to learn a scale and a shift for each element of the normalised shape.
        bias: Whether to learn the shift.
        dim: The one dimension to normalise over, in the place of `normalized_shape`; 1 for the channels of a map.
    """

    normalized_shape: Indices | None = None
    eps: Real = 1e-5
    elementwise_affine: bool = True
    bias: bool = True
    dim: Index | None = None

    example = "{op: layer_norm}"
    example_inputs = ((16, 32),)
    fresh = True
    saved = ("input",)

    def _axes(self, shape: Shape) -> tuple[int, ...]:
        """The indices into the shape of the dimensions that are normalised."""
        if self.dim is not None:
            return tuple(check_axes(self.name, (self.dim,), shape))
        return tuple(range(len(shape)))[-len(self.normalized_shape or (1,)) :]

    def _normalised(self, shape: Shape) -> Shape:
        if self.dim is not None or self.normalized_shape is None:
            return tuple(shape[index] for index in self._axes(shape))
        return self.normalized_shape

    def infer(self, inputs: Shapes) -> Shape:
        shape = inputs[0]
        if self.dim is not None and self.normalized_shape is not None:
            message = "`normalized_shape` names the last dimensions, and `dim` one"
            raise ArgumentError("dim", message, help="leave out one of the two")
        if self.dim is None:
            _check_end(self.name, self._normalised(shape), shape)
        else:
            check_axes(self.name, (self.dim,), shape)
        return shape

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        return scaled(self._normalised(inputs[0]), self.elementwise_affine, self.bias)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=(NORMALISE + len(self.weights(inputs))) * elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 2 * 4 * elements(output) // prod(self._normalised(inputs[0]))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1, self._axes(output))

    def torch(self, inputs: Shapes) -> Module:
        """``LayerNormAlong(size, dim=…, …)``; PyTorch's layer over the last dimensions."""
        last, axes = self._normalised(inputs[0]), self._axes(inputs[0])
        shape = last[0] if len(last) == 1 else last
        arguments = self.changed("eps", "elementwise_affine", "bias")
        if axes[-1] < len(inputs[0]) - 1:
            return Module("LayerNormAlong", (shape,), {"dim": self.dim} | arguments)
        return Module("nn.LayerNorm", (shape,), arguments)


class RmsNorm(Op, name="rms_norm"):
    """Division by the root of the mean square over the last dimensions.

    Costs 3 operations an element (square, sum, product), and one more for the scale. For the backward pass it keeps the
    input, a number for each normalised slice, and with the scale what is scaled.
    Source: torch.nn.RMSNorm (Zhang and Sennrich 2019, arXiv:1910.07467).

    Args:
        normalized_shape: The sizes of the last dimensions, over which to normalise; where left out, of the last one.
        eps: Added to the mean square; where left out, the smallest step from 1 that the numbers' type has.
        elementwise_affine: Whether to learn a scale for each element of the normalised shape.
    """

    normalized_shape: Indices | None = None
    eps: Real | None = None
    elementwise_affine: bool = True

    example = "{op: rms_norm}"
    example_inputs = ((16, 32),)
    fresh = True
    saved = ("input",)

    def _normalised(self, shape: Shape) -> Shape:
        return shape[-1:] if self.normalized_shape is None else self.normalized_shape

    def infer(self, inputs: Shapes) -> Shape:
        _check_end(self.name, self._normalised(inputs[0]), inputs[0])
        return inputs[0]

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        return scaled(self._normalised(inputs[0]), self.elementwise_affine, bias=False)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=(3 + self.elementwise_affine) * elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        slices = elements(output) // prod(self._normalised(inputs[0]))
        return 4 * (slices + self.elementwise_affine * elements(output))

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept | None:
        """For the gradient of its weight alone, the normalised input."""
        return super().keeps(inputs, output, gradients) if any(gradients) else Kept(besides=4 * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        statistics = tuple(range(len(output)))[-len(self._normalised(output)) :]
        return Window.pointwise(len(output) - 1, statistics)

    def torch(self, inputs: Shapes) -> Module:
        last = self._normalised(inputs[0])
        shape = last[0] if len(last) == 1 else last
        return Module("nn.RMSNorm", (shape,), self.changed("eps", "elementwise_affine"))
