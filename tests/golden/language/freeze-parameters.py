"""frozen_tokens, emitted by archspec 0.1.0 (spec ecf035e7298c153b). To regenerate:

archspec emit freeze-parameters.yaml -o frozen_tokens.py
"""

import re

import torch
from torch import Tensor, nn


class Shift(nn.Module):
    """The block `shift`.

    Shape: (N, 8, 4, 4) -> (N, 8, 4, 4)
    """

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros((8, 1, 1)))
        self.conv = nn.Conv2d(8, 8, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.shift
        x = self.conv(x)
        return x


class FrozenTokens(nn.Module):
    """Learned tensors that do not train, one by one and by a pattern that fits many.

    Shape: (N, 8, 4, 4) -> (N, 8, 4, 4)
    """

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros((8, 1, 1)))
        self.head = Shift()
        self.body = nn.Sequential(*(Shift() for _ in range(14)))
        self.scale.requires_grad_(False)
        self.get_parameter("head.shift").requires_grad_(False)
        for name, parameter in self.named_parameters():
            if re.match(r"body\.[^.]*\.shift(?:\.|$)", name):
                parameter.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.scale
        x = self.head(x)
        x = self.body(x)
        return x
