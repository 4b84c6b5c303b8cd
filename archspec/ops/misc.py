"""Ops of no family."""

from archspec.errors import ArgumentError, ShapeError
from archspec.ops.arguments import Index, Indices, Real
from archspec.ops.facts import Along, Cost, Function, Module, Operand, Reach, Window
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, axis, elements, show


class Identity(Op, name="identity"):
    """Passes its input on.

    Costs nothing.
    Source: torch.nn.Identity.
    """

    example = "{op: identity}"
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        return inputs[0]

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1)

    def torch(self, inputs: Shapes) -> Module:
        return Module("nn.Identity")


class LayerScale(Op, name="layer_scale"):
    """A learned factor for each channel, small at first, at the end of a residual branch.

    The weight has the size of `dim`, and size 1 for each dimension after it. Costs a multiplication an element.
    Source: Touvron et al. 2021 (arXiv:2103.17239, section 2); torchvision's ConvNeXt.

    Args:
        init_value: The factors before training.
        dim: The dimension whose places have a factor each; 1 for the channels.
    """

    init_value: Real = 1e-6
    dim: Index = 1

    example = "{op: layer_scale}"
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        if axis(self.dim, len(inputs[0])) is None:
            raise ArgumentError(
                "dim",
                f"dim {self.dim} is the batch or no dimension of {show(inputs[0])}",
                help="use 1 for the channels, -1 for the last dimension",
            )
        return inputs[0]

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        index = axis(self.dim, len(inputs[0])) or 0
        size, *after = inputs[0][index:]
        return {"weight": (size, *(1 for _ in after))}

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1)

    def torch(self, inputs: Shapes) -> Module:
        """``LayerScale(shape, init_value)``, with the shape of the weight."""
        return Module("LayerScale", (self.weights(inputs)["weight"],), self.changed("init_value"))


class Mean(Op, name="mean"):
    """The mean over one or several dimensions.

    Costs an operation for each element of the input (additions, one quotient a mean).
    Source: torch.mean.

    Args:
        dim: The dimension, or a list of them; 1 for the channels.
        keepdim: Whether these dimensions stay, with size 1.
    """

    dim: Indices
    keepdim: bool = False

    example = "{op: mean, dim: [2, 3]}"
    saved = ()

    def _axes(self, shape: Shape) -> set[int]:
        """The indices into the shape of the dimensions that are averaged."""
        axes = {axis(dim, len(shape)) for dim in self.dim}
        if None in axes or len(axes) < len(self.dim) or not axes:
            raise ArgumentError(
                "dim",
                f"{list(self.dim)} are not different dimensions of {show(shape)} besides the batch",
                help=f"use numbers from 1 to {len(shape)}" if shape else "there is nothing to average",
            )
        return {index for index in axes if index is not None}

    def infer(self, inputs: Shapes) -> Shape:
        shape = inputs[0]
        if not shape:
            raise ShapeError("mean needs a dimension besides the batch")
        axes = self._axes(shape)
        if self.keepdim:
            return tuple(1 if index in axes else size for index, size in enumerate(shape))
        return tuple(size for index, size in enumerate(shape) if index not in axes)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=elements(inputs[0]))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        shape = inputs[0]
        axes = self._axes(shape)
        left = [index for index in range(len(shape)) if self.keepdim or index not in axes]
        sizes = enumerate(shape)
        return (tuple(Along.every(size) if at in axes else Along.same(left.index(at)) for at, size in sizes),)

    def torch(self, inputs: Shapes) -> Function:
        dim = self.dim[0] if len(self.dim) == 1 else self.dim
        return Function("torch.mean", (Operand(0),), {"dim": dim} | self.changed("keepdim"))
