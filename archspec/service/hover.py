"""What is told of the word under the mouse: docs, shapes, figures, and the value of an expression."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from archspec.language.spec import NODE_DOCS
from archspec.network import Node
from archspec.ops.tensor import show
from archspec.reports.table import exact
from archspec.service import facts, outline
from archspec.service.analysis import Analysis
from archspec.service.figures import Part, Uses
from archspec.service.names import Symbol
from archspec.service.outline import Section
from archspec.service.paths import nodes_at
from archspec.service.protocol import Hover, Position
from archspec.service.spots import Spot, Target
from archspec.service.values import shape_at, told, values

_MOST_SHOWN = 4
"""Different uses of a node that are told."""
_MOST_NAMED = 12
"""Names of nodes that are told of a pattern."""


def hover(analysis: Analysis, position: Position) -> Hover | None:
    """What is known of the word at a position; None where nothing is."""
    offset = analysis.lines.offset(position)
    spot = next((each for each in analysis.spots if each.value.start <= offset <= each.value.end), None)
    if spot is None:
        return None
    parts = list(filter(None, _told(analysis, spot, offset)))
    if not parts:
        return None
    return {
        "contents": {"kind": "markdown", "value": "\n\n".join(parts)},
        "range": analysis.lines.range(spot.value.start, spot.value.end),
    }


def _told(analysis: Analysis, spot: Spot, offset: int) -> Iterator[str]:
    if spot.value.text.startswith("$") and not spot.is_key:
        yield from _expression(analysis, spot, offset)
        return
    tell = _TELLERS.get(spot.role)
    if tell is not None:
        yield from tell(spot)
    symbol = next((each.symbol for each in analysis.occurrences if each.start <= offset <= each.end), None)
    if symbol is not None:
        yield from _symbol(analysis, symbol)
    elif spot.role in ("node", "op", "block") and spot.node is not None:
        yield from _node(analysis, spot.node)


def _expression(analysis: Analysis, spot: Spot, offset: int) -> Iterator[str]:
    found = values(analysis, spot, spot.value.text)
    if found:
        yield f"`{spot.value.text}` is {_listed(found)}"
    symbol = next((each.symbol for each in analysis.occurrences if each.start <= offset <= each.end), None)
    if symbol is not None:
        own = values(analysis, spot, f"${symbol.name}") if symbol.name != spot.value.text[1:] else []
        if own:
            yield f"`{symbol.name}` is {_listed(own)}"
        yield from _symbol(analysis, symbol)


def _listed(found: list[str]) -> str:
    shown = ", ".join(f"`{text}`" for text in found[:_MOST_SHOWN])
    return f"{shown} …" if len(found) > _MOST_SHOWN else shown


def _symbol(analysis: Analysis, symbol: Symbol) -> Iterator[str]:
    if symbol.kind == "node" and symbol.node is not None:
        yield from _node(analysis, symbol.node)
    elif symbol.kind == "param":
        yield from _param(analysis, symbol)
    elif symbol.kind in ("block", "file"):
        section = symbol.section if symbol.kind == "file" else symbol.section.block(symbol.name)
        if section is not None:
            yield from _section(section)
    elif symbol.kind == "input":
        yield f"**{symbol.name}** · input{_input_shape(analysis, symbol)}"
    elif symbol.kind == "output":
        yield f"**{symbol.name}** · output of `{symbol.section.name}`"


def _input_shape(analysis: Analysis, symbol: Symbol) -> str:
    network = analysis.network or analysis.partial or analysis.last
    shape = network.inputs.get(symbol.name) if network is not None and symbol.section.around is None else None
    return f" · `{show(shape)}`" if shape else ""


def _param(analysis: Analysis, symbol: Symbol) -> Iterator[str]:
    param = facts.params_of(symbol.section).get(symbol.name)
    if param is None:
        return
    (argument,) = [each for each in facts.block_arguments(symbol.section) if each.name == symbol.name]
    default = argument.default if argument.required else f"`{argument.default}` unless given"
    yield f"**{symbol.name}** · parameter of `{symbol.section.name}` · {argument.type} · {default}"
    yield param.doc
    network = analysis.network or analysis.last
    own = network is not None and symbol.section.around is None and not symbol.section.is_block
    if network is not None and own and symbol.name in network.arguments:
        value = told(network.arguments[symbol.name])
        if value != argument.default:
            yield f"Here it is `{value}`."


def _node(analysis: Analysis, node: outline.Node) -> Iterator[str]:
    """What a node gives and costs, use by use."""
    what = f"{node.kind} `{node.target}`" if node.target else node.kind
    yield f"**{node.name}** · {what}" if what else f"**{node.name}**"
    uses = analysis.uses(node)
    if uses is not None:
        shown = [_figures(part, uses) for part in uses.parts[:_MOST_SHOWN]]
        more = len(uses.parts) - len(shown)
        yield "\n\n".join(shown) + (f"\n\nand in {more} more forms" if more else "")
    if node.kind == "op":
        yield facts.summary(node.target)
    elif node.block is not None:
        yield facts.doc_of(node.block)


def _figures(part: Part, uses: Uses) -> str:
    """Shapes and figures of one use."""
    network = uses.network
    lines = [f"`{' , '.join(_inputs(part, uses))} → {_output(part)}`"]
    figures = [f"params {exact(part.params)}"]
    if part.macs is None:
        figures.append("MACs ?")
    else:
        share = f" ({part.macs / network.macs:.1%})" if network.macs and not network.is_training_only(part.path) else ""
        figures.append(f"MACs {exact(part.macs)}{share}")
    field = part.receptive_field
    if field is not None:
        figures.append(f"receptive field {show(tuple(field.size))}")
    lines.append(" · ".join(figures))
    if len(uses.parts) > 1 or "." in part.path:
        lines.insert(0, f"`{part.path}`")
    return "  \n".join(lines)


def _inputs(part: Part, uses: Uses) -> list[str]:
    if isinstance(part, Node):
        return [] if part.op.takes_nothing else [show(shape) for shape in part.input_shapes]
    shapes = [shape_at(uses.network, path) for path in part.inputs]
    return [show(shape) if shape is not None else "?" for shape in shapes]


def _output(part: Part) -> str:
    if isinstance(part, Node):
        return show(part.shape)
    return " , ".join(show(shape) for shape in part.content.shapes.values())


# Docs


def _op(spot: Spot) -> Iterator[str]:
    name = spot.value.text
    text = facts.described(name)
    if text:
        yield f"**{name}** · op"
        yield text
        yield from _arguments(facts.op_arguments(name))


def _arguments(arguments: Any) -> Iterator[str]:
    rows = [f"- `{each.name}`: {each.type}, {_default(each)}{f'. {each.doc}' * bool(each.doc)}" for each in arguments]
    if rows:
        yield "\n".join(rows)


def _default(argument: facts.Argument) -> str:
    return "required" if argument.required else f"`{argument.default}` unless given"


def _section(section: Section) -> Iterator[str]:
    yield f"**{section.name}** · {'block' if section.is_block else 'network'}"
    yield facts.doc_of(section)
    yield from _arguments(facts.block_arguments(section))


def _argument_key(spot: Spot) -> Iterator[str]:
    target: Target = spot.what
    name = spot.value.text
    found = facts.argument(target, name)
    if found is not None and target.kind == "op":
        yield f"**{name}** · argument of `{target.name}` · {found.type} · {_default(found)}"
        yield found.doc
    elif found is None and name in NODE_DOCS:
        yield f"**{name}** · {NODE_DOCS[name]}"


def _pattern(spot: Spot) -> Iterator[str]:
    """The nodes that a pattern speaks of."""
    if "*" not in spot.value.text:
        return
    nodes = nodes_at(spot.section, spot.value.text)
    names = list(dict.fromkeys(f"`{node.name}`" for node in nodes))
    if names:
        yield f"`{spot.value.text}` speaks of {', '.join(names[:_MOST_NAMED])}{' …' * (len(names) > _MOST_NAMED)}"


def _model_key(spot: Spot) -> Iterator[str]:
    docs = spot.what.docs() if hasattr(spot.what, "docs") else {}
    if spot.value.text in docs:
        yield f"**{spot.value.text}** · {docs[spot.value.text]}"


_TELLERS: dict[str, Callable[[Spot], Iterator[str]]] = {
    "op": _op, "node": _op, "node-key": _argument_key, "argument-key": _argument_key, "choice-key": _argument_key,
    "change-key": _argument_key, "key": _model_key, "path": _pattern,
}  # fmt: skip
