"""Ops of no family."""

from archspec.errors import ArgumentError
from archspec.ops.arguments import Index, Real
from archspec.ops.facts import Cost, Module, Reach, Window
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
    saved_for_weights = True

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
