"""rows, emitted by archspec 0.1.0 (spec 2de5f21db95f7956). To regenerate:

archspec emit reuse-rows.yaml -o rows.py
"""

from collections import OrderedDict
from typing import NamedTuple

from torch import Tensor, nn


class RowsOutputs(NamedTuple):
    """Outputs of rows."""

    again: Tensor
    units: Tensor
    unit: Tensor


class Rows(nn.Module):
    """Rows of a table again, one of them several times, a node of another node again,
    and one that is changed.

    Shape: (N, 8, 16, 16) -> (N, 16, 15, 15), (N, 4, 16, 16), (N, 8, 16, 16)
    """

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential()
        for in_channels, bias, channels, kernel in [
            (8, True, 8, 1),
            (8, True, 16, 2),
            (16, False, 16, 1),
        ]:
            self.stages.append(
                nn.Conv2d(in_channels, channels, kernel_size=kernel, bias=bias)
            )
        self.units = nn.Sequential(
            *(
                nn.Sequential(
                    OrderedDict(
                        conv=nn.Conv2d(8, channels, kernel_size=1),
                        act=nn.ReLU(inplace=True),
                    ),
                )
                for channels in [8, 4]
            ),
        )

    def forward(self, x: Tensor) -> RowsOutputs:
        out = self.stages[2](self.stages(x))
        for _ in range(2):
            out = self.stages[2](out)
        out = self.stages[2](out)
        first = self.stages[0](x)
        units = self.units(first)
        unit = self.units[0](first)
        return RowsOutputs(out, units, unit)
