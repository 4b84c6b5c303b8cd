"""resnet50, emitted by archspec VERSION (spec DIGEST). To regenerate:

archspec emit resnet50.yaml -o resnet50.py
"""

import torch
from torch import Tensor, nn


class Bottleneck(nn.Module):
    """Bottleneck residual block, 1x1, 3x3, 1x1 (He et al. 2016, arXiv:1512.03385,
    figure 5, right). The stride is in the 3x3 (v1.5), or with `stride_in_1x1` in the
    first 1x1, as in the paper. With `groups` and `width_per_group` it is ResNeXt's
    block (Xie et al. 2017, arXiv:1611.05431, figure 3c).

    Shape: (N, in_channels, H, W) -> (N, channels * 4, H / stride, W / stride)

    Args:
        channels: Channels of the 3x3 convolution at one group of 64.
    """

    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(
            channels, channels, kernel_size=3, stride=stride, padding=1, bias=False
        )
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv3 = nn.Conv2d(channels, channels * 4, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels * 4)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != channels * 4:
            self.downsample = nn.Sequential()
            self.downsample.conv = nn.Conv2d(
                in_channels, channels * 4, kernel_size=1, stride=stride, bias=False
            )
            self.downsample.bn = nn.BatchNorm2d(channels * 4)
        self.relu3 = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu1(self.bn1(self.conv1(x)))
        out = self.conv2(out)
        out = self.bn2(out)
        out = self.relu2(out)
        out = self.conv3(out)
        out = self.bn3(out)
        out += self.downsample(x)
        out = self.relu3(out)
        return out


class Resnet50(nn.Module):
    """ResNet-50 (He et al. 2016, arXiv:1512.03385, table 1) in the form v1.5 of
    torchvision, with the stride in the 3x3 convolutions. The paper's 3.8 billion
    operations are 3,857,973,248, with the stride in the first 1x1: the variant
    `paper`. The output is logits.

    Shape: (N, 3, 224, 224) -> (N, 1000)
    """

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = nn.Sequential(
            Bottleneck(64, 64), *(Bottleneck(256, 64) for _ in range(2))
        )
        self.layer2 = nn.Sequential(
            Bottleneck(256, 128, stride=2), *(Bottleneck(512, 128) for _ in range(3))
        )
        self.layer3 = nn.Sequential(
            Bottleneck(512, 256, stride=2), *(Bottleneck(1024, 256) for _ in range(5))
        )
        self.layer4 = nn.Sequential(
            Bottleneck(1024, 512, stride=2), *(Bottleneck(2048, 512) for _ in range(2))
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2048, num_classes)
        self.init_weights()

    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(
                    module.weight, mode="fan_out", nonlinearity="relu"
                )
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        x = self.bn1(x)
        x = self.relu(x)
        x = self.maxpool(x)
        x = self.layer1(x)
        x = self.layer2(x)
        x = self.layer3(x)
        x = self.layer4(x)
        x = self.avgpool(x)
        x = torch.flatten(x, start_dim=1)
        x = self.fc(x)
        return x
