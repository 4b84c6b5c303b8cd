"""A page on one network for a reviewer or a model card, as Markdown and as HTML: built once, printed twice."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archspec.analysis.cost import roll_up
from archspec.analysis.memory import activation_memory
from archspec.comparison.comparison import Comparison
from archspec.network import Network
from archspec.ops.tensor import show
from archspec.reports import comparison as changes
from archspec.reports.table import CONVENTIONS, DETAILS, HEADINGS, all_cells, markdown_table, show_bytes, totals

BATCHES = (1, 8, 32, 128)
"""Samples at once for which memory is told."""
_DTYPE_BYTES = 4


class Table(NamedTuple):
    """A table of texts; ``align`` has an ``l`` or ``r`` for each column."""

    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    align: str


@dataclass(frozen=True)
class Section:
    """A part of a page: a title, tables, and remarks below them."""

    title: str
    tables: tuple[Table, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page on a network.

    Attributes:
        title: The network's name.
        doc: What its spec says it is.
        paper: Where it was first described, and a link to it; None where its spec does not say.
        sections: What is told of it.
    """

    title: str
    doc: str
    paper: tuple[str, str] | None
    sections: tuple[Section, ...]


def page(network: Network, comparison: Comparison | None = None) -> Page:
    """The page on a network.

    Args:
        network: The network.
        comparison: What differs from the network that it extends; None where it extends none.
    """
    paper = network.paper
    sections = [_figures(network), _memory(network), _layers(network)]
    sections += [_parameters(network)] if network.arguments else []
    sections += [_compared(comparison)] if comparison else []
    return Page(
        title=network.name,
        doc=network.doc,
        paper=(f"{paper.title} ({paper.year})", paper.url or "") if paper else None,
        sections=tuple(sections),
    )


def _figures(network: Network) -> Section:
    rows = [*totals(network), *_field(network)]
    return Section("Figures", (Table(("", ""), rows, "ll"),), (CONVENTIONS,))


def _field(network: Network) -> Iterator[tuple[str, str]]:
    """The receptive field of the last node whose places step along the input: behind it each sees one thing."""
    for node in reversed(network.nodes):
        field = None if network.is_training_only(node.path) else network.receptive_fields.get(node.path)
        if field is not None and field.stride and all(field.stride):
            stride = "x".join(map(str, field.stride))
            yield "receptive field", f"{show(field.size)} with stride {stride} at {node.path}"
            return


def _memory(network: Network) -> Section:
    """Memory of activations at several batches, and that of weights."""
    one = activation_memory(network)
    rows = [
        (
            str(batch),
            show_bytes(batch * one.inference_peak),
            "?" if one.training is None else show_bytes(batch * one.training),
        )
        for batch in BATCHES
    ]
    weights = show_bytes(_DTYPE_BYTES * (network.params + network.buffer_elements))
    remark = (
        f"Bytes of activations in float32: the most that are alive at once in inference, and what autograd keeps for "
        f"the backward pass. Weights and buffers take {weights} besides."
    )
    return Section("Memory", (Table(("batch", "inference", "training"), rows, "rrr"),), (remark,))


def _layers(network: Network) -> Section:
    rows = [all_cells(row) for row in roll_up(network, 1)]
    return Section("Layers", (Table(HEADINGS + DETAILS, rows, "lll" + "r" * 9),))


def _parameters(network: Network) -> Section:
    rows = [(name, changes.written(value)) for name, value in network.arguments.items()]
    return Section("Parameters", (Table(("parameter", "value"), rows, "ll"),))


def _compared(comparison: Comparison) -> Section:
    title = f"Compared with {comparison.before.name}"
    if not comparison.edits:
        return Section(title, (), ("No difference.",))
    table = Table(("", *changes.HEADINGS), changes.rows(comparison), "lrrr")
    return Section(title, (table,), tuple(changes.notes(comparison)))


# Markdown


def markdown(page: Page, picture: str) -> str:
    """A page as Markdown; ``picture`` is the path of the picture's file."""
    return "\n".join(_markdown_lines(page, picture)) + "\n"


def _markdown_lines(page: Page, picture: str) -> Iterator[str]:
    yield from (f"# {changes.escaped(page.title)}", "")
    yield from (changes.escaped(page.doc).replace("\\`", "`"), "") if page.doc else ()  # code in it is code here
    if page.paper:
        title, url = page.paper
        yield from (f"[{changes.escaped(title)}]({url})" if url else changes.escaped(title), "")
    yield f"![{changes.escaped(page.title)}](<{picture}>)"
    for section in page.sections:
        yield from ("", f"## {changes.escaped(section.title)}")
        for table in section.tables:
            rows = [[_markdown_cell(cell) for cell in row] for row in table.rows]
            yield from ("", *markdown_table(table.heading, rows, table.align))
        for remark in section.remarks:
            yield from ("", changes.escaped(remark))


def _markdown_cell(text: str) -> str:
    indented = re.sub("^ +", lambda spaces: "&emsp;" * (len(spaces[0]) // 2), changes.escaped(text))
    return indented.replace("\n", " ")


# HTML

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #8884; text-align: left; white-space: pre; }
.r { text-align: right; font-variant-numeric: tabular-nums; }
td:first-child { white-space: pre-wrap; }
figure { margin: 1.5rem 0; }
:root { color-scheme: light dark; }
"""

_CODE = r"<code>\1</code>"


def as_html(page: Page, picture: str) -> str:
    """A page as one HTML file; ``picture`` is SVG text."""
    return "\n".join(_html_lines(page, picture)) + "\n"


def _html_lines(page: Page, picture: str) -> Iterator[str]:
    title = html.escape(page.title)
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>"
    yield from (f"<p>{re.sub('`([^`]+)`', _CODE, html.escape(page.doc))}</p>",) if page.doc else ()
    if page.paper:
        text, url = map(html.escape, page.paper)
        yield f'<p><a href="{url}">{text}</a></p>' if url else f"<p>{text}</p>"
    yield f"<figure>{picture}</figure>"
    for section in page.sections:
        yield f"<h2>{html.escape(section.title)}</h2>"
        for table in section.tables:
            yield from _html_table(table)
        yield from (f"<p>{html.escape(remark)}</p>" for remark in section.remarks)
    yield "</body>\n</html>"


def _html_table(table: Table) -> Iterator[str]:
    yield "<table>"
    if any(table.heading):
        yield _html_row("th", table.heading, table.align)
    yield from (_html_row("td", row, table.align) for row in table.rows)
    yield "</table>"


def _html_row(tag: str, cells: Iterable[str], align: str) -> str:
    sides = (' class="r"' if side == "r" else "" for side in align)
    texts = [f"<{tag}{side}>{html.escape(cell)}</{tag}>" for side, cell in zip(sides, cells, strict=True)]
    return f"<tr>{''.join(texts)}</tr>"
