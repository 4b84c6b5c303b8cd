"""The plan of a sweep: its specs, and the points at which each is compiled."""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from typing import NamedTuple

from archspec.compiler.pipeline import LoadedSpec, opened
from archspec.errors import UsageError, did_you_mean, listed
from archspec.exploration import points
from archspec.exploration.knobs import Knob
from archspec.exploration.points import Values
from archspec.exploration.rows import RESERVED
from archspec.exploration.tasks import Subject
from archspec.language.limits import Limits
from archspec.language.places import is_path


class Plan(NamedTuple):
    """The points of a sweep.

    Attributes:
        knobs: What is turned.
        subjects: The specs.
        points: For each point the number of its spec, and its values.
    """

    knobs: tuple[Knob, ...]
    subjects: tuple[Subject, ...]
    points: list[tuple[int, Values]]


def planned(
    names: Sequence[str | os.PathLike[str]],
    knobs: tuple[Knob, ...],
    variant: str | None,
    root: str | os.PathLike[str] | None,
    limits: Limits,
    drawn: tuple[int | None, int],
) -> Plan:
    """The points of a sweep over some specs.

    Raises:
        SpecError: A spec is wrong.
        UsageError: There is no such variant, or a parameter that no spec has.
    """
    if not names or not knobs:
        raise UsageError(f"a sweep is over {'the parameters of a spec' if names else 'a spec'}: none is given")
    opened_ = [(name, *_opened(name, root, limits)) for name in dict.fromkeys(map(spec_name, names))]
    declared = {name: list(loaded.check().params) for name, loaded, _ in opened_}
    check_known(knobs, {each for params in declared.values() for each in params}, list(declared))
    for name, loaded, _ in opened_:
        variants = loaded.check().variants
        if variant is not None and variant not in variants:
            raise UsageError(f"`{name}` has no variant `{variant}`; {did_you_mean(variant, variants) or 'it has none'}")
    count, seed = drawn
    every = points.grid(knobs) if count is None else points.drawn(knobs, count, seed)
    found = []
    for number, (name, _, _) in enumerate(opened_):
        own = [{key: value for key, value in each.items() if key in declared[name]} for each in every]
        found += [(number, values) for values in {repr(values): values for values in own}.values()]
    return Plan(knobs, tuple(subject for _, _, subject in opened_), found)


def spec_name(spec: str | os.PathLike[str]) -> str:
    """A spec as a command names it: a path that is no text is that of a file, also where a network has such a name."""
    name = os.fspath(spec)
    return name if isinstance(spec, str) or is_path(name) else os.path.join(".", name)  # noqa: PTH118


def file_opened(name: str, root: str | os.PathLike[str] | None, limits: Limits) -> LoadedSpec:
    """A spec that is a file, or known by name.

    Raises:
        SpecError: It is wrong whatever its parameters are.
        UsageError: It is to be read from standard input.
    """
    if name == "-":
        raise UsageError("what is compiled many times is a file, or known by name: standard input is read once")
    loaded = opened(name, root, limits)
    loaded.check()
    return loaded


def _opened(name: str, root: str | os.PathLike[str] | None, limits: Limits) -> tuple[LoadedSpec, Subject]:
    """A spec, read, and as every process can have it."""
    loaded = file_opened(name, root, limits)
    return loaded, Subject(name, pickle.dumps(loaded) if is_path(name) else None, limits)


def check_known(knobs: Sequence[Knob], params: set[str], specs: Sequence[str]) -> None:
    """Refuse a knob that no spec has.

    Raises:
        UsageError: There is one.
    """
    for name in (knob.name for knob in knobs):
        if name not in params:
            hint = did_you_mean(name, params) or "there is none"
            who = f"`{specs[0]}` has no" if len(specs) == 1 else f"none of {listed(specs)} has a"
            raise UsageError(f"{who} parameter `{name}`; {hint}")


def check_columns(knobs: Sequence[Knob], figures: Sequence[str]) -> None:
    """Refuse a knob that has the name of another column.

    Raises:
        UsageError: There is one.
    """
    taken = [knob.name for knob in knobs if knob.name in (*RESERVED, *figures)]
    if taken:
        raise UsageError(f"the parameter {listed(taken)} has the name of another column of the table")
