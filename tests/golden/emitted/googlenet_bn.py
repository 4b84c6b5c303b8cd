"""googlenet_bn, emitted by archspec VERSION (spec DIGEST). To regenerate:

archspec emit googlenet_bn.yaml -o googlenet_bn.py
"""

import torch
from torch import Tensor, nn


class ConvBnRelu(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size=kernel_size,
            stride=stride,
            padding=(kernel_size - 1) // 2,
            bias=False,
        )
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)
        self.relu = nn.ReLU(inplace=True)


class InceptionBn(nn.Module):
    """Inception module with batch normalisation, as torchvision's GoogLeNet has it:
    convolutions without bias, and a 3x3 kernel in the branch that the paper gives a
    5x5 (Szegedy et al. 2015, arXiv:1409.4842, figure 2b). It takes the arguments of
    the block `inception`.

    Shape: (N, in_channels, H, W) -> (N, ch1x1 + ch3x3 + ch5x5 + pool_proj, H, W)

    Args:
        ch1x1: Channels of the 1x1 branch.
        ch3x3red: Channels of the 1x1 reduction in the second branch.
        ch3x3: Channels of the second branch.
        ch5x5red: Channels of the 1x1 reduction in the third branch.
        ch5x5: Channels of the third branch, whose kernel is 3x3 for all its name.
        pool_proj: Channels of the 1x1 convolution after the pooling.
    """

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        ch5x5red: int,
        ch5x5: int,
        pool_proj: int,
    ) -> None:
        super().__init__()
        self.branch1 = ConvBnRelu(in_channels, ch1x1, kernel_size=1)
        self.branch2 = nn.Sequential()
        self.branch2.reduce = ConvBnRelu(in_channels, ch3x3red, kernel_size=1)
        self.branch2.conv3x3 = ConvBnRelu(ch3x3red, ch3x3)
        self.branch3 = nn.Sequential()
        self.branch3.reduce = ConvBnRelu(in_channels, ch5x5red, kernel_size=1)
        self.branch3.conv3x3 = ConvBnRelu(ch5x5red, ch5x5)
        self.branch4 = nn.Sequential()
        self.branch4.pool = nn.MaxPool2d(kernel_size=3, stride=1, padding=1)
        self.branch4.proj = ConvBnRelu(in_channels, pool_proj, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        branch1 = self.branch1(x)
        branch2 = self.branch2(x)
        branch3 = self.branch3(x)
        branch4 = self.branch4(x)
        return torch.cat((branch1, branch2, branch3, branch4), dim=1)


class GooglenetBn(nn.Module):
    """GoogLeNet as torchvision has it (after Szegedy et al. 2015, arXiv:1409.4842,
    table 1): batch normalisation in place of biases and local response
    normalisation, and 3x3 kernels where the paper has 5x5. With `aux_heads` two
    classifiers more hang on modules 4a and 4d, in training only. The output is
    logits.

    Shape: (N, 3, 224, 224) -> (N, 1000)
    """

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = ConvBnRelu(3, 64, kernel_size=7, stride=2)
        self.maxpool1 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        self.conv2 = ConvBnRelu(64, 64, kernel_size=1)
        self.conv3 = ConvBnRelu(64, 192)
        self.maxpool2 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        self.inception3a = InceptionBn(192, 64, 96, 128, 16, 32, 32)
        self.inception3b = InceptionBn(256, 128, 128, 192, 32, 96, 64)
        self.maxpool3 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        self.inception4a = InceptionBn(480, 192, 96, 208, 16, 48, 64)
        self.inception4b = InceptionBn(512, 160, 112, 224, 24, 64, 64)
        self.inception4c = InceptionBn(512, 128, 128, 256, 24, 64, 64)
        self.inception4d = InceptionBn(512, 112, 144, 288, 32, 64, 64)
        self.inception4e = InceptionBn(528, 256, 160, 320, 32, 128, 128)
        self.maxpool4 = nn.MaxPool2d(kernel_size=2, stride=2, ceil_mode=True)
        self.inception5a = InceptionBn(832, 256, 160, 320, 32, 128, 128)
        self.inception5b = InceptionBn(832, 384, 192, 384, 48, 128, 128)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(p=0.2)
        self.fc = nn.Linear(1024, num_classes)
        self.init_weights()

    def init_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(module.weight, std=0.01)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        x = self.maxpool1(x)
        x = self.conv2(x)
        x = self.conv3(x)
        x = self.maxpool2(x)
        x = self.inception3a(x)
        x = self.inception3b(x)
        x = self.maxpool3(x)
        x = self.inception4a(x)
        x = self.inception4b(x)
        x = self.inception4c(x)
        x = self.inception4d(x)
        x = self.inception4e(x)
        x = self.maxpool4(x)
        x = self.inception5a(x)
        x = self.inception5b(x)
        x = self.avgpool(x)
        x = torch.flatten(x, start_dim=1)
        x = self.dropout(x)
        x = self.fc(x)
        return x
