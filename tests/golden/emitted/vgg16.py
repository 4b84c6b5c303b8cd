"""vgg16, emitted by archspec VERSION (spec DIGEST). To regenerate:

archspec emit vgg16.yaml -o vgg16.py
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn


class VggBlockLayers(nn.Sequential):
    """The group `layers` of `vgg_block`.

    Shape: (N, in_channels, H, W) -> (N, channels, H, W)

    Args:
        in_channels: Channels of the input.
        channels: Channels of every convolution.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__(
            OrderedDict(
                conv=nn.Conv2d(in_channels, channels, kernel_size=3, padding=1),
                relu=nn.ReLU(inplace=True),
            ),
        )


class VggBlock(nn.Sequential):
    """A stage of VGG: padded 3x3 convolutions with ReLU, then 2x2 max pooling (Simonyan
    and Zisserman 2015, arXiv:1409.1556, table 1). With `batch_norm`, batch
    normalisation follows each convolution, which keeps its bias, as in torchvision.

    Shape: (N, in_channels, H, W) -> (N, channels, H / 2, W / 2)

    Args:
        in_channels: Channels of the input.
        channels: Channels of every convolution.
        convs: Number of convolutions.
    """

    def __init__(self, in_channels: int, channels: int, convs: int = 2) -> None:
        super().__init__(
            OrderedDict(
                layers=nn.Sequential(
                    VggBlockLayers(in_channels, channels),
                    *(VggBlockLayers(channels, channels) for _ in range(convs - 1)),
                ),
                pool=nn.MaxPool2d(kernel_size=2, stride=2),
            ),
        )


class Vgg16(nn.Module):
    """VGG-16 (Simonyan and Zisserman 2015, arXiv:1409.1556, table 1, configuration D).
    The output is logits.

    Shape: (N, 3, 224, 224) -> (N, 1000)

    Args:
        num_classes: Number of classes.
    """

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.stage1 = VggBlock(3, 64)
        self.stage2 = VggBlock(64, 128)
        self.stage3 = VggBlock(128, 256, convs=3)
        self.stage4 = VggBlock(256, 512, convs=3)
        self.stage5 = VggBlock(512, 512, convs=3)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.fc1 = nn.Linear(25088, 4096)
        self.relu1 = nn.ReLU(inplace=True)
        self.drop1 = nn.Dropout()
        self.fc2 = nn.Linear(4096, 4096)
        self.relu2 = nn.ReLU(inplace=True)
        self.drop2 = nn.Dropout()
        self.fc3 = nn.Linear(4096, num_classes)
        self.init_weights()

    def init_weights(self) -> None:
        """Initialise the weights."""
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
        x = self.stage1(x)
        x = self.stage2(x)
        x = self.stage3(x)
        x = self.stage4(x)
        x = self.stage5(x)
        x = self.avgpool(x)
        x = torch.flatten(x, start_dim=1)
        x = self.fc1(x)
        x = self.relu1(x)
        x = self.drop1(x)
        x = self.fc2(x)
        x = self.relu2(x)
        x = self.drop2(x)
        x = self.fc3(x)
        return x
