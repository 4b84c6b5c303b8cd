"""Knobs: the parameters that a sweep or a fit turns, and the values that each takes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, NamedTuple

from typing_extensions import override

from archspec.errors import SpecError, UsageError
from archspec.language.composer import parse
from archspec.language.limits import Limits
from archspec.language.scalars import OutOfRangeError, resolved
from archspec.language.source import Scalar, Source, Value
from archspec.language.source import Sequence as SequenceValue

MOST_VALUES = 1_000_000
"""Values of one knob, and points of one sweep."""

_NUMBER = r"[-+]?(?:[0-9][0-9_]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_RANGE = re.compile(rf"({_NUMBER}):({_NUMBER})(?::({_NUMBER}))?", re.ASCII)
_INTERVAL = re.compile(rf"({_NUMBER})\.\.({_NUMBER})", re.ASCII)
_FORMS = "write values as `0.5,0.75,1`, a range as `96:225:32` (start:stop:step), an interval as `0.25..1.5`"


class Interval(NamedTuple):
    """All numbers between two, both included: integers where both are."""

    low: int | float
    high: int | float

    @override
    def __str__(self) -> str:
        return f"{self.low}..{self.high}"

    @property
    def whole(self) -> bool:
        """Whether it holds integers alone."""
        return isinstance(self.low, int) and isinstance(self.high, int)


@dataclass(frozen=True, slots=True)
class Knob:
    """A parameter and the values that it takes, in order.

    Attributes:
        name: The parameter.
        values: Values, each once; an `Interval` stands for all numbers in it.
    """

    name: str
    values: tuple[Any, ...]

    @property
    def intervals(self) -> bool:
        """Whether an interval is among the values, so that these cannot be listed."""
        return any(isinstance(value, Interval) for value in self.values)


def written(text: str, option: str) -> Knob:
    """A knob as a command has it: ``width=0.35,0.5``, ``image_size=96:225:32``, ``act=relu,{op: elu, alpha: 0.5}``.

    The values are the items of a YAML list without its brackets, so that a list or a mapping among them keeps its own.

    Args:
        text: What was written.
        option: What it was given to, for messages.

    Raises:
        UsageError: It is none.

    >>> written("width=0.5,0.75:1.3:0.25", "--set").values
    (0.5, 0.75, 1.0, 1.25)
    >>> written("depths=[3, 4, 6, 3],[2, 2, 2, 2]", "--set").values
    ([3, 4, 6, 3], [2, 2, 2, 2])
    """
    name, equals, values = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(f"{option} takes NAME=VALUES, not `{text}`; {_FORMS}")
    return Knob(name, _values(values, f"{option} {text}"))


def given(name: str, values: Any) -> Knob:
    """A knob as a program has it: a list, tuple or range of values, one value, or the text that a command has.

    Raises:
        UsageError: There are no values.

    >>> given("width", "0.25..1.5").values
    (Interval(low=0.25, high=1.5),)
    """
    if isinstance(values, Knob):
        return values
    if isinstance(values, str):
        return Knob(name, _values(values, f"{name}={values}"))
    values = _plain(values)
    if isinstance(values, Mapping) or not isinstance(values, Iterable):
        return Knob(name, (values,))
    return Knob(name, _distinct([_plain(value) for value in values], name))


def _plain(value: Any) -> Any:
    """A value as Python has it, where it is one of NumPy's."""
    return value.tolist() if hasattr(value, "tolist") else value


def knobs(settings: Mapping[str, Any]) -> tuple[Knob, ...]:
    """The knobs of a mapping, see `given`."""
    return tuple(given(name, values) for name, values in settings.items())


def all_written(texts: Iterable[str], option: str) -> dict[str, Knob]:
    """The knobs of a command, by name.

    Raises:
        UsageError: One is none, or is given twice.
    """
    found: dict[str, Knob] = {}
    for knob in (written(text, option) for text in texts):
        if knob.name in found:
            raise UsageError(f"{option} {knob.name} is given twice; write all values behind one `{knob.name}=`")
        found[knob.name] = knob
    return found


def _values(text: str, what: str) -> tuple[Any, ...]:
    found: list[Any] = []
    source = Source(what, f"[{text}]")
    try:
        value = parse(source, Limits(), found)
    except SpecError as error:
        raise UsageError(f"{what}: {error.diagnostics[0].message}; {_FORMS}") from None
    except UnicodeEncodeError:  # bytes of a command line that are no text
        raise UsageError(f"{what}: this is not UTF-8 text") from None
    if found or not isinstance(value, SequenceValue) or value.end != len(source.text):
        raise UsageError(f"{what}: {found[0].message if found else 'this is no list of values'}; {_FORMS}")
    return _distinct([each for item in value.items for each in _of_item(item, what)], what)


def _distinct(values: Sequence[Any], what: str) -> tuple[Any, ...]:
    """The values, each once."""
    if len(values) > MOST_VALUES:
        raise UsageError(f"{what} has {len(values):,} values, more than {MOST_VALUES:,}")
    if not values:
        raise UsageError(f"{what} has no values; {_FORMS}")
    return tuple({repr(value): value for value in values}.values())


def _of_item(item: Value, what: str) -> Iterator[Any]:
    plain = item.plain()
    if not (isinstance(item, Scalar) and isinstance(plain, str)) or item.source.text[item.start] in "'\"":
        yield plain
    elif found := _RANGE.fullmatch(plain):
        start, stop, step = (_decimal(text, what) for text in found.groups("1"))
        yield from _range(start, stop, step, what)
    elif found := _INTERVAL.fullmatch(plain):
        low, high = (_number(_decimal(text, what)) for text in found.groups())
        if not low < high:
            raise UsageError(f"{what}: `{plain}` is no interval: {low} is not below {high}")
        if not math.isfinite(high - low):
            raise UsageError(f"{what}: `{plain}` is no interval: {low} and {high} are too far apart")
        yield Interval(low, high)
    else:
        yield plain


def _range(start: Decimal, stop: Decimal, step: Decimal, what: str) -> Iterator[int | float]:
    """The numbers from ``start`` to before ``stop``, as those of Python's `range`."""
    first, by = Fraction(start), Fraction(step)
    count = math.ceil((Fraction(stop) - first) / by) if by else 0
    if count <= 0:
        raise UsageError(f"{what}: `{start}:{stop}:{step}` is an empty range; it is start:stop:step, without the stop")
    if count > MOST_VALUES:
        raise UsageError(f"{what}: the range has {count:,} values, more than {MOST_VALUES:,}")
    whole = all(each == each.to_integral_value() and each.as_tuple().exponent == 0 for each in (start, step))
    scale = math.lcm(first.denominator, by.denominator)
    low, more = int(first * scale), int(by * scale)
    for number in range(count):
        value = low + number * more
        yield value if whole else value / scale


def _decimal(text: str, what: str) -> Decimal:
    """A number exactly as it is written.

    Raises:
        UsageError: It is none that a spec can hold, or so small that it would be 0 there.
    """
    with suppress(OutOfRangeError, InvalidOperation):
        value = Decimal(text)
        if not value or resolved(text.replace("_", "")):
            return value
    raise UsageError(f"{what}: the number {text} is out of range")


def _number(value: Decimal) -> int | float:
    return int(value) if value.as_tuple().exponent == 0 else float(value)
