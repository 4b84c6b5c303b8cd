"""Normalisation of each channel, by statistics of the batch."""

from archspec.errors import ArgumentError
from archspec.ops.arguments import Real
from archspec.ops.facts import Cost, Module, Reach, Window
from archspec.ops.norm.affine import NORMALISE, scaled
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements


class BatchNorm(Op, name="batch_norm"):
    """Batch normalisation: each channel gets mean 0 and variance 1 over the batch and all places.

    Costs 2 operations an element in inference, where it is a scale and a shift; 5, and 2 with `affine`, where it
    keeps no running statistics. For the backward pass it keeps the input; the statistics of the batch are
    not counted. PyTorch refuses a batch of 1 where a channel has but one place: in training, and in evaluation too
    where it keeps no running statistics.
    Source: torch.nn.BatchNorm1d, BatchNorm2d, BatchNorm3d.

    Args:
        eps: Added to the variance, above 0.
        momentum: Share of a new batch in the running statistics; null for the plain mean of all batches.
        affine: Whether to learn a scale and a shift for each channel.
        track_running_stats: Whether to keep running statistics for inference.
    """

    eps: Real = 1e-5
    momentum: Real | None = 0.1
    affine: bool = True
    track_running_stats: bool = True

    example = "{op: batch_norm}"
    inferred = ("num_features",)
    spatial_ranks = frozenset({0, 1, 2, 3})
    fresh = True
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        if self.eps <= 0:
            raise ArgumentError("eps", f"eps must be above 0, not {self.eps:g}", help="PyTorch's default is 1e-5")
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

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        statistics = () if self.track_running_stats else tuple(range(1, len(output)))
        return Window.pointwise(len(output) - 1, statistics)

    def torch(self, inputs: Shapes) -> Module:
        return Module(f"nn.BatchNorm{max(1, len(inputs[0]) - 1)}d", inputs[0][:1], self.changed())
