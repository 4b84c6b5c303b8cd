"""tokens, emitted by archspec 0.1.0 (spec c7648a562f3445c2). To regenerate:

archspec emit parameters-class-token.yaml -o tokens.py
"""

import torch
from torch import Tensor, nn


class Tokens(nn.Module):
    """A class token and position embeddings (Dosovitskiy et al. 2021, arXiv:2010.11929,
    section 3.1).

    Shape: (N, 3, 16, 16) -> (N, 10)
    """

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 32, kernel_size=4, stride=4)
        self.class_token = nn.Parameter(torch.zeros((1, 32)))
        self.position = nn.Parameter(torch.zeros((17, 32)))
        self.norm = nn.LayerNorm(32)
        self.fc = nn.Linear(32, 10)
        self.init_weights()

    def init_weights(self) -> None:
        for name, parameter in self.named_parameters():
            if name == "position":
                nn.init.trunc_normal_(parameter, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        out = self.patches(x)
        out = torch.flatten(out, start_dim=2)
        out = out.permute(0, 2, 1)
        x = self.class_token.expand(x.shape[0], -1, -1)
        x = torch.cat((x, out), dim=1)
        x += self.position
        x = self.norm(x)
        x = x[:, :1]
        x = torch.flatten(x, start_dim=1)
        x = self.fc(x)
        return x
