"""The padding of TensorFlow and ONNX, which depends on the size of the input."""

from torch import Tensor, nn


def per_axis(value: int | tuple[int, ...], axes: int) -> list[int]:
    """A number for each spatial dimension."""
    return [value] * axes if isinstance(value, int) else list(value)


def pad_same(
    x: Tensor,
    padding: str,
    kernel_size: list[int],
    stride: list[int],
    dilation: list[int],
    value: float = 0.0,
) -> Tensor:
    """Pad, so that a window fits as often as the size over the stride, rounded up.

    An odd place is added at the end in "same_upper", at the start in "same_lower".
    """
    if padding not in ("same_upper", "same_lower"):
        raise ValueError(f"padding is same_upper or same_lower, not {padding}")
    pads: list[int] = []
    for axis in range(len(kernel_size) - 1, -1, -1):
        size, step = x.shape[axis + 2], stride[axis]
        window = dilation[axis] * (kernel_size[axis] - 1) + 1
        total = max((size + step - 1) // step * step - step + window - size, 0)
        start = (total + int(padding == "same_lower")) // 2
        pads += [start, total - start]
    return nn.functional.pad(x, pads, value=value)
