"""Who takes whose output: the names in one graph, resolved as its nodes are read."""

from __future__ import annotations

from typing import Any

from archspec.definition import OutputStep, Reference, Step
from archspec.errors import Diagnostic, Span, did_you_mean
from archspec.source import Mapping, Scalar, Sequence, Value


class Wiring:
    """The names that nodes of one graph can take, in the order of the file."""

    def __init__(
        self, found: list[Diagnostic], inputs: tuple[str, ...], around: dict[str, Any], passed: tuple[str, ...]
    ) -> None:
        self.found = found
        self.inputs = inputs
        self.around = around
        self.steps: dict[str, Step | None] = {}
        self.used: set[str] = set(passed)
        self.previous = ""

    def add(self, name: str, step: Step | None) -> None:
        """A further node; None stands for one with an error."""
        self.steps[name] = step
        self.previous = name

    def above(self, value: Value) -> tuple[Reference, ...] | None:
        """What a node without ``from`` takes: the node above, or the graph's only input."""
        if not self.previous and len(self.inputs) > 1:
            names = ", ".join(f"`{name}`" for name in self.inputs)
            message = "the first node of a graph with several inputs says which it takes"
            self._report("missing-key", message, start(value), help=f"write `from:` with one of {names}")
            self.used.update(self.inputs)
            return None
        name = self.previous or (self.inputs[0] if self.inputs else "")
        self.used.add(name)
        return (Reference(name, "", value),)

    def operands(self, value: Mapping) -> tuple[Reference, ...] | None:
        """What a node takes."""
        origin = value.entries.get("from")
        if origin is None:
            return self.above(value)
        items = origin.items if isinstance(origin, Sequence) else [origin]
        names = [item for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
        references = [self.resolve(name) for name in names]
        complete = bool(references) and len(names) == len(items)
        return tuple(r for r in references if r) if complete and all(references) else None

    def resolve(self, value: Scalar) -> Reference | None:
        """The node or input of this graph that a name means, or None where it means nothing."""
        written = reference(value)
        if written.name == "input" and len(self.inputs) <= 1:
            written = Reference(self.inputs[0] if self.inputs else "", written.port, value)
        if written.name in self.steps or written.name in self.inputs or not written.name:
            self.used.add(written.name)
            return written
        self._unknown(written.name, value)
        return None

    def _unknown(self, name: str, value: Scalar) -> None:
        known = [*self.steps, *(self.inputs if len(self.inputs) > 1 else ["input", *self.inputs])]
        help = did_you_mean(name, known)
        if name in self.around:
            help = "it stands outside of this group; hand it in with `from:` and `inputs:`"
        elif name == "input":
            help = f"the graph has several inputs: {', '.join(self.inputs)}"
        self._report("unknown-node", f"no node `{name}` stands above", value.span, help=help)

    def last(self) -> tuple[OutputStep, ...]:
        """The output of a graph that declares none: its last node."""
        self.used.add(self.previous)
        step = self.steps[self.previous]
        taken = Reference(self.previous, "", step.key) if step else None
        return (OutputStep("output", taken, None, False),)

    def report_unused(self, owner: Mapping) -> None:
        """Nodes and inputs that nothing takes are mistakes."""
        for step in self.steps.values():
            if step and step.name not in self.used:
                message = f"nothing takes the output of `{step.name}`"
                help = "name it in a `from:` or an output, or remove it"
                self._report("unused-node", message, step.key.span, path=step.name, help=help)
        for name in self.inputs:
            if name not in self.used:
                place = owner.entries["inputs"]
                span = place.keys[name].span if isinstance(place, Mapping) else place.span
                self._report("unused-node", f"no node takes the input `{name}`", span)

    def _report(self, code: str, message: str, span: Span, **details: Any) -> None:
        self.found.append(Diagnostic(code, message, span, **details))


def reference(value: Scalar) -> Reference:
    """A reference as written: ``backbone.c3`` is the output ``c3`` of ``backbone``."""
    name, _, port = str(value.value).partition(".")
    return Reference(name, port, value)


def start(value: Value) -> Span:
    """The first key of a mapping, or the first character of another value: a place for a short caret."""
    if isinstance(value, Mapping) and value.keys and value.source.text[value.start] != "{":
        return min(value.keys.values(), key=lambda key: key.start).span
    return value.source.span(value.start, min(value.end, value.start + 1))
