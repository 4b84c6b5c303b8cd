"""Networks of torchvision and timm, and ours with their weights, give equal outputs.

`make` installs both libraries without what they depend on: the wheels serve beside a CPU build of PyTorch, once two
operators of torchvision's compiled part are declared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sampling import few

import archspec

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

SPECS = Path(__file__).parent.parent / "specs"
LIBRARY = torch.library.Library("torchvision", "DEF")
for operator in ("nms", "qnms"):
    LIBRARY.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
models = pytest.importorskip("torchvision.models")

VGG = [f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")]
RESNET = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d"]

TORCHVISION: dict[str, Callable[[], Any]] = {
    **{name: lambda name=name: models.get_model(name) for name in ["alexnet", "mobilenet_v2", *RESNET]},
    **{name: lambda name=name: models.get_model(name, init_weights=False) for name in VGG},
    "googlenet_bn": lambda: models.googlenet(init_weights=False, transform_input=False, aux_logits=False),
    "resnet50_dilated": lambda: models.resnet50(replace_stride_with_dilation=[False, True, True]),
}


def filled(model: nn.Module) -> nn.Module:
    """The model with weights and statistics of which no two are equal, and that keep the size of what goes through."""
    numbers = torch.Generator().manual_seed(0)
    model.to_empty(device="cpu")
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                bound = (6 / module.weight[0].numel()) ** 0.5
                module.weight.uniform_(-bound, bound, generator=numbers)
            elif isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5, generator=numbers)
                module.running_mean.normal_(0, 0.1, generator=numbers)
                module.running_var.uniform_(0.5, 1.5, generator=numbers)
                module.num_batches_tracked.zero_()
            if getattr(module, "bias", None) is not None:
                module.bias.normal_(0, 0.1, generator=numbers)
    return model


def check(spec: str, make: Callable[[], Any], *, size: int = 64, **params: Any) -> None:
    """Load the library's weights, and compare what both give for a batch of two."""
    with torch.device("meta"):
        model = make()
    theirs = filled(model).eval()
    ours = archspec.build(SPECS / f"{spec}.yaml", device="meta", **params)
    matching = archspec.load_weights(ours, theirs.state_dict())
    assert matching.ok
    x = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        wanted, found = theirs(x), ours.eval()(x)
    assert wanted.abs().max() > 0.1
    assert (found - wanted).abs().max() <= 1e-5 * wanted.abs().max()


@pytest.mark.parametrize("spec", few(TORCHVISION, 5))
def test_outputs_are_those_of_torchvision(spec: str) -> None:
    check(spec, TORCHVISION[spec])


def test_a_network_of_lists_has_the_names_of_torchvision() -> None:
    with torch.device("meta"):
        theirs = models.alexnet()
    filled(theirs).eval()
    ours = archspec.build(SPECS / "alexnet.yaml", device="meta")
    ours.to_empty(device="cpu").load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.equal(ours.eval()(x), theirs(x))


def test_the_auxiliary_heads_of_googlenet_are_loaded_too() -> None:
    theirs = filled(models.googlenet(init_weights=False, transform_input=False))
    ours = archspec.build(SPECS / "googlenet_bn.yaml", variant="training")
    archspec.load_weights(ours, theirs.state_dict())
    for model in (ours, theirs):
        for module in model.train().modules():
            module.training = not isinstance(module, nn.Dropout | nn.BatchNorm2d)
    x = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        for wanted, found in zip(theirs(x), (ours(x).logits, ours(x).aux2, ours(x).aux1), strict=True):
            assert (found - wanted).abs().max() <= 1e-5 * wanted.abs().max()


TIMM: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in ["resnetv2_50", *RESNET, *VGG]},
    "mobilenetv1_100": ("mobilenet_v1", {}),
    "mobilenetv1_125": ("mobilenet_v1", {"width": 1.25}),
    **{
        f"mobilenetv2_{width}": ("mobilenet_v2", {"width": int(width) / 100})
        for width in ("035", "050", "075", "100", "140")
    },
}
"""timm's networks that a spec has too, with the spec and its parameters."""


@pytest.mark.parametrize("name", few(TIMM, 5))
def test_outputs_are_those_of_timm(name: str) -> None:
    timm = pytest.importorskip("timm")
    spec, params = TIMM[name]
    check(spec, lambda: timm.create_model(name), **params)


def test_a_strided_network_of_timm_is_the_dilated_spec() -> None:
    timm = pytest.importorskip("timm")
    check("resnet50_dilated", lambda: timm.create_model("resnet50", output_stride=8))


def test_the_page_names_the_counterparts() -> None:
    """Each spec with rules for a library is compared with the library's network, and no other has its name."""
    timm = pytest.importorskip("timm")
    compared = {"torchvision": {*TORCHVISION}, "timm": {spec for spec, _ in TIMM.values()}}
    for path in SPECS.glob("*.yaml"):
        for source in archspec.compile(path).weights:
            assert path.stem in compared[source], f"{path.stem} of {source}"
    bundled = {re.sub("[^a-z0-9]", "", path.stem) for path in SPECS.glob("*.yaml")}
    named = {re.sub("[^a-z0-9]", "", name) for name in timm.list_models()}
    assert bundled & named <= {re.sub("[^a-z0-9]", "", name) for name in TIMM}
