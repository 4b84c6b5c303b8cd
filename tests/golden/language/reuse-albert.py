"""albert, emitted by archspec 0.1.0 (spec 09a83c75ad7aef82). To regenerate:

archspec emit reuse-albert.yaml -o albert.py
"""

from torch import Tensor, nn


class Layer(nn.Module):
    """The block `layer`.

    Shape: (N, 16, 64) -> (N, 16, 64)
    """

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(64)
        self.up = nn.Linear(64, 256)
        self.act = nn.GELU()
        self.down = nn.Linear(256, 64)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.act(self.up(self.norm(x)))
        out = self.down(out)
        out += x
        return out


class Albert(nn.Module):
    """Layers that all have the same weights (Lan et al. 2020), without attention.

    Shape: (N, 16, 32) -> (N, 16, 64)
    """

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(32, 64)
        self.layer = Layer()
        self.norm = nn.LayerNorm(64)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        x = self.layer(x)
        for _ in range(11):
            x = self.layer(x)
        x = self.norm(x)
        return x
