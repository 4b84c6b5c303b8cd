"""Functions of one number, for each element: arithmetic that is no activation."""

from typing import ClassVar

from archspec.errors import ArgumentError
from archspec.ops.arguments import Real
from archspec.ops.facts import Cost, Function, Operand, Reach, Window
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements


class _Elementary(Op):
    """A function of each element, without weights."""

    function: ClassVar[str]
    """The PyTorch function."""
    operations: ClassVar[int] = 1
    """Arithmetic operations for each element."""
    fresh = True

    def infer(self, inputs: Shapes) -> Shape:
        return inputs[0]

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=self.operations * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1)

    def torch(self, inputs: Shapes) -> Function:
        return Function(self.function, (Operand(0),))


class Abs(_Elementary, name="abs"):
    """The absolute value, ``|x|``.

    Costs 1 operation an element.
    Source: torch.abs.
    """

    function = "torch.abs"
    functions = ("abs(input)",)
    example = "{op: abs}"
    saved = ("input",)


class Neg(_Elementary, name="neg"):
    """The negative, ``-x``.

    Costs 1 operation an element.
    Source: torch.neg.
    """

    function = "torch.neg"
    functions = ("neg(input)",)
    example = "{op: neg}"
    saved = ()


class Sign(_Elementary, name="sign"):
    """The sign: -1 below zero, 1 above it, and 0 at zero.

    Costs 1 operation an element.
    Source: torch.sign.
    """

    function = "torch.sign"
    functions = ("sign(input)",)
    example = "{op: sign}"
    saved = ()


class Exp(_Elementary, name="exp"):
    """The exponential function.

    Costs 1 operation an element.
    Source: torch.exp.
    """

    function = "torch.exp"
    functions = ("exp(input)",)
    example = "{op: exp}"
    saved = ("output",)


class Log(_Elementary, name="log"):
    """The natural logarithm; nan for negative numbers.

    Costs 1 operation an element.
    Source: torch.log.
    """

    function = "torch.log"
    functions = ("log(input)",)
    example = "{op: log}"
    saved = ("input",)


class Sin(_Elementary, name="sin"):
    """The sine.

    Costs 1 operation an element.
    Source: torch.sin.
    """

    function = "torch.sin"
    functions = ("sin(input)",)
    example = "{op: sin}"
    saved = ("input",)


class Cos(_Elementary, name="cos"):
    """The cosine.

    Costs 1 operation an element.
    Source: torch.cos.
    """

    function = "torch.cos"
    functions = ("cos(input)",)
    example = "{op: cos}"
    saved = ("input",)


class Sqrt(_Elementary, name="sqrt"):
    """The square root; nan for negative numbers.

    Costs 1 operation an element.
    Source: torch.sqrt.
    """

    function = "torch.sqrt"
    functions = ("sqrt(input)",)
    example = "{op: sqrt}"
    saved = ("output",)


class Rsqrt(_Elementary, name="rsqrt"):
    """One divided by the square root; nan for negative numbers.

    Costs 2 operations an element (square root, quotient).
    Source: torch.rsqrt.
    """

    function = "torch.rsqrt"
    operations = 2
    functions = ("rsqrt(input)",)
    example = "{op: rsqrt}"
    saved = ("output",)


class Pow(_Elementary, name="pow"):
    """A power with a fixed exponent; nan for negative numbers where it is no integer.

    Costs 1 operation an element.
    Source: torch.pow.

    Args:
        exponent: The exponent.
    """

    exponent: Real

    function = "torch.pow"
    example = "{op: pow, exponent: 2}"
    saved = ("input",)

    def torch(self, inputs: Shapes) -> Function:
        return Function(self.function, (Operand(0), self.exponent))


class Clamp(_Elementary, name="clamp"):
    """Numbers below `min` become `min`, and those above `max` become `max`.

    Costs an operation an element for each bound (a comparison).
    Source: torch.clamp.

    Args:
        min: Least value of the output; null for no bound.
        max: Greatest value of the output; null for no bound.
    """

    min: Real | None = None
    max: Real | None = None

    function = "torch.clamp"
    functions = ("clamp(input, min, max)", "clip(input, min, max)")
    example = "{op: clamp, min: 0, max: 6}"
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        if self.min is None and self.max is None:
            raise ArgumentError("min", "clamp needs a bound", help="give it `min`, `max` or both")
        return inputs[0]

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=((self.min is not None) + (self.max is not None)) * elements(output))

    def torch(self, inputs: Shapes) -> Function:
        return Function(self.function, (Operand(0),), self.changed())
