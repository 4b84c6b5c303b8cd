"""Laws over the bundled specs: each is complete, has a contract, takes classes and image sizes."""

from __future__ import annotations

import re

import pytest
from bundled import NAMES, REFERENCES, ROOT, SPECS, edited, network, written
from networks_page import code_lines

import archspec


def test_the_corpus_is_complete() -> None:
    assert {row["spec"] for row in REFERENCES} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_spec_compiles_and_holds_its_contract(name: str) -> None:
    net = network(name)
    assert net.name == name
    assert not net.unknown_costs


@pytest.mark.parametrize("name", NAMES)
def test_every_spec_states_a_full_contract(name: str) -> None:
    """A variant states shapes where they are not the network's own."""
    shapes = shapes_of(name)
    variants = {each: variant["expect"] for each, variant in written(name).get("variants", {}).items() if variant}
    for variant, contract in {None: written(name).get("expect", {}), **variants}.items():
        assert {"params", "macs"} <= contract.keys()
        assert contract.keys() & {"output", "outputs"} or (variant and shapes_of(name, variant) == shapes)


def shapes_of(name: str, variant: str | None = None) -> dict[str, tuple[int, ...]]:
    """The shapes of a spec's outputs."""
    network = archspec.compile(SPECS / f"{name}.yaml", variant=variant)
    return {each: output.shape for each, output in network.outputs.items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_spec_has_its_modeline_and_doc(name: str) -> None:
    modeline = (SPECS / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    schema = modeline.removeprefix("# yaml-language-server: $schema=")
    assert (SPECS / schema).resolve() == (ROOT / "docs" / "archspec.schema.json").resolve()
    doc = written(name)["doc"]
    assert re.search(r"\b(19|20)\d\d\b.*\b(table|figure|section)\b", doc), "the doc names no source"
    others = "he outputs are " if name in PYRAMIDS else "he output is "
    assert ("he output is logits" if name not in WITHOUT_CLASSES | PYRAMIDS else others) in doc


@pytest.mark.parametrize("name", NAMES)
def test_every_spec_fits_on_a_page(name: str) -> None:
    lines = (SPECS / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 120
    assert code_lines(SPECS / f"{name}.yaml") <= 60


WITHOUT_CLASSES = {"dcgan_generator", "dcgan_discriminator", "fpn"}
PYRAMIDS = {"fpn", "retinanet", "yolov8"}
"""Networks that give maps of several levels."""
ANCHORS = 9
PER_CLASS = {"retinanet": ("classes", ANCHORS, 0), "yolov8": ("", 1, 4 * 16)}
"""Of networks that detect: the outputs that grow with the classes, channels of these for each, and their others."""
WITHOUT_IMAGES = {"dcgan_generator", "segnet"}


@pytest.mark.parametrize("name", NAMES)
def test_every_spec_takes_a_number_of_classes(name: str) -> None:
    """Each output has so many channels, and is else as it was: scores of an image, or of each place of a map."""
    assert ("num_classes" not in network(name).arguments) == (name in WITHOUT_CLASSES)
    if name not in WITHOUT_CLASSES:
        start, each, others = PER_CLASS.get(name, ("", 1, 0))
        wanted = {
            key: (each * 7 + others if key.startswith(start) else output.shape[0], *output.shape[1:])
            for key, output in network(name).outputs.items()
        }
        assert {key: output.shape for key, output in network(name, num_classes=7).outputs.items()} == wanted


@pytest.mark.parametrize("name", NAMES)
def test_every_spec_takes_an_image_size(name: str) -> None:
    """The sides of an image, or of the images of a clip; SegNet's has a height and a width."""
    assert ("image_size" not in network(name).arguments) == (name in WITHOUT_IMAGES)
    if name not in WITHOUT_IMAGES:
        size = network(name).arguments["image_size"] + 32
        (shape,) = network(name, image_size=size).inputs.values()
        (usual,) = network(name).inputs.values()
        assert shape == (*usual[:-2], size, size)


@pytest.mark.parametrize("name", [name for name in NAMES if "image_size" in written(name).get("params", {})])
def test_the_least_image_size_is_the_least_that_runs(name: str) -> None:
    least = written(name)["params"]["image_size"]["min"]
    assert network(name, image_size=least).outputs
    if least > 1:
        with pytest.raises(archspec.SpecError):
            edited(name, f"params: {{image_size: {{default: {least - 1}, min: 1}}}}")


VARIANTS = [(name, key) for name in NAMES for key, value in written(name).get("variants", {}).items() if value]


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_every_variant_holds_its_contract(name: str, variant: str) -> None:
    """The file's defaults may have a name as well, which begins with the file's."""
    assert network(name, variant).arguments != network(name).arguments or variant.startswith(name)
