"""The same, padded as in TensorFlow and ONNX."""

from torch import Tensor, nn

from archspec.pytorch.layers.conv1d_same import Conv1dSame
from archspec.pytorch.layers.same_padding import pad_same
from archspec.pytorch.layers.standardized import standardized


class StdConv1dSame(Conv1dSame):
    """Conv1dSame whose weights for each output have mean 0 and variance 1."""

    def forward(self, input: Tensor) -> Tensor:
        """Pad the input and convolve it with the standardised weight."""
        kernel, step, gap = self.kernel_size, self.stride, self.dilation
        x = pad_same(input, self.padding, list(kernel), list(step), list(gap))
        weight, bias = standardized(self.weight), self.bias
        return nn.functional.conv1d(x, weight, bias, step, 0, gap, self.groups)
