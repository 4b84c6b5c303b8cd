"""What a step of a line costs: a line of another tensor beside it is in its way, and one that it crosses counts."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from archspec.drawing.layout.geometry import Point
from archspec.drawing.layout.wiring import Wiring

NEAR, CROSSING = 3.0, 30.0

numbers = st.one_of(st.integers(0, 12), st.floats(0, 12))


class Part(NamedTuple):
    """A straight part of a line of a tensor, right or down."""

    tensor: str
    start: Point
    end: Point

    def met(self, other: Part, clear: float = 0.0) -> bool:
        """Whether another is nearer than that along both axes, or on it."""
        axes = zip(self.start, self.end, other.start, other.end, strict=True)
        gaps = (max(low - end, begin - high) for low, high, begin, end in axes)
        return all(gap < clear if clear else gap <= 0 for gap in gaps)

    @property
    def is_down(self) -> bool:
        return self.start[0] == self.end[0]


@st.composite
def parts(draw: st.DrawFn) -> Part:
    place, (low, high) = draw(numbers), sorted((draw(numbers), draw(numbers) + 1))
    tensor, is_down = draw(st.sampled_from("abc")), draw(st.booleans())
    return Part(tensor, (place, low), (place, high)) if is_down else Part(tensor, (low, place), (high, place))


@given(st.lists(parts(), max_size=12), parts())
def test_each_line_of_another_tensor_is_passed_at_a_distance_or_crossed(drawn: list[Part], step: Part) -> None:
    wiring = Wiring((), (), ())
    for part in drawn:
        wiring.add(part.tensor, [part.end, part.start])
    others = [part for part in drawn if part.tensor != step.tensor]
    beside = [part for part in others if part.is_down == step.is_down and step.met(part, NEAR)]
    crossed = [part for part in others if part.is_down != step.is_down and step.met(part)]
    length = step.end[0] - step.start[0] + step.end[1] - step.start[1]
    cost = wiring.cost(step.tensor, step.start, step.end)
    assert cost == (None if beside else length + CROSSING * len(crossed))
