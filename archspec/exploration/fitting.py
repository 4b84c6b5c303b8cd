"""Fits: the values of parameters with which a network meets a budget."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from archspec.compiler.pipeline import LoadedSpec
from archspec.errors import UsageError, did_you_mean
from archspec.exploration import domains, figures, variants
from archspec.exploration.domains import Domain
from archspec.exploration.figures import USUAL, Number
from archspec.exploration.fits import Fit, Found, Turn
from archspec.exploration.knobs import Knob
from archspec.exploration.knobs import knobs as read_knobs
from archspec.exploration.plans import file_opened, spec_name
from archspec.exploration.points import Values
from archspec.exploration.rows import Row, is_number
from archspec.exploration.sweeping import Progress, sweep
from archspec.exploration.tasks import outcome
from archspec.language.limits import Limits

_DEFAULT_LIMITS = Limits()
MOST_LISTED = 5_000
"""Values of one knob that are all compiled; of more, some, and those around the budget."""
MOST_TOGETHER = 100_000
"""Combinations of the values of several knobs, all of which are compiled."""
_SAMPLED = 65


def fit(
    spec: str | os.PathLike[str],
    knobs: str | Sequence[str] | Mapping[str, Any],
    target: Mapping[str, int | float],
    /,
    *,
    maximize: str | Sequence[str] = (),
    write: str | None = None,
    variant: str | None = None,
    jobs: int | None = None,
    root: str | os.PathLike[str] | None = None,
    limits: Limits = _DEFAULT_LIMITS,
    progress: Progress | None = None,
    **params: Any,
) -> Fit:
    """Find the values of parameters with which a network meets a budget.

    The knobs have a finite number of values: those that are given, or those that the parameter allows. A number between
    two bounds has 50 to 500 values, the multiples of a power of ten. All of them are compiled, so that the result is
    the best of them whatever the figures do in between; of one knob with more than 5,000 values some are compiled, and
    those around the budget, and the result says so (`Fit.exhaustive`).

    Args:
        spec: The path of a YAML file, or the name of a bundled network.
        knobs: Names of parameters, or for each its values, as for `sweep`; None for those that the parameter allows.
        target: The most of each figure, see `archspec.exploration.figures.FIGURES`.
        maximize: Figures of which more is better among what meets the budget, the most important first; those of the
            budget unless given.
        write: A variant to add to the file of the spec, with the best values.
        variant: The variant that the values are over.
        jobs: Processes, as for `sweep`.
        root: The folder that references to other files may not leave; that of the spec unless given.
        limits: Bounds on what the spec may ask for.
        progress: What to call as networks are compiled.
        **params: Values of its other parameters.

    Raises:
        SpecError: The spec is wrong.
        UsageError: There is no such parameter or figure, a knob needs values, there are too many combinations, or
            nothing can be written.

    >>> found = fit("specs/mobilenet_v2.yaml", {"width": [0.5, 0.75, 1.0]}, {"macs": 250e6})
    >>> found.best.values, found.best.figures["macs"], found.above.figures["macs"]
    ({'width': 0.75}, 209069792, 300774272)
    """
    name = spec_name(spec)
    loaded = file_opened(name, root, limits)
    search = _Search(
        name,
        loaded,
        _named(knobs),
        dict(target),
        (maximize,) if isinstance(maximize, str) else tuple(maximize),
        {"variant": variant, "root": root, "limits": limits, "jobs": jobs, "progress": progress},
        params,
    )
    search.check()
    if write is not None:
        variants.check_writable(name, loaded, write)
    found = search.found()
    if write is not None and found.best is not None:
        variants.write(name, loaded, write, search.stated(found.best.values), root, limits)
    return found


def _named(knobs: str | Sequence[str] | Mapping[str, Any]) -> dict[str, Knob | None]:
    """The knobs by name; None for one without values."""
    if isinstance(knobs, str):
        knobs = [knobs]
    if not isinstance(knobs, Mapping):
        return dict.fromkeys(knobs)
    given = read_knobs({name: values for name, values in knobs.items() if values is not None})
    return dict.fromkeys(knobs) | {knob.name: knob for knob in given}


@dataclass
class _Search:
    """A fit that goes on.

    Attributes:
        spec: The spec, as it was named.
        loaded: It, read.
        knobs: The knobs; None for one whose values its parameter says.
        target: The budget.
        maximize: What is to be large.
        options: How to sweep.
        params: Values of other parameters.
        rows: What was compiled, by the values.
    """

    spec: str
    loaded: LoadedSpec
    knobs: dict[str, Knob | None]
    target: dict[str, int | float]
    maximize: tuple[str, ...]
    options: dict[str, Any]
    params: dict[str, Any]

    def __post_init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.tried = 0

    def check(self) -> None:
        """Refuse what cannot be looked for.

        Raises:
            UsageError: There is no such parameter or figure, or no budget.
        """
        definition = self.loaded.check()
        if not self.knobs or not self.target:
            raise UsageError("a fit turns a knob to meet a target: give both, such as `width` and `macs=300M`")
        for name in (*self.knobs, *self.params):
            if name not in definition.params:
                hint = did_you_mean(name, definition.params) or "it has none"
                raise UsageError(f"`{self.spec}` has no parameter `{name}`; {hint}")
        if taken := self.knobs.keys() & self.params.keys():
            raise UsageError(f"`{min(taken)}` is a knob, and has a value too; give one of them")
        figures.checked((*self.target, *self.maximize))

    @property
    def first(self) -> str:
        """The first figure of the budget."""
        return next(iter(self.target))

    @property
    def order(self) -> tuple[str, ...]:
        """What is to be large, the most important first."""
        return tuple(dict.fromkeys((*self.maximize, *self.target)))

    @property
    def figures(self) -> tuple[str, ...]:
        """What is found of each network."""
        return tuple(dict.fromkeys((*self.target, *self.maximize, *USUAL)))

    def stated(self, values: Values) -> dict[str, Any]:
        """All that a variant states which is the network of some values of the knobs."""
        variant = self.options["variant"]
        given = self.loaded.check().variants[variant].plain() if variant is not None else {}
        return {name: value for name, value in given.items() if name not in ("expect", "doc")} | self.params | values

    def found(self) -> Fit:
        """What the fit finds."""
        spaces = [self._domain(name, knob) for name, knob in self.knobs.items()]
        settings = math.prod(space.size for space in spaces)
        if len(spaces) == 1 and settings > MOST_LISTED:
            self._sample(spaces[0])
        elif settings > MOST_TOGETHER:
            raise UsageError(
                f"the knobs have {settings:,} combinations, more than {MOST_TOGETHER:,}: give them steps, such as "
                f"`--knob {spaces[0].name}=START:STOP:STEP`"
            )
        else:
            self._compile({space.name: space.values for space in spaces})
        return self._fit(spaces, settings)

    def _domain(self, name: str, knob: Knob | None) -> Domain:
        if knob is not None:
            return domains.of_knob(knob)
        others = {each.name: each.values[0] for each in map(self._middle, self.knobs) if each.name != name}
        return domains.of_param(
            name, self.loaded.check().params[name], lambda value: self._exceeds(name, value, others)
        )

    def _middle(self, name: str) -> Knob:
        """A value of another knob while the bounds of one are looked for: its default, or the first that it has."""
        knob, param = self.knobs[name], self.loaded.check().params[name]
        return Knob(name, (param.default if knob is None or not param.required else domains.of_knob(knob).values[0],))

    def _exceeds(self, name: str, value: Any, others: Mapping[str, Any]) -> bool | None:
        self.tried += 1
        values = {**self.params, **others, name: value}
        found = outcome(self.loaded, self.options["variant"], values, (self.first,)).figures.get(self.first)
        return None if found is None else found > self.target[self.first]

    def _compile(self, values: Mapping[str, Sequence[Any]]) -> None:
        """Compile every combination of some values."""
        fixed = {name: [value] for name, value in self.params.items()}
        found = sweep(self.spec, {**values, **fixed}, figures=self.figures, **self.options)
        for row in found.rows:
            own = {name: row.values[name] for name in self.knobs}
            self.rows[repr(own)] = row._replace(values=own)

    def _sample(self, space: Domain) -> None:
        """Compile some values of a knob that has many, and wherever two of them have the budget between them, halve."""
        last = space.size - 1
        places = sorted({round(Fraction(number * last, _SAMPLED - 1)) for number in range(_SAMPLED)})
        self._compile({space.name: [space.values[place] for place in places]})
        for low, high in pairwise(places):
            while high - low > 1 and self._is_within(space, low) is not self._is_within(space, high):
                middle = (low + high) // 2
                self._compile({space.name: [space.values[middle]]})
                low, high = (
                    (middle, high) if self._is_within(space, middle) is self._is_within(space, low) else (low, middle)
                )

    def _is_within(self, space: Domain, place: int) -> bool | None:
        """Whether the network of a value is within the budget; None for an invalid one."""
        row = self.rows[repr({space.name: space.values[place]})]
        return None if row.error else self._meets(row)

    def _meets(self, row: Row) -> bool:
        """Whether a row is within the budget; one with a figure that is not known is not."""
        return all((value := row.figures[name]) is not None and value <= most for name, most in self.target.items())

    def _rank(self, row: Row) -> tuple[float, ...]:
        return tuple(_number(row.figures[name]) for name in self.order)

    def _fit(self, spaces: Sequence[Domain], settings: int) -> Fit:
        rows = [row for row in self.rows.values() if not row.error]
        within = [row for row in rows if self._meets(row)]
        beyond = [row for row in rows if _number(row.figures[self.first]) > self.target[self.first]]
        best = max(map(self._rank, within), default=None)
        ties = sorted((row for row in within if self._rank(row) == best), key=self._oddness)
        above = min(beyond, key=lambda row: (_number(row.figures[self.first]), self._oddness(row)), default=None)
        return Fit(
            self.spec,
            self.target,
            self.order,
            Found(ties[0].values, ties[0].figures) if ties else None,
            Found(above.values, above.figures) if above else None,
            tuple(row.values for row in ties[1:]),
            tuple((row.values, row.error) for row in self.rows.values() if row.error),
            tuple(self._turns(spaces[0], rows)) if len(spaces) == 1 else (),
            len(self.rows),
            settings,
            {space.name: bounds for space in spaces if (bounds := space.bounds) is not None},
            tuple(space.name for space in spaces if space.open),
        )

    def _oddness(self, row: Row) -> tuple[float, ...]:
        """What is less of the values that people would take: short numbers, near to the defaults, small ones."""
        params = self.loaded.check().params
        short = sum(domains.roundness(value) for value in row.values.values())
        far = [_distance(value, params[name].default) for name, value in row.values.items()]
        return (short, *far, *filter(is_number, row.values.values()))

    def _turns(self, space: Domain, rows: Sequence[Row]) -> Iterator[Turn]:
        """Where the first figure of the budget goes down though it goes up on the whole, or the other way round."""
        known = [row for row in rows if row.figures[self.first] is not None]
        if not known or not all(is_number(row.values[space.name]) for row in known):
            return
        known.sort(key=lambda row: row.values[space.name])
        rise = _number(known[-1].figures[self.first]) - _number(known[0].figures[self.first])
        for one, other in pairwise(known):
            if (_number(other.figures[self.first]) - _number(one.figures[self.first])) * rise < 0:
                yield Turn(Found(one.values, one.figures), Found(other.values, other.figures))


def _number(value: Number) -> float:
    """A figure to compare; one that is not known is below all."""
    return -math.inf if value is None else value


def _distance(value: Any, default: Any) -> float:
    return abs(value - default) if is_number(value) and is_number(default) else float(value != default)
