"""What a node whose operands do not fit should say instead, where there is one answer."""

from __future__ import annotations

from archspec.compiler.walk import Site
from archspec.errors import Change, Help, Span, changes_of
from archspec.language.definition import Reference, Step
from archspec.language.source import Scalar, Sequence


def at_node(help: str, place: Span) -> str:
    """A help of an op, which knows no places: what it says of other arguments stands at the node."""
    changes = (each if each.action != "set" or each.span else each._replace(span=place) for each in changes_of(help))
    return Help(str(help), *changes) if changes_of(help) else help


def places_help(site: Site) -> str:
    """For a `max_unpool` without places of maxima: those of the `max_pool` that it takes; empty where there is none.

    ``from: pool`` and ``from: [pool, pool]`` become ``from: [pool, pool.indices]``.
    """
    operands = site.step.operands or ()
    pools = [each.name for each in operands if _op(_step(site, each)) == "max_pool" and not each.port]
    if site.target.value != "max_unpool" or len(operands) > 2 or not pools or operands[-1].name != pools[-1]:
        return ""
    written = f"from: [{operands[0].name}, {pools[-1]}.indices]"
    return Help(f"write `{written}`", Change("set", written, site.key.span))


def operand_help(site: Site) -> str:
    """How operands can be made to fit; empty where that is not known."""
    return places_help(site) or _joined(site) or _with_dimensions(site)


def _joined(site: Site) -> str:
    """For a `stack` of operands that differ in their channels: `concat`."""
    shapes = [shape for shape in site.shapes if shape]
    if site.target.value != "stack" or "dim" in site.arguments or len({shape[1:] for shape in shapes}) != 1:
        return ""
    return Help("operands that differ in their channels are joined by `concat`: write `op: concat`",
                Change("state", "op: concat", site.target.span))  # fmt: skip


def _with_dimensions(site: Site) -> str:
    """For a `parameter` with a number for each channel, beside a map: a shape that broadcasts."""
    operands, shapes = site.step.operands or (), site.shapes
    if len(operands) != 2 or len(shapes) != 2:
        return ""
    for short, long, reference in ((shapes[0], shapes[1], operands[0]), (shapes[1], shapes[0], operands[1])):
        step = _step(site, reference)
        if not short or not long or len(short) != 1 or len(long) < 2 or short[0] not in (1, long[0]):
            continue
        if step is None or _op(step) != "parameter" or not _is_literal(step):
            continue
        written = f"shape: {[short[0], *[1] * (len(long) - 1)]}"
        text = f"write `{written}` at `{step.name}`, a number for each channel"
        return Help(text, Change("set", written, step.key.span))
    return ""


def _step(site: Site, reference: Reference) -> Step | None:
    return next((step for step in site.scope.graph.steps if step.name == reference.name), None)


def _op(step: Step | None) -> str:
    return str(step.target.value) if step is not None and step.kind == "op" and step.target is not None else ""


def _is_literal(step: Step) -> bool:
    """Whether the shape of a parameter is written out."""
    shape = step.arguments["shape"].value if "shape" in step.arguments else None
    return isinstance(shape, Sequence) and all(
        isinstance(each, Scalar) and isinstance(each.value, int) for each in shape.items
    )
