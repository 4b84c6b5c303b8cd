"""What holds of pictures of any network as cards: for every width, page and direction nothing is on top of anything.

Nightly these are 5,000 pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from drawing_geometry import faults, lines_on_lines, lines_too_near
from drawn import check_parts
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import compiled, networks
from random_streams import networks_with_streams
from sampling import PROFILE, examples
from test_drawing_scales import HRNET, networks_with_scales

import archspec
from archspec.drawing.content.scene import DETAILS
from archspec.drawing.drawing import draw

SKIPS = Path(__file__).parent / "golden" / "language" / "copies-skips.yaml"
SHAPES: dict[str, dict[str, str]] = {
    "40mm": {"width": "40mm"},
    "85mm at 8 pt": {"width": "85mm", "font_size": "8pt"},
    "textwidth at 7 pt": {"width": "textwidth", "font_size": "7pt"},
    "178mm": {"width": "178mm"},
    "16:9": {"size": "16:9"},
    "160x90mm at 8 pt": {"size": "160x90mm", "font_size": "8pt"},
    "a4": {"paper": "a4"},
    "a5-landscape": {"paper": "a5-landscape"},
    "right": {"direction": "right"},
    "down": {"direction": "down"},
}


@settings(max_examples=500 if PROFILE == "nightly" else examples(5))
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@given(st.one_of(networks(), networks_with_scales()), st.sampled_from(DETAILS))
def test_nothing_is_on_top_of_anything_else_in_any_network(shape: dict[str, Any], text: str, detail: str) -> None:
    network = compiled(text)
    picture = draw(network, detail=detail, **shape)
    check_parts(network, picture.placing.scene)
    assert [*faults(picture.placing), *lines_on_lines(picture.placing)] == []
    assert draw(compiled(text), detail=detail, **shape).svg == picture.svg


@settings(max_examples=300 if PROFILE == "nightly" else examples(8))
@given(networks_with_streams(), st.sampled_from(["overview", "ops"]))
def test_lines_between_streams_can_be_told_apart(text: str, detail: str) -> None:
    network = compiled(text)
    for shape in ({}, {"layout": "flow"}, {"direction": "right"}):
        placing = draw(network, detail=detail, **shape).placing
        assert [*faults(placing), *lines_on_lines(placing)] == []


@pytest.mark.parametrize("detail", DETAILS)
def test_lines_of_a_large_network_of_streams_can_be_told_apart(detail: str) -> None:
    placing = draw(archspec.compile(HRNET), detail=detail).placing
    assert [*faults(placing), *lines_on_lines(placing)] == []


@pytest.mark.parametrize("layers", range(2, 21) if PROFILE == "nightly" else (5, 10, 16))
@pytest.mark.parametrize("direction", ["down", "right"])
def test_lines_from_many_copies_to_one_sum_can_be_told_apart(layers: int, direction: str) -> None:
    network = archspec.compile(SKIPS, layers=layers)
    placing = draw(network, direction=direction).placing
    assert [*faults(placing), *lines_on_lines(placing), *lines_too_near(placing)] == []
