"""The mean of windows in one dimension, padded as in TensorFlow and ONNX."""

import torch
from torch import Tensor, nn

from archspec.pytorch.layers.same_padding import pad_same, per_axis


class AvgPool1dSame(nn.Module):
    """nn.AvgPool1d with an output of the input's size over the stride, rounded up.

    TensorFlow counts no zeros that are added: ``count_include_pad=False``.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] | None = None,
        padding: str = "same_upper",
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = per_axis(kernel_size, 1)
        self.stride = self.kernel_size if stride is None else per_axis(stride, 1)
        self.padding = padding
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        """Pad the input and take the mean of each window."""
        if self.count_include_pad:
            return self._mean(x)
        return self._mean(x) / self._mean(torch.ones_like(x[:1, :1]))

    def _mean(self, x: Tensor) -> Tensor:
        kernel, step = self.kernel_size, self.stride
        x = pad_same(x, self.padding, kernel, step, [1])
        return nn.functional.avg_pool1d(x, kernel, step)

    def extra_repr(self) -> str:
        """The arguments."""
        window = f"kernel_size={self.kernel_size}, stride={self.stride}"
        counted = f"count_include_pad={self.count_include_pad}"
        return f"{window}, padding={self.padding}, {counted}"
