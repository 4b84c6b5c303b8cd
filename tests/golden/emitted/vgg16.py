"""vgg16, emitted by archspec VERSION (spec DIGEST). To regenerate:

archspec emit vgg16.yaml -o vgg16.py
"""

import torch
from torch import Tensor, nn


class VggBlockLayers(nn.Sequential):
    """The group `layers` of `vgg_block`.

    Shape: (N, in_channels, H, W) -> (N, channels, H, W)
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, kernel_size=3, padding=1)
        self.relu = nn.ReLU(inplace=True)


class VggBlock(nn.Sequential):
    """A stage of VGG: padded 3x3 convolutions with ReLU, then 2x2 max pooling (Simonyan
    and Zisserman 2015, arXiv:1409.1556, table 1). With `batch_norm`, batch
    normalisation follows each convolution, which keeps its bias, as in torchvision.

    Shape: (N, in_channels, H, W) -> (N, channels, H / 2, W / 2)

    Args:
        convs: Number of convolutions.
    """

    def __init__(self, in_channels: int, channels: int, convs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            VggBlockLayers(in_channels, channels),
            *(VggBlockLayers(channels, channels) for _ in range(convs - 1)),
        )
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2)


class Vgg16(nn.Module):
    """VGG-16 (Simonyan and Zisserman 2015, arXiv:1409.1556, table 1, configuration D).
    The output is logits.

    Shape: (N, 3, 224, 224) -> (N, 1000)
    """

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential()
        for in_channels, convs, channels in [
            (3, 2, 64),
            (64, 2, 128),
            (128, 3, 256),
            (256, 3, 512),
            (512, 3, 512),
        ]:
            self.features.append(VggBlock(in_channels, channels, convs))
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(25088, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, num_classes),
        )
        self.init_weights()

    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(
                    module.weight, mode="fan_out", nonlinearity="relu"
                )
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.avgpool(x)
        x = torch.flatten(x, start_dim=1)
        x = self.classifier(x)
        return x
