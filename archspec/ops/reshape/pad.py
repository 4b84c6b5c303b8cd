"""Places added at the ends of dimensions."""

from typing import Literal

from archspec.errors import ArgumentError, Help
from archspec.ops.arguments import Indices, Real
from archspec.ops.facts import Along, Beyond, Function, Operand, Reach
from archspec.ops.reshape.move import Move
from archspec.ops.tensor import Shape, Shapes, show


class Pad(Move, name="pad"):
    """Adds places at the ends of dimensions; negative numbers take places away, except in mode `circular`.

    Costs no arithmetic. With `reflect` and `replicate` it keeps the input for the backward pass.
    Source: torch.nn.functional.pad.

    Args:
        padding: Places before and after, for the last dimension first: ``[left, right, top, bottom]``.
        mode: What the added places hold.
        value: The number that `constant` adds.
    """

    padding: Indices
    mode: Literal["constant", "reflect", "replicate", "circular"] = "constant"
    value: Real = 0.0

    example = "{op: pad, padding: [1, 1, 1, 1]}"

    def _pads(self, shape: Shape) -> list[tuple[int, int]]:
        """Places before and after each dimension of a sample."""
        pairs = list(zip(self.padding[::2], self.padding[1::2], strict=False))[::-1]
        spare = len(shape) - len(pairs)
        if len(self.padding) % 2 or spare < -1 or (spare == -1 and any(pairs.pop(0))):
            raise ArgumentError(
                "padding",
                f"padding needs two numbers for each of the last dimensions of {show(shape)}, not {len(self.padding)}",
                help=self._meant(shape),
            )
        return [(0, 0)] * spare + pairs

    def _meant(self, shape: Shape) -> str:
        """What to write; one number is all sides in `torch.nn.ReflectionPad2d` and its kin."""
        if len(self.padding) > 1 or len(shape) < 2:
            return "[left, right] pads the last dimension, [left, right, top, bottom] the last two"
        sides = str([*self.padding] * (2 * (len(shape) - 1)))
        return Help.instead(f"on all sides that is `{sides}`", sides)

    def infer(self, inputs: Shapes) -> Shape:
        pads = self._pads(inputs[0])
        if self.mode != "constant":
            self._check_mode(inputs[0])
        cut = [size + min(0, before) + min(0, after) for size, (before, after) in zip(inputs[0], pads, strict=True)]
        output = tuple(size + before + after for size, (before, after) in zip(inputs[0], pads, strict=True))
        if (self.mode == "constant" and min(cut, default=0) < 0) or min(output, default=1) < 1:
            raise ArgumentError("padding", f"negative padding leaves nothing of {show(inputs[0])}", help="cut less")
        return output

    def _check_mode(self, shape: Shape) -> None:
        """What PyTorch asks of paddings that repeat the input; a cut circle would read memory that it never wrote."""
        count = len(self.padding) // 2
        if self.mode == "circular" and min(self.padding, default=0) < 0:
            raise ArgumentError("padding", "`circular` cannot take places away", help="use a slice op before")
        if self.value:
            raise ArgumentError("value", f"mode `{self.mode}` takes no value", help=Help.removal("leave it out"))
        if count not in (1, 2, 3) or len(shape) not in (count, count + 1):
            raise ArgumentError(
                "padding",
                f"mode `{self.mode}` cannot pad {count} dimensions of {show(shape)}",
                help="it pads all spatial dimensions: two numbers for each of them",
            )
        spare = {"reflect": 1, "circular": 0}.get(self.mode)
        for size, pads in zip(shape, self._pads(shape), strict=True):
            if spare is not None and max(pads) > size - spare:
                raise ArgumentError(
                    "padding",
                    f"`{self.mode}` cannot add {max(pads)} places to {size}",
                    help=f"use at most {size - spare}",
                )

    def kept(self, inputs: Shapes, output: Shape) -> tuple[Literal["input", "output"], ...]:
        return ("input",) if self.mode in ("reflect", "replicate") else ()

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        beyond: Beyond = "zeros" if self.mode == "constant" else self.mode
        return (tuple(Along.shifted(dim, -before, 1, beyond) for dim, (before, _) in enumerate(self._pads(inputs[0]))),)

    def torch(self, inputs: Shapes) -> Function:
        return Function("F.pad", (Operand(0), self.padding), self.changed("mode", "value"))
