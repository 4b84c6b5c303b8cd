"""An op of a plugin: one class."""

from __future__ import annotations

from archspec.op import Cost, Module, Op, Reach, Window
from archspec.tensor import Shape, Shapes, elements, spatial_rank


class Softsign(Op, name="softsign"):
    """Soft sign, ``x / (1 + |x|)``.

    Three operations an element. Source: torch.nn.Softsign.
    """

    functions = ("softsign(input)",)
    example = "softsign"
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        (x,) = inputs
        return x

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=3 * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(spatial_rank(output))

    def torch(self, inputs: Shapes) -> Module:
        return Module("nn.Softsign")
