"""A fixed blur before a stride."""

from fractions import Fraction
from typing import Annotated

from pydantic import Field

from archspec.errors import ArgumentError
from archspec.ops.arguments import Positive
from archspec.ops.facts import Cost, Module, Reach, Window
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements, show


class BlurPool(Op, name="blur_pool"):
    """Blurs each channel of an image with binomial weights, and takes every so many places.

    The input is reflected at its borders, and the output has its size over the stride, rounded up. The weights are a
    buffer, and are not trained. Costs ``kernel_size^2`` multiply-accumulates for each element of the output. For the
    backward pass it keeps the input, and its padded copy.
    Source: Zhang 2019 (arXiv:1904.11486), whose code calls the buffer `filt`; timm's BlurPool2d is the same where the
    kernel size is odd and the stride 2, and has no buffer in its checkpoints, which fit without it.

    Args:
        kernel_size: Size of the window, at most 7; its weights are ``[1, 2, 1]`` for 3, ``[1, 3, 3, 1]`` for 4.
        stride: Steps of the window.
    """

    kernel_size: Annotated[int, Field(ge=1, le=7)] = 3
    stride: Positive = 2

    example = "{op: blur_pool}"
    inferred = ("channels",)
    spatial_ranks = frozenset({2})
    constants = ("filt",)
    fresh = True
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        channels, *sizes = inputs[0]
        if self.kernel_size // 2 >= min(sizes):
            raise ArgumentError(
                "kernel_size",
                f"a border of {show(tuple(sizes))} cannot be reflected by {self.kernel_size // 2} places",
                help=f"use a kernel of at most {2 * min(sizes) - 1}",
            )
        return (channels, *(-(-size // self.stride) for size in sizes))

    def buffers(self, inputs: Shapes) -> dict[str, Shape]:
        return {"filt": (inputs[0][0], 1, self.kernel_size, self.kernel_size)}

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(macs=elements(output) * self.kernel_size**2)

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        channels, height, width = inputs[0]
        return 4 * channels * (height + self.kernel_size - 1) * (width + self.kernel_size - 1)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        stride, before = Fraction(self.stride), Fraction((self.kernel_size - 1) // 2)
        return Window((self.kernel_size,) * 2, (stride,) * 2, (before,) * 2, beyond="reflect", groups=0)

    def torch(self, inputs: Shapes) -> Module:
        """``BlurPool2d(channels, kernel_size=…, stride=…)``."""
        return Module("BlurPool2d", (inputs[0][0],), self.changed())
