"""What the page shows of a network: figures, the parameters to set, lines of nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NotRequired, TypedDict

from archspec.analysis.memory import activation_memory
from archspec.comparison.comparison import compared
from archspec.importers.writing import flow
from archspec.language.definition import Definition, GraphSteps
from archspec.language.spec import Param
from archspec.language.values import UNKNOWN
from archspec.network import Network
from archspec.ops.tensor import show
from archspec.reports.comparison import HEADINGS, notes
from archspec.reports.comparison import rows as comparison_rows
from archspec.reports.table import exact, show_bytes


class Figure(TypedDict):
    """A figure of a network. ``change`` tells it from that of another network, where it differs."""

    name: str
    text: str
    change: NotRequired[str]


class Control(TypedDict):
    """A parameter, with its default as ``--set`` reads it. ``choices`` are all values that it takes, if few."""

    name: str
    kind: str
    value: str
    doc: str
    choices: NotRequired[list[str]]


class Changes(TypedDict):
    """What an author changed, as a table and remarks. The first cell of a row begins with a mark: `+`, `-` or `~`."""

    heads: list[str]
    rows: list[list[str]]
    notes: list[str]


def changes(before: Network, now: Network) -> Changes:
    """What makes a network differ from what it was before, what that costs and what follows from it."""
    comparison = compared(before, now)
    if not comparison.edits:
        return {"heads": [], "rows": [], "notes": ["Nothing has changed since the page was opened."]}
    rows = [list(row) for row in comparison_rows(comparison, ("when the page was opened", "now"))]
    return {"heads": ["", *HEADINGS], "rows": rows, "notes": list(notes(comparison))}


def figures(network: Network, before: Network) -> list[Figure]:
    """The figures of a network, each with its change from what the network was before."""
    now, then = _numbers(network), _numbers(before)
    outputs, old = ({name: show(output.shape) for name, output in each.outputs.items()} for each in (network, before))
    output: Figure = {"name": "output", "text": ", ".join(outputs.values())}
    if outputs != old:
        output["change"] = f"was {', '.join(old.values())}"
    return [output, *(_figure(name, now[name], then[name]) for name in now)]


def _numbers(network: Network) -> dict[str, int | None]:
    memory = activation_memory(network)
    return {
        "params": network.params,
        "MACs": network.macs,
        "peak activations": memory.inference_peak,
        "for training": memory.training,
    }


def _figure(name: str, now: int | None, before: int | None) -> Figure:
    is_bytes = name not in ("params", "MACs")
    write = show_bytes if is_bytes else exact
    figure: Figure = {"name": name, "text": "?" if now is None else write(now)}
    if now is not None and before is not None and now != before:
        sign = "+" if now > before else "−"
        part = f" ({(now - before) / before:+.1%})".replace("-", "−") if before else ""
        figure["change"] = f"{sign}{write(abs(now - before))}{part}"
    return figure


def controls(definition: Definition) -> list[Control]:
    """The parameters of a spec, in its order; those that are declared wrong have errors at their lines instead."""
    return [_control(name, param) for name, param in definition.params.items() if param.default is not UNKNOWN]


def _control(name: str, param: Param) -> Control:
    control: Control = {
        "name": name,
        "kind": param.kind or "",
        "value": "" if param.required else flow(param.default),
        "doc": param.doc,
    }
    if param.choices:
        control["choices"] = [flow(choice) for choice in param.choices]
    return control


def lines(definition: Definition, name: str) -> dict[str, int]:
    """The lines of the nodes that a file itself states, by path; lines count from 1.

    Args:
        definition: What the file says.
        name: What errors call the file.
    """
    return dict(_lines(definition.graph, name, ""))


def _lines(graph: GraphSteps, name: str, around: str) -> Iterator[tuple[str, int]]:
    for step in graph.steps:
        span = step.key.span
        if span.file == name:
            yield f"{around}{step.name}", span.line
        if step.group is not None:
            yield from _lines(step.group, name, f"{around}{step.name}.")
