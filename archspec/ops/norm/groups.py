"""Normalisation of the channels of a sample, in groups or one by one."""

from math import prod

from archspec.errors import ArgumentError, ShapeError
from archspec.ops.arguments import Positive, Real
from archspec.ops.checks import divisors_near
from archspec.ops.facts import Cost, Module, Reach, Window
from archspec.ops.norm.affine import NORMALISE, scaled
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements, show


class GroupNorm(Op, name="group_norm"):
    """Group normalisation: mean 0 and variance 1 over each group of channels and all places.

    Costs 5 operations an element, and 2 for the scale and shift. For the backward pass it keeps the input, and a
    mean and a deviation for each group. PyTorch refuses a batch of 1 where a group has but one element.
    Source: torch.nn.GroupNorm.

    Args:
        num_groups: Number of groups that the channels are divided into.
        eps: Added to the variance.
        affine: Whether to learn a scale and a shift for each channel.
    """

    num_groups: Positive
    eps: Real = 1e-5
    affine: bool = True

    example = "{op: group_norm, num_groups: 4}"
    inferred = ("num_channels",)
    fresh = True
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        if not inputs[0]:
            raise ShapeError("group_norm needs channels", help="reshape to [1] first")
        channels = inputs[0][0]
        if channels % self.num_groups:
            raise ArgumentError(
                "num_groups",
                f"{self.num_groups} groups do not divide the {channels} channels",
                help=f"{divisors_near(self.num_groups, channels)} divides them",
            )
        return inputs[0]

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        return scaled(inputs[0][:1], self.affine)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=(NORMALISE + 2 * self.affine) * elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 2 * 4 * self.num_groups

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        statistics = tuple(range(len(output)))
        return Window.pointwise(len(output) - 1, statistics)

    def torch(self, inputs: Shapes) -> Module:
        sizes = {"num_groups": self.num_groups, "num_channels": inputs[0][0]}
        return Module("nn.GroupNorm", (), sizes | self.changed("eps", "affine"))


class InstanceNorm(Op, name="instance_norm"):
    """Instance normalisation: mean 0 and variance 1 over the places of each channel of each sample.

    Costs 5 operations an element, and 2 for the scale and shift; 2 in all with running statistics, which make it a
    scale and a shift in inference. For the backward pass it keeps the input, and for each channel a mean
    and a deviation, and copies of the scale and of the running statistics.
    Source: torch.nn.InstanceNorm1d, InstanceNorm2d, InstanceNorm3d.

    Args:
        eps: Added to the variance.
        momentum: Share of a new batch in the running statistics.
        affine: Whether to learn a scale and a shift for each channel.
        track_running_stats: Whether to keep running statistics for inference.
    """

    eps: Real = 1e-5
    momentum: Real | None = 0.1
    affine: bool = False
    track_running_stats: bool = False

    example = "{op: instance_norm}"
    inferred = ("num_features",)
    spatial_ranks = frozenset({1, 2, 3})
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        if prod(inputs[0][1:]) == 1:
            raise ShapeError(
                f"instance_norm needs more than one place, the input is {show(inputs[0])}",
                help="use batch_norm or group_norm, or move it before the pooling",
            )
        return inputs[0]

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        return scaled(inputs[0][:1], self.affine)

    def buffers(self, inputs: Shapes) -> dict[str, Shape]:
        channels = inputs[0][:1]
        stats: dict[str, Shape] = {"running_mean": channels, "running_var": channels, "num_batches_tracked": ()}
        return stats if self.track_running_stats else {}

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        each = 2 if self.track_running_stats else NORMALISE + 2 * self.affine
        return Cost(other=each * elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 4 * inputs[0][0] * (2 + self.affine + 2 * self.track_running_stats)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        statistics = () if self.track_running_stats else tuple(range(1, len(output)))
        return Window.pointwise(len(output) - 1, statistics)

    def torch(self, inputs: Shapes) -> Module:
        arguments = self.changed()
        if self.momentum is None:  # as torch.nn.functional.instance_norm reads it; its layer is typed without None
            arguments["momentum"] = 0.0
        return Module(f"nn.InstanceNorm{len(inputs[0]) - 1}d", inputs[0][:1], arguments)
