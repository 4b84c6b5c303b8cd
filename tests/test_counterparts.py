"""Networks of torchvision and timm, and ours with their weights: the same figures, and equal outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sampling import PROFILE, few

import archspec

torch = pytest.importorskip("torch")
from counterparts import (  # noqa: E402
    TIMM,
    TORCHVISION,
    TORCHVISION_ARGUMENTS,
    Counterpart,
    filled,
    models,
    tensors,
)
from networks_page import DOCUMENT, render  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from archspec.language import networks  # noqa: E402

SPECS = Path(__file__).parent.parent / "specs"
OURS = {**TORCHVISION, **TORCHVISION_ARGUMENTS}
DETECTORS = {"fpn", "retinanet"}
"""Their builders of torchvision need its compiled part."""
LARGE = 60_000_000
"""Parameters from which outputs are compared at night alone."""


def run(model: nn.Module, network: archspec.Network, dtype: torch.dtype) -> list[torch.Tensor]:
    numbers = torch.Generator().manual_seed(1)
    images = [torch.randn(2, *shape, generator=numbers).to(dtype) for shape in network.inputs.values()]
    with torch.inference_mode():
        return tensors(model(*images))


def check(name: str, counterpart: Counterpart) -> None:
    """Load the library's weights, and compare what both give for a batch of two."""
    size = {"image_size": counterpart.size} if counterpart.size else {}
    network = archspec.compile(name, variant=counterpart.variant, **counterpart.params, **size)
    dtype = torch.float64 if counterpart.double else torch.float32
    theirs = filled(counterpart).to(dtype)
    ours = archspec.build(network, device="meta")
    assert archspec.load_weights(ours, theirs.state_dict()).ok
    for wanted, found in zip(run(theirs, network, dtype), run(ours.eval().to(dtype), network, dtype), strict=True):
        assert wanted.abs().max() > 0.1
        assert (found - wanted).abs().max() <= 1e-5 * wanted.abs().max()


# torchvision


def test_every_builder_of_torchvision_is_a_network_of_ours() -> None:
    modules = [models, models.segmentation, models.video]
    builders = {name for module in modules for name in models.list_models(module)}
    transformers = {name for name in builders if name.startswith(("mvit", "swin3d"))}
    assert {counterpart.builder for counterpart in TORCHVISION.values()} == builders - transformers
    others = {ours: theirs.builder for ours, theirs in TORCHVISION.items() if ours != theirs.builder}
    assert others == {"googlenet_bn": "googlenet"}


@pytest.mark.parametrize("name", few(OURS, 12))
def test_figures_are_those_of_torchvision(name: str) -> None:
    """Parameters, and multiply-accumulates as FlopCounterMode counts them on tensors without data."""
    network = archspec.compile(name, variant=OURS[name].variant, **OURS[name].params)
    with torch.device("meta"):
        model = OURS[name].build()
        with FlopCounterMode(display=False) as counter:
            model(*(torch.empty(1, *shape) for shape in network.inputs.values()))
    assert sum(tensor.numel() for tensor in model.parameters()) == network.params
    assert counter.get_total_flops() == network.flops


@pytest.mark.parametrize(
    "name", few([n for n in OURS if PROFILE == "nightly" or archspec.compile(n).params < LARGE], 6)
)
def test_outputs_are_those_of_torchvision(name: str) -> None:
    check(name, OURS[name])


def test_a_network_of_lists_has_the_names_of_torchvision() -> None:
    theirs = filled(TORCHVISION["alexnet"])
    ours = archspec.build("alexnet", device="meta")
    ours.to_empty(device="cpu").load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.equal(ours.eval()(x), theirs(x))


def test_the_auxiliary_heads_of_googlenet_are_loaded_too() -> None:
    theirs = filled(Counterpart("torchvision", "googlenet", {"init_weights": False, "transform_input": False}))
    ours = archspec.build("googlenet_bn", variant="training")
    archspec.load_weights(ours, theirs.state_dict())
    for model in (ours, theirs):
        for module in model.train().modules():
            module.training = not isinstance(module, nn.Dropout | nn.BatchNorm2d)
    x = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        for wanted, found in zip(theirs(x), (ours(x).logits, ours(x).aux2, ours(x).aux1), strict=True):
            assert (found - wanted).abs().max() <= 1e-5 * wanted.abs().max()


# timm


@pytest.mark.parametrize("theirs", few(TIMM, 5))
def test_outputs_are_those_of_timm(theirs: str) -> None:
    check(*TIMM[theirs])


def test_a_strided_network_of_timm_is_the_dilated_spec() -> None:
    check("resnet50_dilated", Counterpart("timm", "resnet50", {"output_stride": 8}))


# What is compared


def test_each_network_with_rules_for_a_library_is_compared_with_the_library_s() -> None:
    compared: dict[str, set[Any]] = {
        "torchvision": {*OURS, *DETECTORS},
        "timm": {ours for ours, _ in TIMM.values()},
        "ultralytics": {"yolov8"},  # which cannot be installed beside a CPU build
    }
    files = {source: {_file(name) for name in names} for source, names in compared.items()}
    for path in SPECS.glob("*.yaml"):
        for source in archspec.compile(path).weights:
            assert path.stem in files[source], f"{path.stem} of {source}"


def _file(name: str) -> str:
    known = networks.find(name)
    assert known is not None
    return known.path.stem


def test_the_page_of_networks_is_current() -> None:
    """`make networks` writes it."""
    assert DOCUMENT.read_text(encoding="utf-8") == render()
