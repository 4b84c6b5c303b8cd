"""The points of a sweep: every combination of the values of its knobs, or some drawn at random."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from archspec.errors import UsageError
from archspec.exploration.knobs import MOST_VALUES, Interval, Knob

Values = dict[str, Any]
"""A point: a value for each knob, by name."""

_DIGITS = 4
"""Significant digits of a number drawn from an interval: more say nothing and read badly."""
_MOST_REPEATED = 1_000
"""Draws in a row that give points drawn before, after which there are taken to be no others."""


def grid(knobs: Sequence[Knob]) -> list[Values]:
    """Every combination of values, the last knob turning fastest.

    Raises:
        UsageError: A knob has an interval, or there are too many points.
    """
    for knob in knobs:
        if knob.intervals:
            example = f"`{knob.name}={Interval(*knob.values[0])}`" if len(knob.values) == 1 else f"`{knob.name}`"
            raise UsageError(
                f"{example} has endless values: give a step (`start:stop:step`), or draw some points (`--random N`)"
            )
    count = math.prod(len(knob.values) for knob in knobs)
    if count > MOST_VALUES:
        raise UsageError(f"the grid has {count:,} points, more than {MOST_VALUES:,}; `--random N` draws some of them")
    names = [knob.name for knob in knobs]
    return [dict(zip(names, values, strict=True)) for values in product(*(knob.values for knob in knobs))]


def drawn(knobs: Sequence[Knob], count: int, seed: int) -> list[Values]:
    """So many different points at random, each knob's value by itself; fewer where there are no more.

    The same knobs, count and seed give the same points.

    Args:
        knobs: The knobs; a value of one is as likely as another, an interval as one value.
        count: How many points.
        seed: What the draws begin with.
    """
    if count < 1:
        raise UsageError(f"at least one point is drawn, not {count}")
    generator = random.Random(seed)
    if not any(knob.intervals for knob in knobs):
        total = math.prod(len(knob.values) for knob in knobs)
        if count >= total:
            return grid(knobs)
        return [_numbered(knobs, number) for number in _sampled(generator, total, count)]
    return list(_different(knobs, count, generator))


def _sampled(generator: random.Random, total: int, count: int) -> Iterator[int]:
    """Different numbers below a total, in the order of their draws; the total may be beyond what `sample` takes."""
    seen: set[int] = set()
    while len(seen) < count:
        number = generator.randrange(total)
        if number not in seen:
            seen.add(number)
            yield number


def _numbered(knobs: Sequence[Knob], number: int) -> Values:
    """The point of a number in the grid."""
    values = {}
    for knob in reversed(knobs):
        number, index = divmod(number, len(knob.values))
        values[knob.name] = knob.values[index]
    return {knob.name: values[knob.name] for knob in knobs}


def _different(knobs: Sequence[Knob], count: int, generator: random.Random) -> Iterator[Values]:
    seen: set[str] = set()
    repeated = 0
    while len(seen) < count and repeated < _MOST_REPEATED:
        values = {knob.name: _value(generator.choice(knob.values), generator) for knob in knobs}
        repeated = repeated + 1 if repr(values) in seen else 0
        if not repeated:
            seen.add(repr(values))
            yield values


def _value(value: Any, generator: random.Random) -> Any:
    if not isinstance(value, Interval):
        return value
    if value.whole:
        return generator.randint(int(value.low), int(value.high))
    number = float(f"{generator.uniform(value.low, value.high):.{_DIGITS}g}")
    return min(max(number, value.low), value.high)
