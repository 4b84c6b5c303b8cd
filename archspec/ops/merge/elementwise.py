"""Ops on tensors of one shape, element by element, or of shapes that broadcast."""

from itertools import accumulate
from operator import or_
from typing import ClassVar

from archspec.errors import ArgumentError, Help, OperandError, ShapeError
from archspec.ops.arguments import Real
from archspec.ops.facts import Cost, Function, Kept, Operand, Reach, Saved, Window
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, broadcast, elements


def _prefixes(inputs: Shapes) -> list[Shape]:
    """The shapes of the results, from the first two operands to all."""
    return list(accumulate(inputs, lambda left, right: broadcast((left, right)) or ()))[1:]


def _fitting(inputs: Shapes) -> str:
    """How operands that do not broadcast can be made to."""
    if len({len(operand) for operand in inputs}) != 1:
        return "operands need the same number of dimensions; reshape one of them"
    halved = any(2 * min(sizes) <= max(sizes) for sizes in zip(*(operand[1:] for operand in inputs), strict=True))
    if halved or len({operand[0] for operand in inputs}) > 1:
        return "sizes agree, or one is 1; a strided 1x1 convolution fits a shortcut (see block `bottleneck`)"
    return "sizes agree, or one is 1; they differ by little, as where a window has no padding or an odd size was halved"


class _Elementwise(Op):
    """An operation on operands of one shape, or of shapes that broadcast; a chain of calls for more than two."""

    function: ClassVar[str]
    """The PyTorch function of two operands."""
    fresh = True

    def infer(self, inputs: Shapes) -> Shape:
        shape = broadcast(inputs)
        if shape is None:
            raise ShapeError(f"{self.name} needs operands of one shape", help=_fitting(inputs))
        return shape

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=sum(map(elements, _prefixes(inputs))))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1)

    def torch(self, inputs: Shapes) -> Function:
        return Function(self.function, tuple(map(Operand, range(len(inputs)))), folds=len(inputs) > 2)


class _WithNumber(_Elementwise):
    """An elementwise operation whose second operand may be a number."""

    value: Real | None = None

    def infer(self, inputs: Shapes) -> Shape:
        if len(inputs) == 1 and self.value is None:
            count = "2 operands" if self.arity[1] == 2 else "2 or more operands"
            raise OperandError(
                f"{self.name} takes {count}, or one and a number, not 1",
                help="name them: `from: [a, b]`, or give it `value:`",
            )
        if len(inputs) > 1 and self.value is not None:
            raise ArgumentError(
                "value", f"{self.name} of {len(inputs)} operands takes no number", help=Help.removal("leave it out")
            )
        return super().infer(inputs)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return super().cost(inputs, output) if self.value is None else Cost(other=elements(output))

    def torch(self, inputs: Shapes) -> Function:
        if self.value is None:
            return super().torch(inputs)
        return Function(self.function, (Operand(0), self.value))


class Add(_WithNumber, name="add"):
    """The sum of two or more operands, which broadcast, or of one and a number.

    Costs an addition for each element of the output and operand but the first.
    Source: torch.add.

    Args:
        value: The number that is added to a single operand.
    """

    function = "torch.add"
    example = "{op: add, from: [a, b]}"
    example_inputs = ((16, 8, 8), (16, 8, 8))
    arity = (1, None)
    saved = ()


class Sub(_WithNumber, name="sub"):
    """The first operand minus the second, which broadcast, or minus a number.

    Costs a subtraction for each element of the output.
    Source: torch.sub.

    Args:
        value: The number that is taken from a single operand.
    """

    function = "torch.sub"
    example = "{op: sub, from: [a, b]}"
    example_inputs = ((16, 8, 8), (16, 8, 8))
    arity = (1, 2)
    saved = ()


class Mul(_WithNumber, name="mul"):
    """The product of two or more operands, element by element, which broadcast, or of one and a number.

    Costs a multiplication for each element of the output and operand but the first. For the backward pass it
    keeps the operands, and the products before the last; of a number nothing.
    Source: torch.mul.

    Args:
        value: The number that a single operand is multiplied by.
    """

    function = "torch.mul"
    example = "{op: mul, from: [features, gate]}"
    example_inputs = ((16, 8, 8), (16, 1, 1))
    arity = (1, None)

    def kept(self, inputs: Shapes, output: Shape) -> Saved:
        return ("input",) if self.value is None else ()

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 4 * sum(map(elements, _prefixes(inputs)[:-1]))

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept:
        """A factor is kept for the gradient of the other: of each product in the chain."""
        if self.value is not None:
            return Kept()
        before = list(accumulate(gradients, or_))
        products = [
            4 * elements(shape) for shape, right in zip(_prefixes(inputs), gradients[2:], strict=False) if right
        ]
        left = (0,) if gradients[1] else ()
        rights = (number for number in range(1, len(inputs)) if before[number - 1])
        return Kept((*left, *rights), False, sum(products))


class Div(_WithNumber, name="div"):
    """The first operand divided by the second, element by element, which broadcast, or by a number.

    Costs a division for each element of the output. For the backward pass it keeps the operands; of a number nothing.
    Source: torch.div.

    Args:
        value: The number that a single operand is divided by.
    """

    function = "torch.div"
    example = "{op: div, from: [features, norm]}"
    example_inputs = ((16, 8, 8), (1, 8, 8))
    arity = (1, 2)

    def kept(self, inputs: Shapes, output: Shape) -> Saved:
        return ("input",) if self.value is None else ()

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept:
        """The divisor is kept for the gradients of both, the dividend for that of the divisor."""
        if self.value is not None:
            return Kept()
        return Kept((0, 1) if gradients[1] else (1,))


class _Extreme(_Elementwise):
    """The greater or the less of operands."""

    arity = (2, None)
    example_inputs = ((16, 8, 8), (16, 8, 8))
    saved = ("input",)

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 4 * sum(map(elements, _prefixes(inputs)[:-1]))

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept:
        """Both of a comparison are kept, from the first one in the chain of which one needs a gradient."""
        first = max(1, gradients.index(True))
        outcomes = _prefixes(inputs)[max(0, first - 2) : -1]
        return Kept(tuple(range(0 if first == 1 else first, len(inputs))), False, 4 * sum(map(elements, outcomes)))


class Maximum(_Extreme, name="maximum"):
    """The greatest of two or more operands, element by element; they broadcast.

    Costs a comparison for each element of the output and operand but the first. For the backward pass it keeps the
    operands, and the outcomes before the last.
    Source: torch.maximum.
    """

    function = "torch.maximum"
    example = "{op: maximum, from: [a, b]}"


class Minimum(_Extreme, name="minimum"):
    """The least of two or more operands, element by element; they broadcast.

    Costs a comparison for each element of the output and operand but the first. For the backward pass it keeps the
    operands, and the outcomes before the last.
    Source: torch.minimum.
    """

    function = "torch.minimum"
    example = "{op: minimum, from: [a, b]}"
