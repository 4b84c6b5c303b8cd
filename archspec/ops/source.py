"""What ops that take no operand have in common."""

from typing import ClassVar

from typing_extensions import override

from archspec.ops.facts import Along, Cost, Reach, Taps
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes

_NOTHING = Along(None, Taps(1, 0, (range(0),)))


class Source(Op):
    """Takes no operand, and gives each sample the same tensor."""

    takes_nothing: ClassVar[bool] = True
    saved = ()

    @override
    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    @override
    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return ((_NOTHING,) * len(inputs[0]),)
