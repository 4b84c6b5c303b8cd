"""Where things stand in pictures."""

from __future__ import annotations

import resource
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from drawing_geometry import faults
from drawn import (
    check_parts,
    check_svg,
    drawing,
    every_picture,
    network,
    small,
)
from hypothesis import given, settings
from random_networks import compiled, networks
from sampling import examples

import archspec
from archspec.drawing.content.cards import cards
from archspec.drawing.content.fonts import text_width
from archspec.drawing.content.scene import DETAILS, Edge
from archspec.drawing.drawing import draw
from archspec.drawing.layout import engine
from archspec.drawing.layout.forms import place
from archspec.drawing.layout.pages import PAPERS, page_size
from archspec.drawing.layout.routes import Obstacles, route
from archspec.drawing.layout.tracks import Tracks

LANGUAGE = sorted((Path(__file__).parent / "golden" / "language").glob("*.yaml"))


@pytest.mark.parametrize("direction", ["down", "right"])
@every_picture
def test_nothing_is_on_top_of_anything_else(name: str, detail: str, direction: str) -> None:
    if len(network(name)) > 600 and direction == "right":
        pytest.skip("large: one direction is enough")
    shown = drawing(name, detail).placing.scene
    assert not faults(place(shown, cards(shown), direction))


@every_picture
def test_a_frame_is_drawn_over_the_one_around_it(name: str, detail: str) -> None:
    frames = [frame.cluster for frame in drawing(name, detail).placing.frames]
    seen = {""}
    for cluster in frames:
        assert cluster.parent in seen
        seen.add(cluster.path)


@pytest.mark.parametrize("detail", DETAILS)
def test_side_branches_have_room(detail: str) -> None:
    assert not faults(draw(network("googlenet", "training"), detail=detail).placing)


TWISTED = """
  a: {op: conv, out_channels: 8, kernel_size: 3, padding: 1}
  b: {op: relu, from: a}
  c: {op: tanh, from: a}
  d: {op: add, from: [b, c]}
  e: {op: sigmoid, from: c}
  f: {op: mul, from: [d, e]}
  g: {op: concat, from: [f, b]}
"""


@pytest.mark.parametrize("direction", ["down", "right"])
def test_what_is_no_chain_of_branches_is_laid_out_by_the_engine(direction: str) -> None:
    engine.layout.cache_clear()
    picture = draw(archspec.compile_text(small(TWISTED)), detail="ops", direction=direction)
    assert engine.layout.cache_info().misses == 1
    assert not faults(picture.placing)


def drawn_within(limits: dict[int, int], folder: Path) -> subprocess.CompletedProcess[str]:
    """A picture that the engine lays out, printed by a process with limits."""
    (folder / "net.yaml").write_text(small(TWISTED))

    def limited() -> None:
        for kind, most in limits.items():
            resource.setrlimit(kind, (most, most))

    command = [sys.executable, "-m", "archspec", "draw", "net.yaml", "--detail", "ops", "-o", "-"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, preexec_fn=limited)


def test_the_engine_writes_no_file(tmp_path: Path) -> None:
    free = drawn_within({}, tmp_path)
    assert free.returncode == 0
    assert drawn_within({resource.RLIMIT_FSIZE: 0}, tmp_path).stdout == free.stdout


def test_an_engine_that_has_no_room_is_no_traceback(tmp_path: Path) -> None:
    """It reserves 4 GiB of addresses."""
    done = drawn_within({resource.RLIMIT_AS: 3_000_000_000}, tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: the engine that lays out pictures cannot be started here: ")


FRAMED = """archspec: 1
name: framed
inputs: {image: [8, 1, 1], image2: [8, 4, 4]}
blocks:
  unit:
    inputs: [part, stem]
    graph:
      mul: {op: mul, from: [stem, stem, part, part]}
      linear: {op: linear, out_features: 5}
      join: {op: concat, dim: 2, from: [linear, linear, linear]}
      dropout: dropout
graph:
  norm: {op: layer_norm, from: image}
  shaped: {op: reshape, shape: [1, 1, 8], from: image}
  unit: {block: unit, from: [image, shaped]}
  add: {op: add, from: [unit, image]}
  other: {op: add, from: [image2, norm]}
  flat: {op: flatten, from: add}
  flat2: {op: flatten, from: other}
  concat: {op: concat, from: [flat, flat2]}
"""

SECOND = """archspec: 1
name: second
inputs: {image: [16, 4, 4], image2: [3, 4, 8]}
graph:
  y: {block: nin_block, channels: 4, from: image2}
  gate: {op: sigmoid, from: image2}
  stem: {block: preact_basic, channels: 4}
  flat: {op: flatten, from: image}
  flat2: {op: flatten, from: y}
  concat: {op: concat, from: [flat, flat2]}
  flat3: {op: flatten, from: stem}
  concat2: {op: concat, from: [flat3, concat]}
"""

HALF = """archspec: 1
name: half
inputs: {image: [8, 4, 4]}
blocks:
  unit:
    inputs: [left, right]
    graph:
      relu: {op: relu, from: left}
      sigmoid: {op: sigmoid}
      add: {op: add, from: [sigmoid, right]}
graph:
  conv: {op: conv, out_channels: 8, kernel_size: 1}
  tanh: {op: tanh, from: conv}
  gelu: {op: gelu}
  unit: {block: unit, from: [conv, gelu]}
"""

SIDE = """archspec: 1
name: side
inputs: {image: [8, 4, 4]}
graph:
  a: {op: relu, from: image}
  b: {op: tanh, from: a}
  c: {op: sigmoid, from: a}
  d: {op: add, from: [b, c]}
  e: {op: relu, from: d}
  f: {op: tanh, from: e}
  g: {op: mul, from: [c, b]}
  h: {op: relu, from: g}
outputs: {main: h, side: f}
"""

BESIDE_ITSELF = """archspec: 1
name: beside
inputs: {image: [16, 1, 5], image2: [16, 5, 1]}
graph:
  relu: {op: relu, from: image2}
  pool: {op: avg_pool, kernel_size: 1}
  conv: {op: conv, out_channels: 6, kernel_size: 1}
  flat: {op: flatten, from: image}
  flat2: {op: flatten, from: conv}
  both: {op: concat, from: [flat, flat2]}
  clamp: {op: clamp, min: 0.5, max: 0.7, from: image2, repeat: 2}
  stack: {op: stack, from: [clamp, image2, image2, image2]}
  flat3: {op: flatten, from: stack}
  all: {op: concat, from: [both, flat3]}
"""

LONG_NAMES = f"""archspec: 1
name: long
inputs: {{image: [8, 4, 4]}}
graph:
  {"as_long_as_several_boxes_" * 3}: {{graph: {{one: relu}}, from: image}}
  next: {{graph: {{one: sigmoid, two: relu}}}}
  other: {{op: relu, from: image}}
  add: {{op: add, from: [next, other]}}
"""

OUT_OF_THE_WAY = {
    "framed": FRAMED,
    "beside": BESIDE_ITSELF,
    "second": SECOND,
    "half": HALF,
    "side": SIDE,
    "long names": LONG_NAMES,
}


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("text", OUT_OF_THE_WAY.values(), ids=OUT_OF_THE_WAY)
def test_frames_and_second_inputs_stand_free(text: str, detail: str, direction: str) -> None:
    assert not faults(draw(archspec.compile_text(text), detail=detail, direction=direction).placing)


def test_a_line_goes_round_what_is_in_its_way() -> None:
    edge = Edge("a", "b", "a", (1,))
    source, target, between = (0.0, 0.0, 10.0, 40.0), (90.0, 0.0, 100.0, 40.0), (40.0, 10.0, 60.0, 30.0)
    curve = [(10.0, 20.0), (40.0, 80.0), (60.0, 80.0), (90.0, 20.0)]
    free = route(edge, source, target, curve, Obstacles([source, target]), joins=False, tracks=Tracks())
    assert free == (((10.0, 20.0), (90.0, 20.0)),)
    boxes = Obstacles([source, target, between])
    around = route(edge, source, target, curve, boxes, joins=False, tracks=Tracks())
    assert around[0][0] == (10.0, 20.0)
    assert around[-1][-1] == (90.0, 20.0)
    assert not boxes.meet(around, (source, target))


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("path", LANGUAGE, ids=lambda path: path.stem)
def test_every_form_of_the_language_can_be_drawn(path: Path, detail: str) -> None:
    net = archspec.compile(path)
    picture = draw(net, detail=detail)
    check_parts(net, picture.placing.scene)
    assert not faults(picture.placing)
    check_svg(ElementTree.fromstring(picture.svg), picture.placing.scene)


TWO_TENSORS = """  two: {block: two}
  after: {op: upsample, from: two.small, scale_factor: 2}
  cat: {op: concat, from: [two.large, after]}
"""
BLOCK_OF_TWO = """blocks:
  two:
    graph: {large: relu, small: {op: max_pool, kernel_size: 2}}
    outputs: [large, small]
"""


@pytest.mark.parametrize("direction", ["down", "right"])
def test_each_tensor_of_a_box_has_a_label_of_its_own(direction: str) -> None:
    picture = draw(archspec.compile_text(small(TWO_TENSORS, BLOCK_OF_TWO)), collapse=["two"], direction=direction)
    labels = {placed.edge.shape for placed in picture.placing.edges if placed.label}
    assert {(8, 16, 16), (8, 8, 8)} <= labels
    assert not faults(picture.placing)


@settings(max_examples=examples(25))
@given(networks())
def test_any_network_can_be_drawn(text: str) -> None:
    net = compiled(text)
    for detail in DETAILS:
        picture = draw(net, detail=detail)
        check_parts(net, picture.placing.scene)
        assert not faults(picture.placing)
        check_svg(ElementTree.fromstring(picture.svg), picture.placing.scene)


@every_picture
def test_text_fits_its_box(name: str, detail: str) -> None:
    for card in drawing(name, detail).placing.cards.values():
        widest = max(line.width for line in card.lines)
        assert widest <= (card.width if card.shape == "circle" else card.end - card.start) + 0.01


def test_text_is_as_wide_as_the_fonts_say() -> None:
    from reportlab.pdfbase.ttfonts import TTFont

    from archspec.drawing.formats.pdf import font_files

    characters = [chr(code) for code in range(32, 127)] + list("×·…–")
    for file, bold in zip(font_files(), (False, True), strict=True):
        face = TTFont(Path(file).stem, file).face
        for character in characters:
            assert text_width(character, 1000, bold=bold) == pytest.approx(face.charWidths[ord(character)], abs=1)


@pytest.mark.parametrize("paper", [*PAPERS, "a4-landscape"])
def test_a_picture_on_a_page_has_its_size(paper: str) -> None:
    picture = draw(network("resnet50"), paper=paper)
    root = ElementTree.fromstring(picture.svg)
    size = page_size(paper)
    assert (root.get("width"), root.get("height")) == tuple(f"{length:g}pt" for length in size)
    left, top, width, height = map(float, root.get("viewBox", "").split())
    assert max(left, top) < 0
    assert left + width > picture.picture.size[0]
    assert top + height > picture.picture.size[1]
    assert width / height == pytest.approx(size[0] / size[1], rel=1e-2)
