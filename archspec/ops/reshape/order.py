"""The places of a dimension in another order."""

from collections.abc import Sequence

from archspec.errors import ArgumentError
from archspec.ops.arguments import Indices
from archspec.ops.facts import MOST_PERIOD, Along, Function, Operand, Reach, Taps
from archspec.ops.reshape.move import Move, index_of
from archspec.ops.tensor import Shape, Shapes


class Flip(Move, name="flip"):
    """The places of some dimensions in reverse order.

    Costs no arithmetic.
    Source: torch.flip.

    Args:
        dims: The dimension, or a list of them; 1 for the channels, -1 for the last.
    """

    dims: Indices

    functions = ("flip(input, dims)",)
    example = "{op: flip, dims: -1}"
    fresh = True

    def _flipped(self, shape: Shape) -> set[int]:
        return _different(self.dims, shape)

    def infer(self, inputs: Shapes) -> Shape:
        self._flipped(inputs[0])
        return inputs[0]

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        flipped = self._flipped(output)
        if max(output[dim] for dim in flipped) > MOST_PERIOD:
            return "unknown"
        reverse = {dim: range(size)[::-1] for dim, size in enumerate(output) if dim in flipped}
        return (tuple(_ordered(dim, reverse.get(dim)) for dim in range(len(output))),)

    def torch(self, inputs: Shapes) -> Function:
        return Function("torch.flip", (Operand(0),), {"dims": self.dims})


class Roll(Move, name="roll"):
    """The places of some dimensions moved on, those that leave at the end at the beginning again.

    Costs no arithmetic.
    Source: torch.roll.

    Args:
        shifts: By how many places; a number for each of `dims`, negative ones to the front.
        dims: The dimension, or a list of them; 1 for the channels, -1 for the last.
    """

    shifts: Indices
    dims: Indices

    functions = ("roll(input, shifts, dims)",)
    example = "{op: roll, shifts: [-1, -1], dims: [2, 3]}"
    fresh = True

    def _shifts(self, shape: Shape) -> dict[int, int]:
        """By how many places each dimension moves, from 0 to its size."""
        if len(self.shifts) != len(self.dims):
            message = f"{len(self.shifts)} shifts do not fit {len(self.dims)} dimensions"
            raise ArgumentError("shifts", message, help="give a shift for each of `dims`")
        _different(self.dims, shape)
        pairs = zip(self.dims, self.shifts, strict=True)
        return {index_of("dims", dim, shape): shift for dim, shift in pairs}

    def infer(self, inputs: Shapes) -> Shape:
        self._shifts(inputs[0])
        return inputs[0]

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        shifts = self._shifts(output)
        if max(output[dim] for dim in shifts) > MOST_PERIOD:
            return "unknown"
        moved = {dim: [(place - by) % output[dim] for place in range(output[dim])] for dim, by in shifts.items()}
        return (tuple(_ordered(dim, moved.get(dim)) for dim in range(len(output))),)

    def torch(self, inputs: Shapes) -> Function:
        return Function("torch.roll", (Operand(0),), {"shifts": self.shifts, "dims": self.dims})


def _ordered(dim: int, places: Sequence[int] | None) -> Along:
    """How a dimension is read whose places come in an order; None for their own."""
    if places is None:
        return Along.same(dim)
    return Along(dim, Taps(len(places), 0, tuple(range(place, place + 1) for place in places)))


def _different(dims: Indices, shape: Shape) -> set[int]:
    """The indices into the shape of different dimensions.

    Raises:
        ArgumentError: One is the batch, does not exist or stands twice, or there is none.
    """
    found = {index_of("dims", dim, shape) for dim in dims}
    if len(found) < len(dims) or not found:
        raise ArgumentError("dims", f"{list(dims)} are not different dimensions", help="name each of them once")
    return found
