"""What the places of one tensor see of one dimension of an input: exactly, on a canvas without borders or within them.

A `Walk` goes on for ever, so that it tells what a place sees where no border is near, and padding counts as seen. A
`Scene` has each place. What is a walk becomes a scene where the tensor's own end matters or no step is like the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import gcd, lcm, prod
from typing import NamedTuple

from archspec.ops.facts import Along, Beyond, Taps
from archspec.ops.tensor import Shape

MOST_PLACES = 2**16
"""Places of a scene, and of the period of a walk; beyond, only the hull of all is known."""

MOST_PERIOD = 64
"""Places of the longest period that is looked for in a scene."""

MOST_READS = 2**21
"""Places that are looked at for one scene or walk; where there are more, only the hull of all is known."""

Span = tuple[int, int] | None
"""The first and last place that is seen; None where nothing is."""


class Walk(NamedTuple):
    """Spans that come again after a period: place ``i + period`` sees what place ``i`` does, moved by ``advance``.

    Attributes:
        dim: The tensor's dimension along which they walk.
        period: Places of the tensor.
        advance: Places of the input.
        spans: Of the places from 0 to ``period``.
    """

    dim: int
    period: int
    advance: int
    spans: tuple[Span, ...]

    def at(self, place: int) -> Span:
        """What a place sees."""
        turns, place = divmod(place, self.period)
        span = self.spans[place]
        return span and (span[0] + turns * self.advance, span[1] + turns * self.advance)

    def turns(self, count: int) -> Iterator[Span]:
        """What the places of the first periods see."""
        for by in range(0, count * self.advance, self.advance):
            yield from (span and (span[0] + by, span[1] + by) for span in self.spans)

    def over(self, places: range) -> Span:
        """What several places see together: beyond a period from either end, no place sees more."""
        if len(places) > 2 * self.period:
            return hull(map(self.at, (*places[: self.period], *places[-self.period :])))
        return hull(map(self.at, places))


class Scene(NamedTuple):
    """A span for each place.

    Attributes:
        dims: The tensor's dimensions on which it depends, ascending; none where all places see the same.
        sizes: The tensor's sizes along them.
        spans: The spans, the last of the dimensions fastest.
    """

    dims: tuple[int, ...]
    sizes: Shape
    spans: tuple[Span, ...]


class Blur(NamedTuple):
    """A scene of too many places to list.

    Attributes:
        dims: The dimensions on which it depends.
        span: What all places see together.
    """

    dims: tuple[int, ...]
    span: Span


Sight = Walk | Scene | Blur


def hull(spans: Iterable[Span]) -> Span:
    """The smallest span that holds all."""
    found: Span = None
    for span in spans:
        if found is None:
            found = span
        elif span is not None and (span[0] < found[0] or span[1] > found[1]):
            found = min(span[0], found[0]), max(span[1], found[1])
    return found


def everywhere(span: Span) -> Scene:
    """All places see the same."""
    return Scene((), (), (span,))


NOTHING = everywhere(None)


def whole(sight: Sight, shape: Shape) -> Span:
    """What all places of a tensor of this shape see together."""
    if isinstance(sight, Walk):
        return sight.over(range(shape[sight.dim]))
    return sight.span if isinstance(sight, Blur) else hull(sight.spans)


def as_scene(sight: Walk | Scene, shape: Shape) -> Scene | Blur:
    """The places that the tensor has, one by one."""
    if isinstance(sight, Scene):
        return sight
    size = shape[sight.dim]
    if size > MOST_PLACES:
        return Blur((sight.dim,), whole(sight, shape))
    return Scene((sight.dim,), (size,), tuple(map(sight.at, range(size))))


def read(sight: Sight, along: Sequence[Along], shape: Shape, output: Shape, extent: int, *, unbounded: bool) -> Sight:
    """What the output's places see through an operand.

    Args:
        sight: What the operand's places see.
        along: How the op reads each of the operand's dimensions.
        shape: The operand's shape.
        output: The output's.
        extent: The input's size along the dimension that is seen.
        unbounded: Whether a scene that repeats itself may be taken to go on.
    """
    if isinstance(sight, Scene):
        sight = walking(_mixed(sight, along)) if unbounded else _mixed(sight, along)
    found = _read_walk(sight, along[sight.dim]) if isinstance(sight, Walk) else None
    if found is not None:
        return settled(found, extent)
    scene = sight if isinstance(sight, Blur) else as_scene(sight, shape)
    return settled(_read_blur(scene, along) if isinstance(scene, Blur) else _read_scene(scene, along, output), extent)


def settled(sight: Sight, extent: int) -> Sight:
    """What all places see alike has no place in the input: it is what lies within."""
    return sight if dims_of(sight) or not isinstance(sight, Scene) else everywhere(inside(sight.spans[0], extent))


def inside(span: Span, extent: int) -> Span:
    """The part of a span that lies within an input of a size."""
    if span is None or span[1] < 0 or span[0] >= extent:
        return None
    return max(span[0], 0), min(span[1], extent - 1)


def _read_walk(walk: Walk, along: Along) -> Walk | Scene | None:
    """Through taps that go on for ever; None where they end, or the outcome has no short period."""
    taps = along.taps
    if along.dim is None:
        return everywhere(walk.over(taps.places[0]))
    if taps == _SAME:
        return walk if walk.dim == along.dim else walk._replace(dim=along.dim)
    turns = walk.period // gcd(walk.period, taps.advance)
    period, advance = taps.period * turns, taps.advance * turns // walk.period * walk.advance
    reads = period * min(2 * walk.period, max(map(len, taps.places)))
    if taps.beyond == "end" or period > MOST_PLACES or reads > MOST_READS or (advance == 0 and period > 1):
        return None
    spans = tuple(walk.over(_moved(taps, place)) for place in range(period))
    return Walk(along.dim, period, advance, spans) if advance else everywhere(spans[0])


_SAME = Along.same(0).taps


def _moved(taps: Taps, place: int) -> range:
    """The places that a place reads."""
    turns, place = divmod(place, taps.period)
    places, by = taps.places[place], turns * taps.advance
    return range(places.start + by, places.stop + by, places.step)


def _read_blur(blur: Blur, along: Sequence[Along]) -> Sight:
    dims = {along[dim].dim for dim in blur.dims}
    left = tuple(sorted(dim for dim in dims if dim is not None))
    return Blur(left, blur.span) if left else everywhere(blur.span)


def work(scene: Scene, along: Sequence[Along], output: Shape) -> int:
    """The places that are looked up to read a scene."""
    sizes, total = list(scene.sizes), 0
    for axis, dim in enumerate(scene.dims):
        way = along[dim]
        sizes[axis] = 1 if way.dim is None else output[way.dim]
        total += prod(sizes) * max(map(len, way.taps.places))
    return total


def blurred(scene: Scene, along: Sequence[Along]) -> Sight:
    """What is seen through a scene, all places taken together."""
    return _read_blur(Blur(scene.dims, hull(scene.spans)), along)


def _mixed(scene: Scene, along: Sequence[Along]) -> Scene:
    """A scene in which the places of those dimensions are taken together along which no place of the output differs."""
    dims: list[int | None] = list(scene.dims)
    sizes, spans = list(scene.sizes), scene.spans
    for axis, dim in enumerate(scene.dims):
        if along[dim].dim is None:
            spans = _gathered(spans, sizes, axis, [within(along[dim].taps, 0, sizes[axis])])
            dims[axis], sizes[axis] = None, 1
    return tidy(_sorted(dims, sizes, spans))


def _read_scene(scene: Scene, along: Sequence[Along], output: Shape) -> Sight:
    """Along dimensions of which each is one of the output's."""
    dims: list[int | None] = list(scene.dims)
    sizes, spans = list(scene.sizes), scene.spans
    for axis, dim in enumerate(scene.dims):
        way = along[dim]
        assert way.dim is not None
        count = output[way.dim]
        left = prod(sizes) // sizes[axis] * count
        if left > MOST_PLACES or left * max(map(len, way.taps.places)) > MOST_READS:
            return blurred(scene, along)
        if way.taps != _SAME or count != sizes[axis]:
            spans = _gathered(spans, sizes, axis, [within(way.taps, place, sizes[axis]) for place in range(count)])
        dims[axis], sizes[axis] = way.dim, count
    return tidy(_sorted(dims, sizes, spans))


def within(taps: Taps, place: int, size: int) -> Sequence[int]:
    """The places that a place reads of a dimension of a size."""
    places = _moved(taps, place)
    if not places or (places[0] >= 0 and places[-1] < size):
        return places
    found = (_folded(each, size, taps.beyond) for each in places)
    return [each for each in found if each is not None]


def _folded(place: int, size: int, beyond: Beyond) -> int | None:
    """The place inside that is read for one beyond the ends."""
    if 0 <= place < size:
        return place
    match beyond:
        case "replicate":
            return 0 if place < 0 else size - 1
        case "reflect":
            return -place if place < 0 else 2 * (size - 1) - place
        case "circular":
            return place % size
    return None


def _gathered(spans: tuple[Span, ...], sizes: Sequence[int], axis: int, reads: list[Sequence[int]]) -> tuple[Span, ...]:
    """The spans with one axis replaced: each place by the hull of those that it reads."""
    inner = prod(sizes[axis + 1 :])
    block = sizes[axis] * inner
    return tuple(
        hull(spans[start + place * inner + offset] for place in places)
        for start in range(0, len(spans), block)
        for places in reads
        for offset in range(inner)
    )


def _sorted(dims: Sequence[int | None], sizes: Sequence[int], spans: tuple[Span, ...]) -> Scene:
    """The axes in ascending order of their dimensions, those without one left out."""
    kept = [axis for axis, dim in enumerate(dims) if dim is not None]
    order = sorted(kept, key=lambda axis: dims[axis] or 0)
    if order != kept:
        steps = {axis: prod(sizes[axis + 1 :]) for axis in order}
        spans = tuple(
            spans[sum(place * steps[axis] for place, axis in zip(places, order, strict=True))]
            for places in product(*(range(sizes[axis]) for axis in order))
        )
    return Scene(tuple(dims[axis] or 0 for axis in order), tuple(sizes[axis] for axis in order), spans)


def tidy(scene: Scene) -> Scene:
    """Without the dimensions along which all places see the same."""
    for axis, size in enumerate(scene.sizes):
        inner = prod(scene.sizes[axis + 1 :])
        block = size * inner
        starts = range(0, len(scene.spans), block)
        firsts = [scene.spans[start : start + inner] for start in starts]
        if all(scene.spans[s : s + block] == first * size for s, first in zip(starts, firsts, strict=True)):
            rest = (*scene.dims[:axis], *scene.dims[axis + 1 :]), (*scene.sizes[:axis], *scene.sizes[axis + 1 :])
            return tidy(Scene(*rest, tuple(span for first in firsts for span in first)))
    return scene


def walking(scene: Scene) -> Walk | Scene:
    """A scene as a walk again, where it repeats itself at least twice."""
    if len(scene.dims) != 1:
        return scene
    for period in range(1, min(MOST_PERIOD, len(scene.spans) // 2) + 1):
        advance = _advance(scene.spans, period)
        if advance:
            return Walk(scene.dims[0], period, advance, scene.spans[:period])
    return scene


def _advance(spans: Sequence[Span], period: int) -> int | None:
    """The one step onwards by which all spans move in a period, or None."""
    first, second = spans[0], spans[period]
    if first is None or second is None or second <= first:
        return None
    by = second[0] - first[0]
    pairs = zip(spans, spans[period:], strict=False)
    return by if all(late == (early and (early[0] + by, early[1] + by)) for early, late in pairs) else None


def joined(sights: Sequence[Sight], shape: Shape, extent: int) -> Sight:
    """What places see that see all of these together.

    Args:
        sights: What the tensors see that join.
        shape: The shape of what they give.
        extent: The input's size along the dimension that is seen.
    """
    sights = [sight for sight in sights if sight != NOTHING] or [NOTHING]
    if all(sight is sights[0] or sight == sights[0] for sight in sights):
        return sights[0]
    everything = everywhere((0, extent - 1))
    if everything in sights:
        return everything
    walks = [sight for sight in sights if isinstance(sight, Walk)]
    together = _joined_walks(walks) if len(walks) == len(sights) else None
    return together or settled(_joined_scenes(sights, shape), extent)


def _joined_walks(walks: Sequence[Walk]) -> Walk | None:
    """The hull of walks that keep step, or None."""
    first = walks[0]
    steps = {(walk.dim, walk.advance * first.period == first.advance * walk.period) for walk in walks}
    period = lcm(*(walk.period for walk in walks))
    if steps != {(first.dim, True)} or period > MOST_PLACES or period * len(walks) > MOST_READS:
        return None
    spans = map(hull, zip(*(walk.turns(period // walk.period) for walk in walks), strict=True))
    return Walk(first.dim, period, first.advance * period // first.period, tuple(spans))


def _joined_scenes(sights: Sequence[Sight], shape: Shape) -> Sight:
    dims = tuple(sorted({dim for sight in sights for dim in dims_of(sight)}))
    scenes = [sight if isinstance(sight, Blur) else as_scene(sight, shape) for sight in sights]
    sizes = tuple(shape[dim] for dim in dims)
    listed = [scene for scene in scenes if isinstance(scene, Scene)]
    if len(listed) < len(scenes) or prod(sizes) > MOST_PLACES or prod(sizes) * len(scenes) > MOST_READS:
        return Blur(dims, hull(whole(sight, shape) for sight in sights))
    wide = [spread(scene, dims, sizes) for scene in listed]
    return tidy(Scene(dims, sizes, tuple(map(hull, zip(*wide, strict=True)))))


def dims_of(sight: Sight) -> tuple[int, ...]:
    """The dimensions of the tensor along which places see something else."""
    return (sight.dim,) if isinstance(sight, Walk) else sight.dims


def spread(scene: Scene, dims: tuple[int, ...], sizes: Shape) -> Iterator[Span]:
    """The spans over more dimensions, the last fastest."""
    steps = dict(zip(scene.dims, (prod(scene.sizes[axis + 1 :]) for axis in range(len(scene.dims))), strict=True))
    strides = [steps.get(dim, 0) for dim in dims]
    for places in product(*map(range, sizes)):
        yield scene.spans[sum(place * stride for place, stride in zip(places, strides, strict=True))]
