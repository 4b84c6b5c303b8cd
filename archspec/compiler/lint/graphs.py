"""Graphs of which a part falls away with a node, and repeats inside of repeats that both count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archspec.compiler.trace import Trace
from archspec.errors import listed
from archspec.language.definition import Definition, Step
from archspec.language.source import Value
from archspec.language.usage import names_in
from archspec.network import Body, Use

_MOST_NAMED = 5


def dropped_layers(body: Body, left: Iterable[Use], path: str, trace: Trace) -> None:
    """Layers that only a node took which is not there: with `when: false` it passes its first operand on.

    Nodes that nothing needs fall away, and one that has weights is not meant to. Where layers belong to a branch that
    can be left out, they have its condition too.

    Args:
        body: A graph with the nodes that nothing needs.
        left: Those that something needs.
        path: Where it stands.
        trace: Where warnings go.
    """
    if body.graph is None:
        return
    params = {use.name: use.content.totals.params for use in body.uses}
    steps = {step.name: step for step in body.graph.steps}
    for use in left:
        steps.pop(use.name, None)
    for step in reversed(body.graph.steps):
        place = step.when or step.repeat
        if place is not None and step.name not in params:
            lost = [name for name in _taken_off(steps, step) if params.get(name)]
            if lost:
                inner = f"{path}.{step.name}" if path else step.name
                _report_dropped(step, inner, lost, sum(params[name] for name in lost), place, trace)


def _taken_off(steps: dict[str, Step], step: Step) -> list[str]:
    """Of the nodes that are not left, those that the operands of one after its first are made of; each once."""
    stack, found = [*(step.operands or ())[1:]], []
    while stack:
        above = steps.pop(stack.pop().name, None)
        if above is not None:
            found.append(above)
            stack += above.operands or ()
    return [above.name for above in sorted(found, key=lambda above: above.key.span)]


def _report_dropped(step: Step, path: str, lost: list[str], params: int, place: Value, trace: Trace) -> None:
    names = listed(lost[:_MOST_NAMED]) + (f" and {len(lost) - _MOST_NAMED} more" if lost[_MOST_NAMED:] else "")
    message = f"`{step.name}` is left out and passes its first operand on, so {names} "
    message += f"{'fall' if len(lost) > 1 else 'falls'} away, with {params:,} parameters"
    help = f"give {'them' if len(lost) > 1 else 'it'} the same `when`, or name the branch first in `from:`"
    trace.report("dropped-layers", message, place, path=path, help=help)


def hidden_indices(definition: Definition, trace: Trace) -> None:
    """Nodes that repeat inside of a repeat and count their own copies, where `index` is that of the outer ones too."""
    if "index" in definition.params:
        return
    for outer, step in _repeated_inside(definition.graph.steps, None):
        inner = next(_asking(_inner_values(step)), None)
        if inner is None:
            continue
        before = next(_asking([value for value in (step.when, step.repeat) if value is not None]), None)
        if before is not None:
            message = f"`index` is that of `{outer.name}` here, and that of `{step.name}` in its arguments"
            trace.report("hidden-index", message, before, path=step.name, help=_PASS_IT_ON)
        elif any(_asking(_inner_values(outer))):
            message = f"`index` counts the copies of `{step.name}` here, and beside it those of `{outer.name}`"
            trace.report("hidden-index", message, inner, path=step.name, help=_PASS_IT_ON)


_PASS_IT_ON = "make a block of the outer copy and give it `$index` as a parameter, so that each has a name"


def _repeated_inside(steps: Iterable[Step], outer: Step | None) -> Iterator[tuple[Step, Step]]:
    """Nodes that repeat inside of a repeat, with that."""
    for step in steps:
        if outer is not None and step.repeat is not None:
            yield outer, step
        if step.group is not None:
            yield from _repeated_inside(step.group.steps, step if step.repeat is not None else outer)


def _inner_values(step: Step) -> Iterator[Value]:
    """The values that see the index of a step's own copies, but for those that see that of a repeat inside."""
    for entries in (step.arguments, step.first, step.last):
        yield from (entry.value for entry in entries.values())
    for let in step.group.lets if step.group is not None else ():
        yield from () if let.value is None else (let.value,)
    for inner in step.group.steps if step.group is not None else ():
        yield from (value for value in (inner.when, inner.repeat) if value is not None)
        if inner.repeat is None:
            yield from _inner_values(inner)


def _asking(values: Iterable[Value]) -> Iterator[Value]:
    return (value for value in values if "index" in names_in(value))
