"""Modules as people write attention and video networks: windows, shared operands, layers of parts that are joined."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - as everyone calls it
from torch import Tensor, nn
from user_modules import module


class Windowed(nn.Module):
    """Attention in windows of 4x4 places, channels last."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.qkv, self.proj = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        b, h, w, c = x.shape
        windows = self.norm(x).view(b, h // 4, 4, w // 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, c)
        q, k, v = self.qkv(windows).reshape(len(windows), 16, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        found = self.proj(((q @ k.transpose(-2, -1)).softmax(-1) @ v).transpose(1, 2).reshape(-1, 16, c))
        found = found.view(b, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)
        return x + found


@module((8, 16, 16))
class ManyWindowsAndOne(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = Windowed(8), Windowed(8), Windowed(16)
        self.merge = nn.Conv2d(8, 16, 4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.first(x.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
        return self.last(self.merge(x).permute(0, 2, 3, 1))


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x.reshape(len(x), -1, 8)).reshape(x.shape)


@module((4, 8))
class LineSharedByWindowsAndOthers(nn.Module):
    """In `forward` of one class the batch is joined, and not where a residual goes around it."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = Plain(), Plain()

    def forward(self, x: Tensor) -> Tensor:
        parts = self.one(x.reshape(-1, 8)).reshape(x.shape)
        mean = x.mean(1)
        return parts + (mean + self.other(mean)).unsqueeze(1)


class Turning(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x: Tensor, turned: Tensor) -> Tensor:
        return x + self.fc(x) * turned


@module((9, 8))
class LayersThatShareAnOperand(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Turning() for _ in range(6))

    def forward(self, x: Tensor) -> Tensor:
        turned = torch.outer(torch.arange(9.0), 1.5 ** torch.arange(8.0)).cos()
        for block in self.blocks:
            x = block(x, turned)
        return x


@module((3, 4, 8, 8))
class ConvolutionsOfFrames(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(4, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6)
        self.row = nn.Conv1d(6, 5, 3, padding="same", groups=1)

    def forward(self, x: Tensor) -> Tensor:
        maps = F.relu(self.bn(self.conv(x.flatten(0, 1)))).mean(-1)
        return self.row(maps).view(len(x), 3, 5, 4)


@module((3, 4, 4, 6, 6))
class ConvolutionsOfVideosOfHeads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(4, 4, 3, (1, 2, 2), 1, groups=4)

    def forward(self, x: Tensor) -> Tensor:
        b, n, c, *sizes = x.shape
        return self.conv(x.reshape(b * n, c, *sizes)).reshape(b, n, c, 4, 3, 3)


@module((2, 9, 9))
class CornerIsWritten(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        scores = x * 2
        scores[:, :, 1:, 2:-1] += x[:, :, :-1, 3:]
        scores[:, 1, :3] = 0.5
        return scores


@module()
class NormsWithoutAShift(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.group, self.batch = nn.GroupNorm(1, 3), nn.BatchNorm2d(3)
        self.group.bias = self.batch.bias = None
        self.shift = nn.Parameter(torch.randn(8))

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(self.batch(self.group(x)), (8,), None, self.shift)


@module((4, 6))
class PositionsOfTwoParts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token, self.rows = nn.Parameter(torch.randn(6)), nn.Parameter(torch.randn(2, 6))
        self.columns = nn.Parameter(torch.randn(2, 6))

    def forward(self, x: Tensor) -> Tensor:
        places = self.rows.repeat_interleave(2, dim=0) + self.columns.unsqueeze(0).expand(2, -1, -1).reshape(-1, 6)
        places = torch.cat((self.token.unsqueeze(0), places), dim=0).unsqueeze(0)
        return torch.cat((self.token.expand(len(x), -1).unsqueeze(1), x), dim=1) + places


class _Video(nn.Module):
    """A bias by distance in windows of a video, of which a map has the first places alone."""

    def __init__(self, window: tuple[int, int, int], heads: int, count: int) -> None:
        super().__init__()
        places = torch.cartesian_prod(*map(torch.arange, window))
        apart = places[:, None] - places + torch.tensor(window) - 1
        d, h, w = (2 * side - 1 for side in window)
        self.register_buffer("index", apart[..., 0] * h * w + apart[..., 1] * w + apart[..., 2])
        self.table, self.count = nn.Parameter(torch.randn(d * h * w, heads)), count

    def forward(self, scores: Tensor) -> Tensor:
        n = self.count
        return scores + self.table[self.index[:n, :n].flatten()].view(n, n, -1).permute(2, 0, 1)


@module((2, 24, 24))
class BiasOfAVideo(_Video):
    def __init__(self) -> None:
        super().__init__((4, 3, 2), 2, 24)


@module((2, 12, 12))
class BiasOfTheFirstFrames(_Video):
    def __init__(self) -> None:
        super().__init__((4, 3, 2), 2, 12)


@module((2, 8, 6))
class DifferencesOfPooledPlaces(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.keys, self.queries = (nn.Parameter(torch.randn(15, 6)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        apart = torch.arange(8)[:, None] - torch.arange(4) * 2 + 6
        first = torch.einsum("bhqc,qkc->bhqk", x, self.keys[apart])
        apart = torch.arange(4)[:, None] * 2 - torch.arange(8) + 7
        second = torch.einsum("bhqc,qkc->bhqk", x[:, :, ::2], self.queries[apart])
        return first + second.transpose(-2, -1)


@module((8, 3, 6))
class RowsOfTheBatch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 6, 5))

    def forward(self, x: Tensor) -> Tensor:
        rows = x.permute(2, 0, 1, 3).reshape(3, -1, 6)
        return torch.matmul(rows, self.weight).transpose(0, 1).view(len(x), 8, 3, 5)


class SameConv2d(nn.Conv2d):
    """As TensorFlow pads, in numbers that are worked out at each call."""

    def forward(self, x: Tensor) -> Tensor:
        pads = []
        for size, kernel, step in zip(x.shape[-2:], self.kernel_size, self.stride, strict=True):
            total = max((-(-size // step) - 1) * step + kernel - size, 0)
            pads = [total // 2, total - total // 2, *pads]
        return F.conv2d(F.pad(x, pads), self.weight, self.bias, self.stride)


@module((3, 10, 9))
class PaddedAsTensorFlowDoes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down = SameConv2d(3, 4, 3, 2), SameConv2d(4, 4, 5, (2, 1))
        self.same = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        padded = F.pad(x, [0, 1, 0, 1])
        return self.same(self.down(self.stem(x)).relu()) + padded.mean((1, 2, 3), keepdim=True)


@module((7, 12))
class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(12, 36), nn.Linear(12, 12)

    def forward(self, x: Tensor) -> Tensor:
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 4, c // 4).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * (c // 4) ** -0.5
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c))


@module((7, 12))
class BatchSecond(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(12, 12)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.transpose(0, 1)).transpose(0, 1)


@module((5, 4))
class ClassToken(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 4))
        self.position = nn.Parameter(torch.zeros(1, 6, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), dim=1) + self.position
        return x[:, 0]


@module((10, 16))
class AttentionByNames(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        found, _ = self.attention(query=x, key=x, value=x, need_weights=False)
        return found


@module((10, 16), refused="attention: attention with `attn_mask`, which is not imported")
class AttentionWithAMask(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
        self.register_buffer("mask", torch.triu(torch.full((10, 10), float("-inf")), 1))

    def forward(self, x: Tensor) -> Tensor:
        found, _ = self.attention(x, x, x, attn_mask=self.mask, need_weights=False)
        return found


@module((16, 32))
class RotaryOfABuffer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        bands = 100.0 ** -(torch.arange(8) / 8)
        rows, columns = torch.arange(4).repeat_interleave(4) + 1.0, torch.arange(4).repeat(4) + 1.0
        angles = torch.cat([torch.outer(columns, bands), torch.outer(rows, bands)], 1).repeat_interleave(2, 1)
        self.register_buffer("embedding", torch.cat([angles.sin(), angles.cos()], 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        sine, cosine = self.embedding.chunk(2, -1)
        turned = torch.stack([-x[..., 1::2], x[..., ::2]], -1).reshape(x.shape)
        return x * cosine + turned * sine
