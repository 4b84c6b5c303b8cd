"""two_inputs, emitted by archspec 0.1.0 (spec 69af62549fcac581). To regenerate:

archspec emit reuse-two-inputs.yaml -o two_inputs.py
"""

from typing import NamedTuple

from torch import Tensor, nn


class Features(nn.Sequential):
    """The block `features`.

    Shape: (N, 1, 16, 16) -> (N, 1, 16, 16)
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, 1, kernel_size=3, padding=1)
        self.relu = nn.ReLU(inplace=True)


class TwoInputsOutputs(NamedTuple):
    """Outputs of two_inputs."""

    a: Tensor
    b: Tensor


class TwoInputs(nn.Module):
    """One block on two inputs of different sizes.

    Shape: (N, 1, 16, 16), (N, 1, 28, 28) -> (N, 1, 16, 16), (N, 1, 28, 28)
    """

    def __init__(self) -> None:
        super().__init__()
        self.a = Features(1)

    def forward(self, x: Tensor, y: Tensor) -> TwoInputsOutputs:
        x = self.a(x)
        b = self.a(y)
        return TwoInputsOutputs(x, b)
