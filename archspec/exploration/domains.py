"""The values among which a fit looks for the best: a list, made of what a knob says or its parameter allows."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from archspec.errors import UsageError
from archspec.exploration.knobs import MOST_VALUES, Interval, Knob
from archspec.exploration.rows import is_number
from archspec.language.spec import Param

_LEAST_STEPS = 50
"""An interval of numbers is cut into at least so many steps, and less than ten times as many."""
_MOST_DOUBLED = 40
_MOST_WHOLE = 2**63 - 1
"""The greatest integer that a spec can hold."""


class Domain(NamedTuple):
    """The values of a knob, in order.

    Attributes:
        name: The parameter.
        values: Its values; a `range` where these are many integers.
        open: Whether the parameter takes greater numbers too, which were not looked at.
    """

    name: str
    values: Sequence[Any]
    open: bool = False

    @property
    def size(self) -> int:
        """How many values there are, which may be more than `len` can say."""
        return _count(self.values)

    @property
    def bounds(self) -> tuple[Any, Any] | None:
        """The least and the greatest value; None where some are no numbers."""
        if isinstance(self.values, range):
            return self.values[0], self.values[-1]
        return (min(self.values), max(self.values)) if all(map(is_number, self.values)) else None


def of_knob(knob: Knob) -> Domain:
    """The values of a knob; an interval is cut into steps.

    Raises:
        UsageError: There are too many to list.
    """
    parts = [_steps(value) if isinstance(value, Interval) else (value,) for value in knob.values]
    if len(parts) == 1:
        return Domain(knob.name, parts[0])
    count = sum(map(_count, parts))
    if count > MOST_VALUES:
        raise UsageError(f"`{knob.name}` has {count:,} values, more than {MOST_VALUES:,}: give its intervals steps")
    return Domain(knob.name, tuple({repr(each): each for part in parts for each in part}.values()))


def _count(values: Sequence[Any]) -> int:
    return max(0, values.stop - values.start) if isinstance(values, range) else len(values)


def of_param(name: str, param: Param, exceeds: Callable[[Any], bool | None]) -> Domain:
    """The values that a parameter allows; of one without a greatest value, up to where a budget is exceeded.

    Args:
        name: The parameter.
        param: What it allows.
        exceeds: Whether a value of it is beyond the budget; None where it is invalid.

    Raises:
        UsageError: It does not say which values there are.
    """
    if param.choices is not None:
        return Domain(name, tuple(param.choices))
    if param.kind == "bool":
        return Domain(name, (False, True))
    if param.kind not in ("int", "float", "size"):
        raise UsageError(f"`{name}` takes {param.expected}: say which, as `--knob {name}=VALUE,VALUE`")
    whole = param.kind != "float"
    low = param.min if param.min is not None else 1 if whole else 0.0
    if param.max is not None:
        return Domain(name, _steps(_interval(low, param.max, whole)))
    start = param.default if isinstance(param.default, int | float) and param.default > 0 else max(low, 1)
    high = _beyond(max(start, low), exceeds, _MOST_WHOLE if whole else sys.float_info.max)
    return Domain(name, _steps(_interval(low, high, whole)), open=True)


def _interval(low: float, high: float, whole: bool) -> Interval:
    return Interval(math.ceil(low), math.floor(high)) if whole else Interval(float(low), float(high))


def _beyond(start: float, exceeds: Callable[[Any], bool | None], most: float) -> float:
    """A value beyond the budget: the first one, or its double, again and again, as far as numbers go."""
    value = start
    for _ in range(_MOST_DOUBLED):
        if value == most or exceeds(value) is not False:
            break
        value = min(2 * value, most)
    return value


def _steps(interval: Interval) -> Sequence[Any]:
    """The integers of an interval, or the multiples of a power of ten in it, and its ends."""
    if interval.whole:
        return range(int(interval.low), int(interval.high) + 1)
    low, high = (Decimal(repr(float(each))) for each in interval)
    step = Decimal(1).scaleb(math.floor(math.log10((high - low) / _LEAST_STEPS))) if high > low else Decimal(1)
    return tuple(float(value) for value in _multiples(low, high, step))


def _multiples(low: Decimal, high: Decimal, step: Decimal) -> Iterator[Decimal]:
    yield low
    value = (low // step + 1) * step
    while value < high:
        yield value
        value += step
    if high > low:
        yield high


def roundness(value: Any) -> int:
    """How many digits a number takes: of values that do the same, people take the shortest."""
    return len(repr(value).rstrip("0").rstrip(".")) if isinstance(value, float) else 0
