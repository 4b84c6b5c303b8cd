"""zfnet_like, emitted by archspec 0.1.0 (spec 17ddadc890e602ce). To regenerate:

archspec emit lists-zfnet.yaml -o zfnet_like.py
"""

import torch
from torch import Tensor, nn


class Mlp(nn.Sequential):
    """The block `mlp`.

    Shape: (N, 512) -> (N, 128)
    """

    def __init__(self, in_features: int, width: int) -> None:
        super().__init__(nn.Linear(in_features, width), nn.ReLU(inplace=True))


class ZfnetLike(nn.Module):
    """Nodes of a list that is extended, changed by their numbers; the others keep
    theirs.

    Shape: (N, 3, 224, 224) -> (N, 100)
    """

    def __init__(self, num_classes: int = 100) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, kernel_size=7, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(96, 256, kernel_size=5, stride=2, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(256, 384, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Identity(),
            nn.Identity(),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Linear(9216, 512), Mlp(512, 128), nn.Linear(128, num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.avgpool(x)
        x = torch.flatten(x, start_dim=1)
        x = self.classifier(x)
        return x
