"""One mapping of a file checked by its model: errors are placed at the keys and values at fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from archspec.errors import Change, Diagnostic, Help, Span, did_you_mean, listed, nearest, removable
from archspec.language.names import similar_name
from archspec.language.source import Mapping, Scalar, Value, locate
from archspec.language.spec import Bound
from archspec.language.values import kind
from archspec.language.wiring import start
from archspec.language.wording import expectation, hint, is_shape

M = TypeVar("M", bound=BaseModel)
_MOST_MISSPELT = 100
"""Unknown keys of one mapping that may be misspelt ones; it takes time to see that."""
_KEY_EXAMPLES = {
    "name": "for example `name: my_network`; a block says `block: my_block` instead",
    "inputs": "for example `inputs: {image: [3, 224, 224]}`; a block's file says `block: my_block` instead of `name`",
    "graph": "the nodes stand in `graph:`, indented",
    "from": "for example `{from: conv, training_only: true}`",
}
_KEYS = {"name": "name: my_network", "inputs": "inputs: {image: [3, 224, 224]}"}
"""What is written for a key that is missing."""

_VALUE_EXAMPLES = {
    ("output", "text"): "it is the name of a node; the number of one in a list stands in quotes",
    ("first", "a mapping"): (
        "for example `first: {stride: 2}`, for the first copy of a repeat; no parameter can have this name"
    ),
    ("last", "a mapping"): (
        "for example `last: {stride: 2}`, for the last copy of a repeat; no parameter can have this name"
    ),
}


class Checker:
    """Checks mappings and names. Errors are collected."""

    def __init__(self, found: list[Diagnostic]) -> None:
        self.found = found

    def report(self, code: str, message: str, span: Span, **details: Any) -> None:
        """Report an error at a place."""
        self.found.append(Diagnostic(code, message, span, **details))

    def validated(self, model: type[M], value: Mapping) -> M | None:
        """One mapping, checked by its model; errors are placed at the keys and values at fault."""
        return self.checked(model, value, value.plain())

    def checked(self, model: type[M], value: Mapping, plain: Any) -> M | None:
        """A part of a mapping, ``plain``, checked by a model."""
        try:
            return model.model_validate(plain)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
        unknown = [str(problem["loc"][-1]) for problem in problems if problem["type"] == "extra_forbidden"]
        meant = {nearest(key, _keys(model)) for key in unknown[:_MOST_MISSPELT]}
        missing = [str(problem["loc"][0]) for problem in problems if problem["type"] == "missing"]
        for problem in problems:
            if problem["type"] == "missing" and problem["loc"][0] in meant:
                continue  # it stands there, misspelt
            if problem["loc"] == ("archspec",) and problem["type"] != "extra_forbidden":
                continue  # `version` has spoken of it
            if "graph" in missing and problem["loc"][0] == "inputs" and problem["type"] != "missing":
                continue  # without the line `graph:` its nodes stand under `inputs:`
            self._model_error(model, value, problem)
        return None

    def _model_error(self, model: type[BaseModel], value: Mapping, problem: Any) -> None:
        loc = _existing(value, problem["loc"])
        where = locate(value, loc)
        if problem["type"] == "extra_forbidden":
            parent = locate(value, loc[:-1])
            assert isinstance(parent, Mapping)
            self.unknown_key(str(loc[-1]), parent, _keys(model if parent is value else Bound))
        elif problem["type"] == "missing":
            missing = str(problem["loc"][-1])
            help = _KEY_EXAMPLES.get(missing, "")
            if written := _KEYS.get(missing):
                help = Help(help, Change("insert", written))
            self.report("missing-key", f"the key `{missing}` is missing", start(value), help=help)
        else:
            keys = [step for step in loc if isinstance(step, str)]
            expected, plain = expectation(problem), where.plain()
            message = f"`{keys[-1]}` has the wrong kind of value"
            help = hint(where, plain, expected) or _VALUE_EXAMPLES.get((keys[-1], expected), "")
            if loc[0] == "weights" and len(keys) == 2:
                help = "rules stand under the name of what they are for: `weights: {timm: {stem: conv1}}`"
            if keys[-1] == "inputs" and is_shape(plain):
                help = Help.instead(f"name the input: `{{x: {plain}}}`", f"{{x: {plain}}}")
            help = help if loc[0] in _required(model) else removable(help)
            self.report("invalid-value", message, where.span, expected=expected, found=kind(plain), help=help)

    def unknown_key(self, key: str, value: Mapping, known: Iterable[str], path: str = "") -> None:
        """Report a key that is not known."""
        known = sorted(known)
        help = did_you_mean(key, known) if nearest(key, known) or ":" in key else ""
        help = help or Help.removal(f"known here: {listed(known)}")
        self.report("unknown-key", f"the key `{key}` is not known here", value.keys[key].span, path=path, help=help)

    def check_name(self, name: Scalar, problem: Callable[[str], str], path: str = "") -> bool:
        """Whether a name can be one here; that it cannot is reported."""
        text = problem(str(name.value))
        if text:
            message = f"`{name.value}` cannot be a name here: {text}"
            similar = similar_name(str(name.value), problem)
            help = Help.instead(f"for example `{similar}`", similar) if similar else ""
            self.report("invalid-name", message, name.span, path=path, help=help)
        return not text


def as_meant(model: type[BaseModel], value: Mapping) -> Mapping:
    """A mapping with the keys that are misspelt as they were meant, so that the rest can be checked."""
    known = _keys(model)
    names = {key: near for key in value.entries if key not in known and (near := nearest(key, known))}
    keys = {names.get(key, key): place for key, place in value.keys.items() if names.get(key) not in value.entries}
    entries = {names.get(key, key): value.entries[key] for key in value.entries if names.get(key) not in value.entries}
    return Mapping(value.source, value.start, value.end, keys, entries) if names else value


def _existing(value: Value, loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The steps of a path of pydantic's that are keys and indices of the value; others are tags of unions."""
    path: list[str | int] = []
    for step in loc:
        inner = locate(value, (step,))
        if inner is not value:
            path.append(step)
            value = inner
    return tuple(path)


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _required(model: type[BaseModel]) -> set[str]:
    return {info.alias or name for name, info in model.model_fields.items() if info.is_required()}
