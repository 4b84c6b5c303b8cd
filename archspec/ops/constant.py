"""Tensors that a network holds itself: learned ones, and numbers."""

from itertools import chain
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import override

from archspec.errors import ArgumentError, Help
from archspec.ops.arguments import MAX_FLOAT, Positive, Real
from archspec.ops.facts import Along, Cost, Held, Reach, Taps
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes

_NOTHING = Along(None, Taps(1, 0, (range(0),)))

_Sizes = Annotated[
    tuple[Positive, ...],
    Field(min_length=1),
    BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
    WithJsonSchema({"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1}),
]
"""The sizes of a tensor: a list of positive integers."""


class _Source(Op):
    """Takes no operand, and gives each sample the same tensor."""

    takes_nothing: ClassVar[bool] = True
    saved = ()

    @override
    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    @override
    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return ((_NOTHING,) * len(inputs[0]),)


class Parameter(_Source, name="parameter"):
    """A learned tensor, such as a class token or a position embedding, the same for each sample.

    Its key in the state_dict is the path of the node; in `init:` it is called ``weight``. Costs no arithmetic.
    Source: torch.nn.Parameter.

    Args:
        shape: Sizes, without the batch.
        value: What all its numbers are before training, where no rule of `init:` says how they begin.
    """

    shape: _Sizes
    value: Real = 0.0

    example = "{op: parameter, shape: [1, 768]}"

    @override
    def infer(self, inputs: Shapes) -> Shape:
        return self.shape

    @override
    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        return {"weight": self.shape}

    @override
    def torch(self, inputs: Shapes) -> Held:
        """``nn.Parameter(torch.zeros(shape))``, or of another value ``torch.full(shape, value)``."""
        return _filled(self.shape, self.value, trained=True)


def _filled(shape: Shape, value: float, *, trained: bool) -> Held:
    word = {0.0: "torch.zeros", 1.0: "torch.ones"}.get(value)
    return Held(word, (shape,), trained=trained) if word else Held("torch.full", (shape, float(value)), trained=trained)


def _numbers(value: Any) -> Any:
    """A number, or lists of numbers as deep as each other and as long as those beside them, as tuples."""
    sizes = _sizes(value)
    level = [value]
    for size in sizes:
        if not all(isinstance(item, list | tuple) and len(item) == size for item in level):
            break
        level = list(chain(*level))
    if 0 in sizes or not all(type(item) in (int, float) and abs(item) <= MAX_FLOAT for item in level):
        raise PydanticCustomError("numbers", "a number, or lists of numbers, of one length at each depth")
    return _tuples(value)


def _sizes(value: Any) -> Shape:
    """How long the lists are at each depth, as the first of each say."""
    sizes = []
    while isinstance(value, list | tuple):
        sizes.append(len(value))
        value = value[0] if value else None
    return tuple(sizes)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else float(value)


_Numbers = Annotated[
    Any,
    BeforeValidator(_numbers),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "array", "minItems": 1}]}),
]
"""A number, or nested lists of them, as nested tuples."""


class Constant(_Source, name="constant"):
    """Fixed numbers, the same for each sample; the state_dict does not hold them.

    Costs no arithmetic.
    Source: torch.tensor, in a buffer that is not persistent.

    Args:
        value: The numbers as nested lists, or one for all places of `shape`.
        shape: Sizes, without the batch, where `value` is one number.
    """

    value: _Numbers
    shape: _Sizes | None = None

    example = "{op: constant, value: [[1, 2, 1], [2, 4, 2], [1, 2, 1]]}"

    @override
    def infer(self, inputs: Shapes) -> Shape:
        if isinstance(self.value, tuple):
            if self.shape is not None:
                raise ArgumentError("shape", "lists of numbers have their shape", help="leave `shape` out")
            return _sizes(self.value)
        if self.shape is None:
            listed = f"[{self.value:g}]"
            help = Help.instead(f"write a list, `value: {listed}`, or add `shape`", listed)
            raise ArgumentError("value", "one number has no shape", help=help)
        return self.shape

    @override
    def torch(self, inputs: Shapes) -> Held:
        """A buffer of ``torch.tensor(value)``, or ``torch.full(shape, value)``."""
        if self.shape is not None:
            return _filled(self.shape, self.value, trained=False)
        return Held("torch.tensor", (self.value,), trained=False)


class Coordinates(_Source, name="coordinates"):
    """The coordinates of the points of a grid, at equal distances; the state_dict does not hold them.

    The last dimension has one for each dimension of the grid. Costs no arithmetic.
    Source: torch.meshgrid of torch.linspace, stacked, in a buffer that is not persistent.

    Args:
        start: The first coordinate of each dimension.
        end: The last.
        steps: How many points there are along each dimension of the grid.
    """

    start: Real
    end: Real
    steps: _Sizes

    example = "{op: coordinates, start: -1, end: 1, steps: [8, 8]}"

    @override
    def infer(self, inputs: Shapes) -> Shape:
        return (*self.steps, len(self.steps))

    @override
    def torch(self, inputs: Shapes) -> Held:
        """A buffer of ``coordinates(start, end, steps)``."""
        return Held("coordinates", (self.start, self.end, self.steps), trained=False)


class Linspace(_Source, name="linspace"):
    """Numbers at equal distances, such as the coordinates of a grid; the state_dict does not hold them.

    Costs no arithmetic.
    Source: torch.linspace, in a buffer that is not persistent.

    Args:
        start: The first number.
        end: The last.
        steps: How many there are.
    """

    start: Real
    end: Real
    steps: Positive

    example = "{op: linspace, start: -1, end: 1, steps: 8}"

    @override
    def infer(self, inputs: Shapes) -> Shape:
        return (self.steps,)

    @override
    def torch(self, inputs: Shapes) -> Held:
        """A buffer of ``torch.linspace(start, end, steps)``."""
        return Held("torch.linspace", (self.start, self.end, self.steps), trained=False)
