"""What activation functions have in common: one number in, one number out, for each element."""

from typing import ClassVar

from archspec.ops.facts import Cost, Module, Reach, Window
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements


class Pointwise(Op):
    """A layer of PyTorch without weights that keeps the shape and works on each element."""

    layer: ClassVar[str]
    """The class of the layer."""

    def infer(self, inputs: Shapes) -> Shape:
        return inputs[0]

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1)

    def torch(self, inputs: Shapes) -> Module:
        return Module(self.layer, (), self.changed())


class Activation(Pointwise):
    """An activation that costs the same for each element, whatever its arguments."""

    operations: ClassVar[int]
    """Arithmetic operations for each element."""

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=self.operations * elements(output))
