"""Normalisations. Statistics of the input are not counted in the receptive field, the norms of `normalize` are."""

from math import prod

from archspec.errors import ArgumentError, ShapeError
from archspec.ops.arguments import Index, Indices, Positive, Real
from archspec.ops.checks import check_axes, divisors_near
from archspec.ops.facts import Along, Cost, Function, Kept, Module, Operand, Reach, Taps, Window
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements, show

_NORMALISE = 5
"""Operations an element for ``(x - mean(x)) / sqrt(var(x) + eps)``: the sum of the mean, the difference, its
square, the sum of the squares, the product. The few for each group are left out."""


def _scaled(weight: Shape, affine: bool, bias: bool = True) -> dict[str, Shape]:
    """The learned scale and shift."""
    return ({"weight": weight} if affine else {}) | ({"bias": weight} if affine and bias else {})


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
        return _scaled(inputs[0][:1], self.affine)

    def buffers(self, inputs: Shapes) -> dict[str, Shape]:
        channels = inputs[0][:1]
        stats: dict[str, Shape] = {"running_mean": channels, "running_var": channels, "num_batches_tracked": ()}
        return stats if self.track_running_stats else {}

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        each = 2 if self.track_running_stats else _NORMALISE + 2 * self.affine
        return Cost(other=each * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        statistics = () if self.track_running_stats else tuple(range(1, len(output)))
        return Window.pointwise(len(output) - 1, statistics)

    def torch(self, inputs: Shapes) -> Module:
        return Module(f"nn.BatchNorm{max(1, len(inputs[0]) - 1)}d", inputs[0][:1], self.changed())


def _check_end(name: str, last: Shape, shape: Shape) -> None:
    """Refuse a normalised shape that the input's does not end with.

    Raises:
        ShapeError: There is no dimension besides the batch.
        ArgumentError: The input's shape ends otherwise, or none of its dimensions is named.
    """
    if not shape:
        raise ShapeError(f"{name} needs a dimension besides the batch", help="reshape to [1] first")
    if not last or shape[-len(last) :] != last:
        raise ArgumentError(
            "normalized_shape",
            f"{show(last)} is not the end of the input's shape {show(shape)}",
            help=f"use [{shape[-1]}], or leave it out to normalise the last dimension",
        )


class LayerNorm(Op, name="layer_norm"):
    """Layer normalisation: mean 0 and variance 1 over the last dimensions, or over one.

    Costs 5 operations an element, one more for the scale and one for the shift. For the backward pass it keeps the
    input, and a mean and a deviation for each normalised slice.
    Source: torch.nn.LayerNorm; with ``dim: 1``, LayerNorm2d of torchvision and timm.

    Args:
        normalized_shape: The sizes of the last dimensions, over which to normalise; where left out, of the last one.
        eps: Added to the variance.
        elementwise_affine: Whether to learn a scale and a shift for each element of the normalised shape.
        bias: Whether to learn the shift.
        dim: The one dimension to normalise over, in the place of `normalized_shape`; 1 for the channels of a map.
    """

    normalized_shape: Indices | None = None
    eps: Real = 1e-5
    elementwise_affine: bool = True
    bias: bool = True
    dim: Index | None = None

    example = "{op: layer_norm}"
    example_inputs = ((16, 32),)
    fresh = True
    saved = ("input",)

    def _axes(self, shape: Shape) -> tuple[int, ...]:
        """The indices into the shape of the dimensions that are normalised."""
        if self.dim is not None:
            return tuple(check_axes(self.name, (self.dim,), shape))
        return tuple(range(len(shape)))[-len(self.normalized_shape or (1,)) :]

    def _normalised(self, shape: Shape) -> Shape:
        if self.dim is not None or self.normalized_shape is None:
            return tuple(shape[index] for index in self._axes(shape))
        return self.normalized_shape

    def infer(self, inputs: Shapes) -> Shape:
        shape = inputs[0]
        if self.dim is not None and self.normalized_shape is not None:
            message = "`normalized_shape` names the last dimensions, and `dim` one"
            raise ArgumentError("dim", message, help="leave out one of the two")
        if self.dim is None:
            _check_end(self.name, self._normalised(shape), shape)
        else:
            check_axes(self.name, (self.dim,), shape)
        return shape

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        return _scaled(self._normalised(inputs[0]), self.elementwise_affine, self.bias)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=(_NORMALISE + len(self.weights(inputs))) * elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 2 * 4 * elements(output) // prod(self._normalised(inputs[0]))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1, self._axes(output))

    def torch(self, inputs: Shapes) -> Module:
        """``LayerNormAlong(size, dim=…, …)``; PyTorch's layer over the last dimensions."""
        last, axes = self._normalised(inputs[0]), self._axes(inputs[0])
        shape = last[0] if len(last) == 1 else last
        arguments = self.changed("eps", "elementwise_affine", "bias")
        if axes[-1] < len(inputs[0]) - 1:
            return Module("LayerNormAlong", (shape,), {"dim": self.dim} | arguments)
        return Module("nn.LayerNorm", (shape,), arguments)


class RmsNorm(Op, name="rms_norm"):
    """Division by the root of the mean square over the last dimensions.

    Costs 3 operations an element (square, sum, product), and one more for the scale. For the backward pass it keeps the
    input, a number for each normalised slice, and with the scale what is scaled.
    Source: torch.nn.RMSNorm (Zhang and Sennrich 2019, arXiv:1910.07467).

    Args:
        normalized_shape: The sizes of the last dimensions, over which to normalise; where left out, of the last one.
        eps: Added to the mean square; where left out, the smallest step from 1 that the numbers' type has.
        elementwise_affine: Whether to learn a scale for each element of the normalised shape.
    """

    normalized_shape: Indices | None = None
    eps: Real | None = None
    elementwise_affine: bool = True

    example = "{op: rms_norm}"
    example_inputs = ((16, 32),)
    fresh = True
    saved = ("input",)

    def _normalised(self, shape: Shape) -> Shape:
        return shape[-1:] if self.normalized_shape is None else self.normalized_shape

    def infer(self, inputs: Shapes) -> Shape:
        _check_end(self.name, self._normalised(inputs[0]), inputs[0])
        return inputs[0]

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        return _scaled(self._normalised(inputs[0]), self.elementwise_affine, bias=False)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=(3 + self.elementwise_affine) * elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        slices = elements(output) // prod(self._normalised(inputs[0]))
        return 4 * (slices + self.elementwise_affine * elements(output))

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept | None:
        """For the gradient of its weight alone, the normalised input."""
        return super().keeps(inputs, output, gradients) if any(gradients) else Kept(besides=4 * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        statistics = tuple(range(len(output)))[-len(self._normalised(output)) :]
        return Window.pointwise(len(output) - 1, statistics)

    def torch(self, inputs: Shapes) -> Module:
        last = self._normalised(inputs[0])
        shape = last[0] if len(last) == 1 else last
        return Module("nn.RMSNorm", (shape,), self.changed("eps", "elementwise_affine"))


class GlobalResponseNorm(Op, name="global_response_norm"):
    """Global response normalisation: each channel, scaled by its norm over the mean norm of all, is added to itself.

    ``x + weight * x * n + bias``, where ``n`` is the channel's norm over all places, divided by the mean of the
    channels' norms. Weight and bias have a number for each channel, and begin at zero. Costs 6 operations an element
    (square, sum, two products, two sums), and 3 for each channel (root, sum, quotient). For the backward pass it keeps
    the input, the product of it with ``n``, ``n``, the norms and their mean.
    Source: Woo et al. 2023 (ConvNeXt V2, arXiv:2301.00808, algorithm 1); the tensors of timm's GlobalResponseNorm.

    Args:
        dim: The dimension of the channels; the others are places.
        eps: Added to the mean norm.
    """

    dim: Index = 1
    eps: Real = 1e-6

    example = "{op: global_response_norm}"
    inferred = ("channels",)
    fresh = True
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        if len(inputs[0]) < 2:
            message = f"{self.name} needs a dimension of places, the input is {show(inputs[0])}"
            raise ShapeError(message, help="move it before the flatten")
        self._channels(inputs)
        return inputs[0]

    def _channels(self, inputs: Shapes) -> int:
        (index,) = check_axes(self.name, (self.dim,), inputs[0])
        return inputs[0][index]

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        return _scaled((self._channels(inputs),), True)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=6 * elements(output) + 3 * self._channels(inputs))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 4 * (elements(output) + 2 * self._channels(inputs) + 1)

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept | None:
        """For the gradient of its weight alone, the product of the input with ``n``."""
        return super().keeps(inputs, output, gradients) if any(gradients) else Kept(besides=4 * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1, tuple(range(len(output))))

    def torch(self, inputs: Shapes) -> Module:
        return Module("GlobalResponseNorm", (self._channels(inputs),), self.changed())


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
        return _scaled(inputs[0][:1], self.affine)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=(_NORMALISE + 2 * self.affine) * elements(output))

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
        return _scaled(inputs[0][:1], self.affine)

    def buffers(self, inputs: Shapes) -> dict[str, Shape]:
        channels = inputs[0][:1]
        stats: dict[str, Shape] = {"running_mean": channels, "running_var": channels, "num_batches_tracked": ()}
        return stats if self.track_running_stats else {}

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        each = 2 if self.track_running_stats else _NORMALISE + 2 * self.affine
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


class LocalResponseNorm(Op, name="local_response_norm"):
    """Local response normalisation over neighbouring channels, ``x / (k + alpha * mean(x^2))^beta``.

    Costs ``size + 5`` operations an element: the square, the mean of `size` squares, product, sum, power and
    quotient. PyTorch takes the mean of the squares, as Caffe and ONNX do; AlexNet's paper and TensorFlow take their
    sum: their `alpha` times `size` is that of here. For the backward pass it keeps the input, the squares with
    ``size - 1`` channels of padding, and the denominator before and after the power.
    Source: torch.nn.LocalResponseNorm (Krizhevsky et al. 2012, section 3.3).

    Args:
        size: Number of neighbouring channels.
        alpha: Factor of the mean.
        beta: Exponent.
        k: Added to the mean.
    """

    size: Positive
    alpha: Real = 1e-4
    beta: Real = 0.75
    k: Real = 1.0

    functions = ("local_response_norm(input, size, alpha, beta, k)",)
    example = "{op: local_response_norm, size: 5}"
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        if len(inputs[0]) < 2:
            raise ShapeError(
                f"local_response_norm needs a spatial dimension, the input is {show(inputs[0])}",
                help="move it before the flatten",
            )
        return inputs[0]

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=(self.size + 5) * elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 4 * (3 * elements(output) + (self.size - 1) * prod(output[1:]))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        near = range(-(self.size // 2), (self.size - 1) // 2 + 1)
        return ((Along(0, Taps(1, 1, (near,))), *map(Along.same, range(1, len(output)))),)

    def torch(self, inputs: Shapes) -> Module:
        layer = "LocalResponseNorm3d" if len(inputs[0]) == 4 else "nn.LocalResponseNorm"
        return Module(layer, (), self.changed())


class Normalize(Op, name="normalize"):
    """Division by the p-norm along a dimension, so that it becomes 1.

    Costs 3 operations an element (power, addition, quotient), and 2 for each norm (root, comparison with `eps`).
    Source: torch.nn.functional.normalize.

    Args:
        p: The exponent of the norm.
        dim: The dimension, or a list of them, along which the norm is taken; 1 for the channels.
        eps: The least number that is divided by.
    """

    p: Real = 2.0
    dim: Indices = (1,)
    eps: Real = 1e-12

    functions = ("normalize(input, p, dim, eps, out)",)
    example = "{op: normalize, dim: 1}"
    fresh = True
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        check_axes(self.name, self.dim, inputs[0])
        return inputs[0]

    def _norms(self, shape: Shape) -> int:
        axes = check_axes(self.name, self.dim, shape)
        return elements(tuple(size for index, size in enumerate(shape) if index not in axes))

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=3 * elements(output) + 2 * self._norms(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        """The norms, and what they became by the comparison with `eps`."""
        return 8 * self._norms(output)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        axes = check_axes(self.name, self.dim, output)
        return (tuple(Along.every(size) if at in axes else Along.same(at) for at, size in enumerate(output)),)

    def torch(self, inputs: Shapes) -> Function:
        """Along several dimensions written out: TorchScript's ``F.normalize`` takes only one."""
        if len(self.dim) == 1:
            return Function("F.normalize", (Operand(0),), self.changed())
        norms = Function("torch.linalg.vector_norm", (Operand(0), self.p), {"dim": self.dim, "keepdim": True})
        return Function("torch.div", (Operand(0), Function("torch.clamp", (norms,), {"min": self.eps})))
