"""Graphs of which a part falls away with a node, and repeats inside of repeats that both count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archspec.compiler.trace import Trace
from archspec.errors import listed
from archspec.language.definition import Definition, Step
from archspec.language.expr import is_expression
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
    params = {use.name: use.totals.params for use in body.uses}
    steps = {step.name: step for step in body.graph.steps}
    for use in left:
        steps.pop(use.name, None)
    for step in reversed(body.graph.steps):
        place = next(_leaving_out(step), None)
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


def _leaving_out(step: Step) -> Iterator[Value]:
    """The values that can leave a node out."""
    named = step.target if step.target is not None and is_expression(step.target.value) else None
    reused = step.reused and step.reused.step.when
    yield from (part for part in (step.when, step.repeat, step.each and step.each.rows, reused, named) if part)


def hidden_indices(definition: Definition, trace: Trace) -> None:
    """Nodes that repeat inside of a repeat and count their own copies, where `index` is that of the outer ones too."""
    if "index" in definition.params:
        return
    _constant_indices(definition.graph.steps, trace)
    for outer, step in _repeated_inside(definition.graph.steps, None):
        inner = next(_asking(_inner_values(step)), None)
        if inner is None:
            continue
        before = next(_asking(_before(step)), None)
        if before is not None:
            message = f"`index` is that of `{outer.name}` here, and that of `{step.name}` in its arguments"
            help = _NAME_IT
            if outer.each is not None and step is outer.each.row:
                message = f"`index` counts the rows of `{step.name}` here, and the copies of each row in its arguments"
                help = _NAME_ROWS
            trace.report("hidden-index", message, before, path=step.name, help=help)
        elif any(_asking(_inner_values(outer))):
            message = f"`index` counts the copies of `{step.name}` here, and beside it those of `{outer.name}`"
            trace.report("hidden-index", message, inner, path=step.name, help=_NAME_IT)


def _constant_indices(steps: Iterable[Step], trace: Trace) -> None:
    """Nodes that ask for their index where it is always 0: in what differs in the first copy."""
    for step in steps:
        row = step.each.row if step.each is not None else step
        asking = next(_asking(entry.value for entry in row.first.values()), None)
        if asking is not None:
            help = _NAME_ROWS if row is not step and row.repeat is not None else "write what it comes to with 0"
            message = f"`index` is 0 in the first copy of `{step.name}`"
            trace.report("hidden-index", message, asking, path=step.name, help=help)
        _constant_indices(step.group.steps if step.group is not None else (), trace)


_NAME_IT = "give the index of a repeat a name of its own, such as `repeat: 3, as: i`; it is seen in all that is inside"
_NAME_ROWS = (
    "put what repeats into a group, which can name the row: "
    "`each: ..., let: {row: $index}, graph: {layer: {repeat: ..., as: i, ...}}`"
)


def _repeated_inside(steps: Iterable[Step], outer: Step | None) -> Iterator[tuple[Step, Step]]:
    """Nodes that repeat inside of a repeat or table, with that; a table whose rows repeat holds such a one itself."""
    for step in steps:
        if step.reused is not None:
            continue  # its arguments are those of what it reuses
        if outer is not None and step.has_copies:
            yield outer, step
        around = step if step.has_copies else outer
        if step.each is not None and step.each.row.repeat is not None:
            around = step.each.row
            yield step, around
        if step.group is not None:
            yield from _repeated_inside(step.group.steps, around)


def _before(step: Step) -> Iterator[Value]:
    """The values of a step that see no index of its own copies."""
    parts = (step.when, step.repeat, step.each and step.each.rows)
    yield from (value for value in parts if value is not None)


def _inner_values(step: Step) -> Iterator[Value]:
    """The values that see the index of a step's own copies, but for those that see that of a repeat inside."""
    yield from [step.target] if step.target is not None else ()
    if step.each is not None and step.each.row.repeat is not None:
        yield step.each.row.repeat
        return
    for entries in (step.arguments, step.first, step.last):
        yield from (entry.value for entry in entries.values())
    for let in step.group.lets if step.group is not None else ():
        yield from () if let.value is None else (let.value,)
    for inner in step.group.steps if step.group is not None else ():
        yield from _before(inner)
        if not inner.has_copies:
            yield from _inner_values(inner)


def _asking(values: Iterable[Value]) -> Iterator[Value]:
    return (value for value in values if "index" in names_in(value))
