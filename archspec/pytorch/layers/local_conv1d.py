"""The locally connected layer in one dimension."""

import math

import torch
from torch import Tensor, nn


class LocalConv1d(nn.Module):
    """A convolution with a kernel and a bias of its own at each place of the output.

    Takes the arguments of nn.Conv1d, and the size of the input, which fixes the places.

    Shape:
        input: (N, in_channels, in_size)
        output: (N, out_channels, out_size)
        weight: (out_size, out_channels, kernel_size, in_channels / groups)
        bias: (out_channels, out_size)
    """

    bias: Tensor | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        in_size: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if in_channels % groups or out_channels % groups:
            raise ValueError("groups must divide in_channels and out_channels")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.in_size = in_size
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self._window = dilation * (kernel_size - 1) + 1
        self.out_size = (in_size + 2 * padding - self._window) // stride + 1
        if self.out_size < 1:
            raise ValueError("kernel_size exceeds the padded input")
        # A negative margin crops what no window sees.
        end = stride * (self.out_size - 1) + self._window - in_size - padding
        self._margins = (0, 0, padding, end)

        kernel = (out_channels, kernel_size, in_channels // groups)
        self.weight = nn.Parameter(torch.empty(self.out_size, *kernel))
        if bias:
            self.bias = nn.Parameter(torch.empty(out_channels, self.out_size))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin at every place as nn.Conv1d does."""
        bound = 1 / math.sqrt(math.prod(self.weight.shape[2:]))
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Multiply the window of each place by the kernel of the place."""
        if list(x.shape[1:]) != [self.in_channels, self.in_size]:
            expected = f"(N, {self.in_channels}, {self.in_size})"
            raise ValueError(f"expected an input of {expected}, got {list(x.shape)}")
        samples, places = x.shape[0], self.out_size * self.groups
        x = nn.functional.pad(x.transpose(1, 2), self._margins)
        x = x.reshape(samples, x.shape[1], self.groups, -1)
        x = x.unfold(1, self._window, self.stride)[..., :: self.dilation]
        patches = x.permute(1, 2, 0, 4, 3).contiguous().flatten(3).flatten(0, 1)
        weight = self.weight.reshape(places, self.out_channels // self.groups, -1)
        out = torch.bmm(weight, patches.transpose(1, 2))
        # Indexing gives a contiguous gradient, without which that of bmm is slow.
        out = out.unsqueeze(0)[0].view(self.out_size, self.out_channels, samples)
        out = out.permute(2, 1, 0).contiguous()
        bias = self.bias
        return out if bias is None else out + bias

    def extra_repr(self) -> str:
        """The arguments, as nn.Conv1d shows them."""
        return (
            f"{self.in_channels}, {self.out_channels}, in_size={self.in_size}, "
            f"kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, dilation={self.dilation}, groups={self.groups}, "
            f"bias={self.bias is not None}"
        )
