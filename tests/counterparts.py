"""Networks of torchvision and timm that bundled ones are compared with.

`make` installs both libraries without what they depend on: the wheels serve beside a CPU build of PyTorch, once two
operators of torchvision's compiled part are declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

LIBRARY = torch.library.Library("torchvision", "DEF")
for operator in ("nms", "qnms"):
    LIBRARY.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
models = pytest.importorskip("torchvision.models")

_widths = models.regnet.BlockParams.from_init_params.__func__


def _widths_with_data(cls: Any, *args: Any, **kwargs: Any) -> Any:
    """RegNet's widths, which its builder computes by tensors that need data."""
    with torch.device("cpu"):
        return _widths(cls, *args, **kwargs)


models.regnet.BlockParams.from_init_params = classmethod(_widths_with_data)


@dataclass(frozen=True)
class Counterpart:
    """A network of another library.

    Attributes:
        library: ``torchvision`` or ``timm``.
        builder: The name of what builds it.
        arguments: What that is given.
        size: The height and width of the images for which outputs are compared; None for the network's own.
        params: Values of parameters of ours, which are the network's by them.
        variant: The variant of ours that it is.
        double: Whether outputs are compared in double precision, since single precision is not precise enough.
    """

    library: str
    builder: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    size: int | None = 64
    params: Mapping[str, Any] = field(default_factory=dict)
    variant: str | None = None
    double: bool = False

    def build(self) -> nn.Module:
        """It, on the device that is set, with weights that nothing has been loaded for."""
        if self.library == "timm":
            model: nn.Module = pytest.importorskip("timm").create_model(self.builder, **self.arguments)
        else:
            model = models.get_model(self.builder, **self.arguments)
        return model.eval()


def _torchvision(*names: str, **given: Any) -> dict[str, Counterpart]:
    return {name: Counterpart("torchvision", name, **given) for name in names}


_NO_BACKBONE = {"weights_backbone": None}
_NO_START = {"init_weights": False}
_INCEPTION = {"init_weights": False, "transform_input": False, "aux_logits": False}

TORCHVISION: dict[str, Counterpart] = {
    **_torchvision("alexnet", "mobilenet_v2", "squeezenet1_0", "squeezenet1_1"),
    **_torchvision(*(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")), arguments=_NO_START),
    "googlenet_bn": Counterpart("torchvision", "googlenet", _INCEPTION),
    **_torchvision("inception_v3", arguments=_INCEPTION, size=96),
    **_torchvision(*(f"resnet{depth}" for depth in (18, 34, 50, 101, 152))),
    **_torchvision("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2"),
    **_torchvision(*(f"densenet{depth}" for depth in (121, 161, 169, 201))),
    **_torchvision(*(f"shufflenet_v2_x{width}" for width in ("0_5", "1_0", "1_5", "2_0"))),
    **_torchvision(*(f"mnasnet{width}" for width in ("0_5", "0_75", "1_0", "1_3"))),
    **_torchvision("mobilenet_v3_large", "mobilenet_v3_small"),
    **_torchvision(*(f"efficientnet_b{i}" for i in range(8)), *(f"efficientnet_v2_{size}" for size in "sml")),
    **_torchvision(*(f"regnet_{kind}_{size}" for kind in "xy" for size in
                     ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")), "regnet_y_128gf"),
    **_torchvision(*(f"convnext_{size}" for size in ("tiny", "small", "base", "large"))),
    **_torchvision(*(f"vit_{size}" for size in ("b_16", "b_32", "l_16", "l_32", "h_14")), size=None),
    **_torchvision(*(f"swin_{size}" for size in "tsb"), *(f"swin_v2_{size}" for size in "tsb"), size=96),
    **_torchvision("maxvit_t", size=None, double=True),
    **_torchvision("fcn_resnet50", "fcn_resnet101", arguments=_NO_BACKBONE),
    **_torchvision("deeplabv3_resnet50", "deeplabv3_resnet101", "deeplabv3_mobilenet_v3_large",
                   "lraspp_mobilenet_v3_large", arguments=_NO_BACKBONE),
    **_torchvision("r3d_18", "mc3_18", "r2plus1d_18"),
    **_torchvision("s3d", size=None),
}  # fmt: skip
"""Each builder of torchvision, by the name of our network."""

TORCHVISION_ARGUMENTS: dict[str, Counterpart] = {
    f"{name}_dilated": Counterpart("torchvision", name, {"replace_stride_with_dilation": [False, True, True]})
    for name in ("resnet50", "resnet101")
}
"""Networks that a builder of torchvision makes by its arguments."""

_TIMM = [
    "resnetv2_50", *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)), "resnext50_32x4d",
    "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2",
    *(f"densenet{depth}" for depth in (121, 161, 169, 201)),
    *(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")),
    *(f"efficientnet_b{i}" for i in range(5)), *(f"convnext_{size}" for size in ("tiny", "small", "base")),
]  # fmt: skip
_OTHER_NAMES = {
    "regnety_004": "regnet_y_400mf", "regnety_008_tv": "regnet_y_800mf", "regnety_016": "regnet_y_1_6gf",
    "regnety_032": "regnet_y_3_2gf", "regnety_080_tv": "regnet_y_8gf", "regnetx_004_tv": "regnet_x_400mf",
    "regnetx_008": "regnet_x_800mf", "regnetx_016": "regnet_x_1_6gf", "regnetx_032": "regnet_x_3_2gf",
    "regnetx_080": "regnet_x_8gf", "mnasnet_050": "mnasnet0_5", "mnasnet_075": "mnasnet0_75",
    "mnasnet_100": "mnasnet1_0",
}  # fmt: skip
TIMM: dict[str, tuple[str, Counterpart]] = {
    **{name: (name, Counterpart("timm", name)) for name in _TIMM},
    **{theirs: (ours, Counterpart("timm", theirs)) for theirs, ours in _OTHER_NAMES.items()},
    "inception_v3": ("inception_v3", Counterpart("timm", "inception_v3", size=96)),
    "vit_base_patch16_224": ("vit_b_16", Counterpart("timm", "vit_base_patch16_224", size=None)),
    "vit_base_patch32_224": ("vit_b_32", Counterpart("timm", "vit_base_patch32_224", size=None)),
    "swin_tiny_patch4_window7_224": ("swin_t", Counterpart("timm", "swin_tiny_patch4_window7_224", size=None)),
    "mobilenetv1_100": ("mobilenet_v1", Counterpart("timm", "mobilenetv1_100")),
    "mobilenetv1_125": ("mobilenet_v1", Counterpart("timm", "mobilenetv1_125", params={"width": 1.25})),
    **{
        f"mobilenetv2_{width}": (
            "mobilenet_v2", Counterpart("timm", f"mobilenetv2_{width}", params={"width": int(width) / 100})
        )
        for width in ("035", "050", "075", "100", "140")
    },
}  # fmt: skip
"""timm's networks, by their names: the name of ours, and what it is compared with."""


def filled(counterpart: Counterpart) -> nn.Module:
    """The network with weights and statistics of which no two are equal, which keep the size of what goes through."""
    numbers = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        model = counterpart.build()
    statistics = {"running_mean", "running_var", "num_batches_tracked"}
    if {name.rpartition(".")[2] for name, _ in model.named_buffers()} <= statistics:
        model.to_empty(device="cpu")
    else:  # tables and indices, whose values are made where the model is
        model = counterpart.build()
    with torch.no_grad():
        for module in model.modules():
            for name, tensor in module.named_parameters(recurse=False):
                if tensor.dim() > 1 and name.endswith("weight"):
                    bound = (6 / tensor[0].numel()) ** 0.5
                    tensor.uniform_(-bound, bound, generator=numbers)
                elif name == "weight":
                    tensor.uniform_(0.5, 1.5, generator=numbers)
                else:
                    tensor.normal_(0, 0.1, generator=numbers)
            for name, tensor in module.named_buffers(recurse=False):
                if name == "running_mean":
                    tensor.normal_(0, 0.1, generator=numbers)
                elif name == "running_var":
                    tensor.uniform_(0.5, 1.5, generator=numbers)
                elif name == "num_batches_tracked":
                    tensor.zero_()
    return model


def tensors(outputs: Any) -> list[torch.Tensor]:
    """The tensors that a network gives: one, several, or a mapping or object of them."""
    if isinstance(outputs, torch.Tensor):
        return [outputs]
    return list(outputs.values() if isinstance(outputs, dict) else outputs)
