"""What a fit found, as a value, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from typing_extensions import override

from archspec.errors import shown
from archspec.exploration.figures import FIGURES, Number
from archspec.exploration.points import Values
from archspec.exploration.tables import aligned, figure, plain

_MOST_TOLD = 5
"""Ties, and reasons why values are invalid, that are told."""


class Found(NamedTuple):
    """Values of the knobs, and the figures of the network that they make."""

    values: Values
    figures: dict[str, Number]


class Turn(NamedTuple):
    """Two values of a knob, one after the other, between which a figure goes another way than elsewhere."""

    before: Found
    after: Found


@dataclass(frozen=True, repr=False)
class Fit:
    """What a fit found.

    Attributes:
        spec: The spec, as it was named.
        target: The most of each figure.
        order: The figures that are to be large, the most important first.
        best: The best within the budget; None where nothing is.
        above: The nearest beyond the budget in the first of its figures; None where nothing is.
        ties: Other values of the knobs that do as well as the best.
        invalid: Values that do not compile, with the reason.
        turns: For one knob of numbers, where the first figure of the budget is not monotone.
        compiles: How many networks were compiled.
        settings: How many values, or combinations, the knobs have.
        bounds: The least and the greatest value of each knob of numbers that was looked at.
        open: The knobs that take greater values than these.
    """

    spec: str
    target: Mapping[str, int | float]
    order: tuple[str, ...]
    best: Found | None
    above: Found | None
    ties: tuple[Values, ...]
    invalid: tuple[tuple[Values, str], ...]
    turns: tuple[Turn, ...]
    compiles: int
    settings: int
    bounds: Mapping[str, tuple[Any, Any]]
    open: tuple[str, ...]

    @property
    def exhaustive(self) -> bool:
        """Whether every one of the settings was compiled, so that nothing is assumed of the figures between them."""
        return self.compiles >= self.settings

    @override
    def __repr__(self) -> str:
        return f"<Fit of {self.spec}: {self.best.values if self.best else 'nothing within the budget'}>"

    @override
    def __str__(self) -> str:
        return text(self)


def text(fit: Fit) -> str:
    """What a fit found, for people."""
    budget = " and ".join(_most(name, most) for name, most in fit.target.items())
    order = ", ".join(map(_word, fit.order))
    return "\n".join([f"{shown(fit.spec)}: at most {budget}; the most {order}", "", *_table(fit), "", *_notes(fit)])


def _most(name: str, most: float) -> str:
    """A figure of a budget, exact as it was given."""
    number = f"{int(most) if most == int(most) else most:,}"
    return f"{number} bytes of {_word(name)}" if FIGURES[name].unit == "bytes" else f"{number} {_word(name)}"


def _word(name: str) -> str:
    return {"macs": "MACs", "flops": "FLOPs"}.get(name, name.replace("_", " "))


def _table(fit: Fit) -> Iterator[str]:
    named = [(name, found) for name, found in (("best", fit.best), ("above", fit.above)) if found is not None]
    if not named:
        yield "no setting compiles"
        return
    knobs, figures = list(named[0][1].values), list(named[0][1].figures)
    lines = [[name, *_cells(found, knobs, figures)] for name, found in named]
    yield aligned(["", *knobs, *figures], lines, [False, *[True] * (len(knobs) + len(figures))])


def _cells(found: Found, knobs: Sequence[str], figures: Sequence[str]) -> list[str]:
    return [plain(found.values[name]) for name in knobs] + [figure(found.figures[name], name) for name in figures]


def _notes(fit: Fit) -> Iterator[str]:
    if fit.best is None:
        yield "Nothing that was compiled meets the budget."
    elif fit.above is None:
        yield "Everything that was compiled meets it: the bounds, and not the budget, decide."
    if fit.ties:
        yield f"As good: {_listed(fit.ties)}."
    every = "every one" if fit.exhaustive else f"{fit.compiles:,}"
    bounds = ", ".join(f"{name} from {plain(low)} to {plain(high)}" for name, (low, high) in fit.bounds.items())
    yield f"Compiled {every} of {fit.settings:,} settings" + (f": {bounds}." if bounds else ".")
    if not fit.exhaustive:
        yield "Between those it is taken for granted that figures go one way: better settings may be there."
    for name in fit.open:
        yield f"`{name}` takes greater values too, which were not tried: `--knob {name}=LOW..HIGH` does."
    if fit.turns:
        yield _turns(fit)
    if fit.invalid:
        yield f"{len(fit.invalid):,} of them invalid:"
        reasons = {error: values for values, error in reversed(fit.invalid)}
        yield from (f"  {_values(values)}: {shown(error)}" for error, values in [*reasons.items()][::-1][:_MOST_TOLD])


def _turns(fit: Fit) -> str:
    before, after = fit.turns[0]
    name = next(iter(fit.target))
    (knob,) = before.values
    low, high = (f"{figure(found.figures[name], name)} at {plain(found.values[knob])}" for found in (before, after))
    more = f", and {len(fit.turns) - 1} more times" if len(fit.turns) > 1 else ""
    return f"{_word(name)} {'are' if name.endswith('s') else 'is'} not monotone in {knob}: {low}, {high}{more}."


def _listed(ties: Sequence[Values]) -> str:
    more = len(ties) - _MOST_TOLD
    return "; ".join(map(_values, ties[:_MOST_TOLD])) + (f"; and {more:,} more" if more > 0 else "")


def _values(values: Values) -> str:
    return ", ".join(f"{name} {plain(value)}" for name, value in values.items())


def json_text(fit: Fit) -> str:
    """JSON, of the format ``archspec-fit``."""
    told: dict[str, Any] = {
        "format": "archspec-fit",
        "version": 1,
        "spec": fit.spec,
        "target": fit.target,
        "order": fit.order,
        "best": fit.best and fit.best._asdict(),
        "above": fit.above and fit.above._asdict(),
        "ties": fit.ties,
        "invalid": [{"values": values, "error": error} for values, error in fit.invalid],
        "turns": [{"before": before._asdict(), "after": after._asdict()} for before, after in fit.turns],
        "compiles": fit.compiles,
        "settings": fit.settings,
        "exhaustive": fit.exhaustive,
        "bounds": fit.bounds,
        "open": fit.open,
    }
    return json.dumps(told, indent=2) + "\n"
