"""The inverse of a max pooling: elements go back to where the maxima stood."""

from fractions import Fraction
from typing import Any

from archspec.errors import ShapeError
from archspec.ops.facts import MOST_PERIOD, Along, Cost, Function, Kept, Operand, Reach, Window
from archspec.ops.op import Op
from archspec.ops.tensor import Places, Shape, Shapes, show, size_in_bytes

_HALF = Window((2, 2), (Fraction(2),) * 2, (Fraction(0),) * 2, (1, 1), groups=0)


class MaxUnpool(Op, name="max_unpool"):
    """Puts each element where the maximum of its window stood before a max pooling, and zeros elsewhere.

    Operands are a tensor, and the places that a `max_pool` gives besides the maxima: ``from: [x, pool.indices]``. The
    output has the sizes of what was pooled; windows, steps and padding are those of the pooling. Where windows overlap,
    a place that several elements go to holds one of them. Costs no arithmetic. For the backward pass it keeps the
    places.
    Source: torch.nn.MaxUnpool1d, MaxUnpool2d, MaxUnpool3d (Badrinarayanan et al. 2017, SegNet).
    """

    example = "{op: max_unpool, from: [features, pool.indices]}"
    inferred = ("kernel_size", "stride", "padding", "output_size")
    example_inputs = ((16, 4, 4), Places((16, 4, 4), (16, 8, 8), _HALF))
    arity = (2, 2)
    spatial_ranks = frozenset({1, 2, 3})
    takes_places = frozenset({1})
    fresh = True
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        operand, places = inputs
        if not isinstance(places, Places):
            message = "the second operand is no places of maxima"
            help = "take those of the `max_pool`: `from: [x, pool.indices]`, where it is called `pool`"
            raise ShapeError(message, help=help)
        if operand != tuple(places):
            message = f"a tensor of {show(operand)} does not fit the {show(places)} places of maxima"
            raise ShapeError(message, help="each of its elements goes to one place: it needs the shape of the maxima")
        return places.pooled

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return size_in_bytes(inputs[1])

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept:
        return Kept((1,) if gradients[0] else ())

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        """An element goes to a place of its window."""
        window = _window(inputs)
        steps = tuple(map(int, window.stride))
        if max(steps) > MOST_PERIOD:
            return "unknown"
        axes = zip(window.kernel, steps, map(int, window.padding), window.dilation, strict=True)
        ways = (Along.same(0), *(Along.gathered(dim, *axis) for dim, axis in enumerate(axes, 1)))
        return ways, ways

    def torch(self, inputs: Shapes) -> Function:
        """A call that is told the sizes where they do not follow: PyTorch's layer is none for TorchScript.

        A number for each axis, for PyTorch's types of these functions let no single one stand for all.
        """
        window, (_, *sizes) = _window(inputs), inputs[0]
        values: dict[str, Any] = {"kernel_size": window.kernel}
        values |= {"stride": _whole(window.stride), "padding": _whole(window.padding)}
        if not any(window.padding):
            del values["padding"]
        wanted = self.infer(inputs)[1:]
        axes = zip(sizes, window.kernel, window.stride, window.padding, strict=True)
        if wanted != tuple((size - 1) * stride + reach - 2 * padding for size, reach, stride, padding in axes):
            values["output_size"] = wanted
        return Function(f"F.max_unpool{len(sizes)}d", (Operand(0), Operand(1)), values)


def _whole(values: tuple[Fraction, ...]) -> tuple[int, ...]:
    return tuple(map(int, values))


def _window(inputs: Shapes) -> Window:
    """The windows of the pooling."""
    places = inputs[1]
    assert isinstance(places, Places)
    return places.window
