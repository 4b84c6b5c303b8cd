"""What is added to the scores of attention in the windows of a map."""

from math import prod
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from archspec.errors import ArgumentError, ShapeError
from archspec.ops.arguments import MAX_INT, Positive, compact
from archspec.ops.checks import divisors_near
from archspec.ops.facts import Along, Cost, Function, Operand, Reach
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements, show


def _pair(value: Any) -> Any:
    """``7`` becomes ``(7, 7)``, and a list a tuple."""
    return tuple(value) if isinstance(value, list) else (value, value) if type(value) is int else value


def _sides_schema(minimum: int) -> WithJsonSchema:
    one: dict[str, Any] = {"type": "integer", "minimum": minimum}
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one, "minItems": 2, "maxItems": 3}]})


_Natural = Annotated[int, Field(ge=0, le=MAX_INT)]
_Places = Annotated[tuple[Positive, ...], Field(min_length=2, max_length=3), BeforeValidator(_pair), _sides_schema(1)]
"""Places along height and width, or depth, height and width; one number is height and width."""
_Steps = Annotated[tuple[_Natural, ...], Field(min_length=2, max_length=3), BeforeValidator(_pair), _sides_schema(0)]
"""Likewise, and none is a number too."""


def _written(sizes: tuple[int, ...]) -> Any:
    """Sizes as a spec has them: one number for a square alone."""
    return compact(sizes) if len(sizes) == 2 else sizes


def _of_rank(name: str, sizes: tuple[int, ...]) -> str:
    """The function for windows of images, or of videos."""
    return name if len(sizes) == 2 else f"{name}3d"


class RelativePositionBias(Op, name="relative_position_bias"):
    """The bias of each pair of places of a window, looked up in a table by how far they are apart.

    The operand is a table ``((2h - 1) * (2w - 1), heads)`` for a window of ``h * w`` places, with a row for each
    distance in height and width; the output ``(heads, h * w, h * w)`` has at query ``(y, x)`` and key ``(y', x')`` the
    row of number ``(y - y' + h - 1) * (2w - 1) + x - x' + w - 1``. A window of a video has a depth before them, whose
    distances are counted likewise. It is added to the scores of attention. Costs no arithmetic. Which row is read
    depends on several dimensions together; receptive fields take it for all of them.
    Source: Liu et al. 2021, arXiv:2103.14030, section 3.2, equation 4; of videos Liu et al. 2021, arXiv:2106.13230,
    section 3.2.

    Args:
        window_size: Height and width of the window, or depth, height and width; one number for a square.
    """

    window_size: _Places

    example = "{op: relative_position_bias, window_size: 7}"
    example_inputs = ((169, 3),)
    fresh = True
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        (table,) = inputs
        if len(table) != 2:
            message = f"{self.name} needs a table `[distances, heads]`, the input is {show(table)}"
            raise ShapeError(message, help="reshape it: a row for each distance")
        rows, places = prod(2 * size - 1 for size in self.window_size), prod(self.window_size)
        if table[0] != rows:
            message = f"a window of {show(self.window_size)} has {rows} distances, the table {table[0]} rows"
            raise ArgumentError("window_size", message, help="of `[h, w]` these are `(2h - 1) * (2w - 1)`, and so on")
        return (table[1], places, places)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return ((Along.every(inputs[0][0]), Along.same(0)),)

    def torch(self, inputs: Shapes) -> Function:
        return Function(_of_rank(self.name, self.window_size), (Operand(0), _written(self.window_size)))


class ShiftedWindowMask(Op, name="shifted_window_mask"):
    """Scores of attention in shifted windows, or their bias, less 100 for places that the shift has brought together.

    A map is rolled by some places up and left, and divided into windows; those at its lower and right border hold
    places from both of its ends, which should not see each other. The operand ``(windows, heads, h * w, h * w)``, or of
    one window for all, has a row for each query and a column for each key. Of a video, depth comes before height.
    Costs an addition for each element of the output.
    Source: Liu et al. 2021, arXiv:2103.14030, section 3.2, figure 4; as torchvision.models.swin_transformer has it,
    and torchvision.models.video.swin_transformer.

    Args:
        size: Height and width of the map, or depth, height and width, multiples of the window's; one number for a
            square.
        window_size: The same of the window.
        shift_size: By how many places the map was rolled along each of them; less than the window has.
    """

    size: _Places
    window_size: _Places
    shift_size: _Steps

    example = "{op: shifted_window_mask, size: 28, window_size: 7, shift_size: 3}"
    example_inputs = ((1, 3, 49, 49),)
    fresh = True
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        (scores,) = inputs
        for name, sizes in (("window_size", self.window_size), ("shift_size", self.shift_size)):
            if len(sizes) != len(self.size):
                message = f"{name} has {len(sizes)} numbers, and the map {len(self.size)} sides"
                raise ArgumentError(name, message, help="one number stands for height and width")
        for size, window, shift in zip(self.size, self.window_size, self.shift_size, strict=True):
            if size % window:
                message = f"windows of {window} places do not divide a map of {size}"
                raise ArgumentError("window_size", message, help=f"{divisors_near(window, size)} divides it, or pad")
            if shift >= window:
                message = f"a shift by {shift} places is not less than a window of {window}"
                raise ArgumentError("shift_size", message, help="half a window is usual: `$(window_size // 2)`")
        places = prod(self.window_size)
        windows = prod(self.size) // places
        if len(scores) != 4 or scores[0] not in (1, windows) or scores[2:] != (places, places):
            message = f"{self.name} needs scores of {windows} windows of {places} places, the input is {show(scores)}"
            raise ShapeError(message, help="they are `[windows, heads, places, places]`, or of 1 window for all")
        return (windows, *scores[1:])

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        windows = Along.every(1) if inputs[0][0] < output[0] else Along.same(0)
        return ((windows, *map(Along.same, range(1, 4))),)

    def torch(self, inputs: Shapes) -> Function:
        sizes = map(_written, (self.size, self.window_size, self.shift_size))
        return Function(_of_rank(self.name, self.size), (Operand(0), *sizes))
