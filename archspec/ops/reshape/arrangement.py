"""All elements in another arrangement."""

from math import prod

from archspec.errors import ArgumentError, Help, ShapeError
from archspec.ops.arguments import Index, Indices, Positive
from archspec.ops.checks import divisors_near
from archspec.ops.facts import MOST_PERIOD, Along, Batch, Function, Module, Operand, Reach, Taps
from archspec.ops.reshape.move import Move, index_of
from archspec.ops.tensor import Shape, Shapes, elements, show


class Flatten(Move, name="flatten"):
    """Joins neighbouring dimensions into one.

    Costs no arithmetic.
    Source: torch.flatten; PyTorch's default of nn.Flatten, which leaves the batch alone.

    Args:
        start_dim: First dimension to join.
        end_dim: Last dimension to join.
    """

    start_dim: Index = 1
    end_dim: Index = -1

    example = "{op: flatten}"

    def _range(self, shape: Shape) -> tuple[int, int]:
        start, end = index_of("start_dim", self.start_dim, shape), index_of("end_dim", self.end_dim, shape)
        if start > end:
            raise ArgumentError(
                "start_dim",
                f"start_dim {self.start_dim} lies behind end_dim {self.end_dim} in {show(shape)}",
                help="swap the two",
            )
        return start, end

    def infer(self, inputs: Shapes) -> Shape:
        shape = inputs[0]
        start, end = self._range(shape)
        return (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return "reshaped"

    def torch(self, inputs: Shapes) -> Function:
        return Function("torch.flatten", (Operand(0),), {"start_dim": self.start_dim} | self.changed("end_dim"))


class Reshape(Move, name="reshape"):
    """The same elements, in the same order, in another shape.

    Costs no arithmetic.
    Source: torch.reshape.

    Args:
        shape: Sizes per sample, without the batch; one of them may be -1, which takes what is left.
    """

    shape: Indices

    example = "{op: reshape, shape: [4, -1, 8]}"

    def infer(self, inputs: Shapes) -> Shape:
        total = elements(inputs[0])
        free = self.shape.count(-1)
        if free > 1 or any(size < 1 and size != -1 for size in self.shape):
            raise ArgumentError("shape", "shape needs sizes of at least 1, one of which may be -1")
        known = prod(size for size in self.shape if size != -1)
        if total % known if free else total != known:
            help, rest = "the product of the sizes must stay; -1 takes what is left", self.shape[:-1]
            if not free and rest and total % prod(rest) == 0:
                written = str([*rest, -1])
                help = Help.instead(f"the product of the sizes must stay; -1 takes what is left: `{written}`", written)
            message = f"the {total} elements of {show(inputs[0])} do not fill {show(self.shape)}"
            raise ArgumentError("shape", message, help=help)
        return tuple(total // known if size == -1 else size for size in self.shape)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return "reshaped"

    def torch(self, inputs: Shapes) -> Function:
        """All sizes are written out: of a -1 PyTorch makes what is left, more samples too, and of no sample nothing."""
        return Function("torch.reshape", (Operand(0), (Batch(0), *self.infer(inputs))))


class Permute(Move, name="permute"):
    """The dimensions in another order.

    Costs no arithmetic.
    Source: torch.permute.

    Args:
        dims: The dimensions besides the batch in their new order, counted as PyTorch does: 1 is the channels.
    """

    dims: Indices

    example = "{op: permute, dims: [2, 3, 1]}"

    def _order(self, shape: Shape) -> list[int]:
        order = [index_of("dims", dim, shape) for dim in self.dims]
        if sorted(order) != list(range(len(shape))):
            raise ArgumentError(
                "dims",
                f"{list(self.dims)} does not name each dimension of {show(shape)} once",
                help=f"order the numbers {list(range(1, len(shape) + 1))}",
            )
        return order

    def infer(self, inputs: Shapes) -> Shape:
        return tuple(inputs[0][index] for index in self._order(inputs[0]))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        order = self._order(inputs[0])
        return (tuple(Along.same(order.index(dim)) for dim in range(len(order))),)

    def torch(self, inputs: Shapes) -> Function:
        return Function("torch.permute", (Operand(0), (0, *self.dims)))


class ChannelShuffle(Move, name="channel_shuffle"):
    """Deals out the channels of each group in turn, so that groups mix.

    Costs no arithmetic.
    Source: torch.nn.ChannelShuffle (Zhang et al. 2017, arXiv:1707.01083).

    Args:
        groups: Number of groups that the channels are divided into.
    """

    groups: Positive

    functions = ("channel_shuffle(input, groups)", "native_channel_shuffle(input, groups)")
    example = "{op: channel_shuffle, groups: 4}"

    def infer(self, inputs: Shapes) -> Shape:
        if len(inputs[0]) < 2:
            raise ShapeError(
                f"channel_shuffle needs a spatial dimension, the input is {show(inputs[0])}",
                help="move it before the flatten",
            )
        if inputs[0][0] % self.groups:
            raise ArgumentError(
                "groups",
                f"{self.groups} groups do not divide the {inputs[0][0]} channels",
                help=f"{divisors_near(self.groups, inputs[0][0])} divides them",
            )
        return inputs[0]

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        if self.groups > MOST_PERIOD:
            return "unknown"
        each = inputs[0][0] // self.groups
        dealt = tuple(range(group * each, group * each + 1) for group in range(self.groups))
        return ((Along(0, Taps(self.groups, 1, dealt, "end")), *map(Along.same, range(1, len(output)))),)

    def torch(self, inputs: Shapes) -> Module:
        return Module("nn.ChannelShuffle", (self.groups,))
