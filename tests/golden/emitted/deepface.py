"""deepface, emitted by archspec VERSION (spec DIGEST). To regenerate:

archspec emit deepface.yaml -o deepface.py
"""

import math

import torch
from torch import Tensor, nn


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


class LocalConv2d(nn.Module):
    """A convolution with a kernel and a bias of its own at each place of the output.

    Takes the arguments of nn.Conv2d, and the size of the input, which fixes the places.

    Shape:
        input: (N, in_channels, *in_size)
        output: (N, out_channels, *out_size)
        weight: (*out_size, out_channels, *kernel_size, in_channels / groups)
        bias: (out_channels, *out_size)
    """

    bias: Tensor | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        in_size: int | tuple[int, int],
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if in_channels % groups or out_channels % groups:
            raise ValueError("groups must divide in_channels and out_channels")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.in_size = height, width = _pair(in_size)
        self.kernel_size = _pair(kernel_size)
        self.stride = stride_y, stride_x = _pair(stride)
        self.padding = top, left = _pair(padding)
        self.dilation = _pair(dilation)
        self.groups = groups
        reach_y = self.dilation[0] * (self.kernel_size[0] - 1)
        reach_x = self.dilation[1] * (self.kernel_size[1] - 1)
        rows = (height + 2 * top - reach_y - 1) // stride_y + 1
        columns = (width + 2 * left - reach_x - 1) // stride_x + 1
        if rows < 1 or columns < 1:
            raise ValueError("kernel_size exceeds the padded input")
        self.out_size = (rows, columns)
        self._window = (reach_y + 1, reach_x + 1)
        # A negative margin crops what no window sees. The rows are made a multiple of
        # the stride, for _by_kernel_row.
        bottom = stride_y * (rows + reach_y // stride_y) - height - top
        right = stride_x * (columns - 1) + reach_x + 1 - width - left
        self._margins = (0, 0, left, right, top, bottom)

        kernel = (out_channels, *self.kernel_size, in_channels // groups)
        self.weight = nn.Parameter(torch.empty(rows, columns, *kernel))
        if bias:
            self.bias = nn.Parameter(torch.empty(out_channels, rows, columns))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin at every place as nn.Conv2d does."""
        bound = 1 / math.sqrt(math.prod(self.weight.shape[3:]))
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Multiply the window of each place by the kernel of the place."""
        height, width = self.in_size
        if list(x.shape[1:]) != [self.in_channels, height, width]:
            expected = f"(N, {self.in_channels}, {height}, {width})"
            raise ValueError(f"expected an input of {expected}, got {list(x.shape)}")
        x = nn.functional.pad(x.permute(0, 2, 3, 1), self._margins)
        out = self._at_once(x) if x.shape[0] == 1 else self._by_kernel_row(x)
        # Indexing gives a contiguous gradient, without which that of bmm is slow.
        out = out.unsqueeze(0)[0]
        out = out.view(*self.out_size, self.groups, x.shape[0], -1)
        out = out.permute(3, 2, 4, 0, 1).flatten(1, 2).contiguous()
        bias = self.bias
        return out if bias is None else out + bias

    def _at_once(self, x: Tensor) -> Tensor:
        """One product at each place, for which the weights are read once, in order."""
        x = x.reshape(1, x.shape[1], x.shape[2], self.groups, -1)
        x = x.unfold(1, self._window[0], self.stride[0])[..., :: self.dilation[0]]
        x = x.unfold(2, self._window[1], self.stride[1])[..., :: self.dilation[1]]
        patches = x.permute(1, 2, 3, 0, 5, 6, 4).flatten(4).flatten(0, 2)
        out = torch.bmm(self._matrices(self.weight), patches.transpose(1, 2))
        return out.transpose(1, 2)

    def _by_kernel_row(self, x: Tensor) -> Tensor:
        """A sum over the rows of the kernel, for which only the width is unfolded."""
        samples, step, rows = x.shape[0], self.stride[0], self.out_size[0]
        x = x.reshape(samples, -1, step, x.shape[2], self.groups, self.weight.shape[5])
        x = x.unfold(3, self._window[1], self.stride[1])[..., :: self.dilation[1]]
        x = x.permute(2, 1, 3, 4, 0, 6, 5).contiguous().flatten(5)
        strips = x.unbind()  # Strip y % step holds row y of the input at y // step.
        places = rows * self.out_size[1] * self.groups
        out = x.new_zeros(places, samples, self.out_channels // self.groups)
        for index, weight in enumerate(self.weight.unbind(3)):
            y = index * self.dilation[0]
            patches = strips[y % step].narrow(0, y // step, rows).flatten(0, 2)
            out = torch.baddbmm(out, patches, self._matrices(weight).transpose(1, 2))
        return out

    def _matrices(self, weight: Tensor) -> Tensor:
        """A matrix for each place and group, of outputs by inputs."""
        places = self.out_size[0] * self.out_size[1] * self.groups
        return weight.reshape(places, self.out_channels // self.groups, -1)

    def extra_repr(self) -> str:
        """The arguments, as nn.Conv2d shows them."""
        return (
            f"{self.in_channels}, {self.out_channels}, in_size={self.in_size}, "
            f"kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, dilation={self.dilation}, groups={self.groups}, "
            f"bias={self.bias is not None}"
        )


class ConvRelu(nn.Sequential):
    """Convolution and ReLU (Krizhevsky et al. 2012, section 3.1).

    Shape: (N, in_channels, H, W) -> (N, out_channels, H_out, W_out)
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=kernel_size)
        self.relu = nn.ReLU(inplace=True)


class LocalRelu(nn.Sequential):
    """Locally connected layer and ReLU (Taigman et al. 2014, section 3.1).

    Shape: (N, 16, H, W) -> (N, 16, H_out, W_out)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        in_size: tuple[int, int],
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.local = LocalConv2d(
            in_channels,
            out_channels,
            kernel_size=kernel_size,
            stride=stride,
            in_size=in_size,
        )
        self.relu = nn.ReLU(inplace=True)


class Deepface(nn.Module):
    """DeepFace (Taigman et al. 2014, section 3.1 and figure 2): two convolutions, three
    locally connected layers with a kernel and a bias of their own at every place,
    and two linear layers; ReLU after all but the last. With 4030 identities it has
    118.9 million parameters, not 'more than 120 million'. The output is logits.

    Shape: (N, 3, 152, 152) -> (N, 4030)

    Args:
        num_classes: Number of identities.
    """

    def __init__(self, num_classes: int = 4030) -> None:
        super().__init__()
        self.C1 = ConvRelu(3, 32, kernel_size=11)
        self.M2 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        self.C3 = ConvRelu(32, 16, kernel_size=9)
        self.L4 = LocalRelu(16, 16, 9, (63, 63))
        self.L5 = LocalRelu(16, 16, 7, (55, 55), stride=2)
        self.L6 = LocalRelu(16, 16, 5, (25, 25))
        self.F7 = nn.Linear(7056, 4096)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout()
        self.F8 = nn.Linear(4096, num_classes)
        self.init_weights()

    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, (LocalConv2d, nn.Conv2d)):
                nn.init.normal_(module.weight, std=0.01)
                if module.bias is not None:
                    nn.init.constant_(module.bias, val=0.5)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.01)
                nn.init.constant_(module.bias, val=0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.C1(x)
        x = self.M2(x)
        x = self.C3(x)
        x = self.L4(x)
        x = self.L5(x)
        x = self.L6(x)
        x = torch.flatten(x, start_dim=1)
        x = self.F7(x)
        x = self.relu(x)
        x = self.dropout(x)
        x = self.F8(x)
        return x
