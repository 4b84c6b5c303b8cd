"""The maximum of windows in one dimension, padded as in TensorFlow and ONNX."""

from torch import Tensor, nn

from archspec.pytorch.layers.same_padding import pad_same, per_axis


class MaxPool1dSame(nn.Module):
    """nn.MaxPool1d with an output of the input's size over the stride, rounded up."""

    def __init__(
        self,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] | None = None,
        padding: str = "same_upper",
        dilation: int | tuple[int] = 1,
    ) -> None:
        super().__init__()
        self.kernel_size = per_axis(kernel_size, 1)
        self.stride = self.kernel_size if stride is None else per_axis(stride, 1)
        self.padding = padding
        self.dilation = per_axis(dilation, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Pad the input with what never wins, and take the maximum of each window."""
        kernel, step, gap = self.kernel_size, self.stride, self.dilation
        x = pad_same(x, self.padding, kernel, step, gap, value=float("-inf"))
        return nn.functional.max_pool1d(x, kernel, step, dilation=gap)

    def extra_repr(self) -> str:
        """The arguments."""
        window = f"kernel_size={self.kernel_size}, dilation={self.dilation}"
        return f"{window}, stride={self.stride}, padding={self.padding}"
