"""Pictures as networks take them."""

from __future__ import annotations

import io
import os
import warnings
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from archspec.errors import UsageError
from archspec.files import reason, whole
from archspec.network import Network
from archspec.ops.tensor import Shape, show

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_MARGIN = 256 / 224
"""How much larger than the crop an image is made first: the usual way to evaluate on ImageNet."""

_MOST_PIXELS = 90_000_000
"""Of an image as it is resized; Pillow has the same bound for one as it is read."""

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
"""ImageNet's, by channel, for values from 0 to 1. Grey images take their means."""


def read_image(path: str | os.PathLike[str], shape: Shape) -> Tensor:
    """An image as a network takes it.

    It is resized until it holds 256/224 of the shape, the centre is cut out, and values are normalised by
    ImageNet's mean and standard deviation.

    Args:
        path: A file that Pillow can read.
        shape: Channels, height and width. One channel takes the image in grey, three in colour.

    Returns:
        A tensor of that shape.

    Raises:
        UsageError: The file cannot be read, or Pillow is not there.
    """
    channels, height, width = shape
    image = _centre(path, _opened(path, "L" if channels == 1 else "RGB"), height, width)
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    values = pixels.view(height, width, channels).permute(2, 0, 1) / 255
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (_MEAN, _STD))
    return (values - mean) / std if channels == 3 else (values - mean.mean()) / std.mean()


def _opened(path: str | os.PathLike[str], mode: str) -> Picture:
    """The image of a file, its pixels in a mode of Pillow's."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError:
        raise UsageError('images need Pillow: pip install "archspec-nn[image]"') from None
    try:
        data = io.BytesIO(whole(path))
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            found = Image.open(data)
            if found.format == "EPS":  # for which Pillow starts an interpreter of PostScript
                raise OSError("EPS holds a program")
            return found.convert(mode)
    except UnidentifiedImageError:
        raise UsageError(f"cannot read `{path}` as an image: its format is not known") from None
    except OSError as error:
        raise UsageError(f"cannot read `{path}` as an image: {reason(error)}") from None
    except Exception as error:  # whatever the bytes of a file make of Pillow's readers
        raise UsageError(f"cannot read `{path}` as an image: {error}") from None


def _centre(path: str | os.PathLike[str], image: Picture, height: int, width: int) -> Picture:
    """The centre of an image that is resized so that it stands out by a margin."""
    scale = _MARGIN * max(height / image.height, width / image.width)
    size = (int(round(scale * image.width, 6)), int(round(scale * image.height, 6)))  # as torchvision rounds
    if size[0] * size[1] > max(_MOST_PIXELS, 4 * height * width):
        wrong = f"{image.width}x{image.height} pixels are too narrow a strip to cut {width}x{height} out of"
        raise UsageError(f"cannot read `{path}` as an image: {wrong}")
    from PIL.Image import Resampling

    left, top = round((size[0] - width) / 2), round((size[1] - height) / 2)
    return image.resize(size, Resampling.BILINEAR).crop((left, top, left + width, top + height))


def image_input(network: Network) -> Shape:
    """The shape of a network's only input.

    Raises:
        UsageError: The input is no image, or not the only one.
    """
    (shape, *others) = network.inputs.values()
    if others or len(shape) != 3 or shape[0] not in (1, 3):
        inputs = ", ".join(f"`{name}` of {show(shape)}" for name, shape in network.inputs.items())
        raise UsageError(f"`{network.name}` takes no image of one or three channels, but {inputs}")
    return shape
