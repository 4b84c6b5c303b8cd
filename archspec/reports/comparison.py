"""A comparison of two networks as text: a table for a terminal, and Markdown for a pull request."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import islice

from archspec.comparison.comparison import Comparison, Figure
from archspec.comparison.comparison import diff as diff  # with what a comparison shows of itself
from archspec.comparison.edits import Kind
from archspec.comparison.stating import written as written
from archspec.network import Totals
from archspec.reports.changes import Line, lines
from archspec.reports.table import OF_MACS, WIDTH, exact, markdown_table, short, show_bytes

HEADINGS = ("params", "MACs", "activations")
_WIDEST = 70
"""Characters of the column that says what differs."""
_MOST_TENSORS = 3

Names = tuple[str, str]
"""What the two networks are called."""


def render(
    comparison: Comparison,
    names: Names | None = None,
    *,
    all: bool = False,
    colours: bool = False,
    conventions: bool = True,
) -> str:
    """The table as text.

    Args:
        comparison: The comparison.
        names: What the networks are called; their own names unless given.
        all: Whether to have a line on all that follows from each edit.
        colours: Whether a terminal shows it in colours.
        conventions: Whether it says what the figures are.
    """
    names = names or names_of(comparison)
    title = " → ".join(names)
    if not comparison.edits:
        return f"{title}\n\nNo difference.\n"
    told = lines(comparison, all=all)
    totals = list(_totals(comparison, names))
    rows = [*((row, "") for row in totals), *((_row(line), _COLOURS.get(line.kind, "")) for line in told)]
    folded = [(_folded(row[0]), row[1:], colour if colours else "") for row, colour in rows]
    room = max(len(text) for texts, _, _ in folded for text in texts)
    widths = [max(map(len, column)) for column in zip(HEADINGS, *(cells for _, cells, _ in folded), strict=True)]
    table = [_line("", HEADINGS, room, widths)]
    for texts, cells, colour in folded:
        table += [_coloured(text, colour) for text in (_line(texts[0], cells, room, widths), *texts[1:])]
    remarks = [text for note in notes(comparison) for text in textwrap.wrap(note, WIDTH)]
    text = [title, "", *table, "", *remarks, *(["", *textwrap.wrap(_CONVENTIONS, WIDTH)] if conventions else [])]
    return "\n".join(line.rstrip() for line in text) + "\n"


_COLOURS: dict[Kind | None, str] = {"added": "32", "removed": "31", "changed": "33", "renamed": "36", "moved": "36"}
"""Green, red, yellow and cyan of a terminal, by the kind of an edit."""


def _coloured(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text.rstrip()}\x1b[0m" if colour else text


_CONVENTIONS = f"{OF_MACS} Activations: bytes of the tensors that all nodes give, float32, one sample."


def names_of(comparison: Comparison) -> Names:
    """The names of the networks; of two with one name also which is which."""
    before, after = comparison.before.name, comparison.after.name
    return (before, after) if before != after else (f"{before} (before)", f"{after} (after)")


Row = tuple[str, str, str, str]


def rows(comparison: Comparison, names: Names | None = None, *, all: bool = False) -> list[Row]:
    """The rows of the table: the totals of both networks, and the lines on what differs, those inside indented."""
    told = (_row(line) for line in lines(comparison, all=all))
    return [*_totals(comparison, names or names_of(comparison)), *told]


def _totals(comparison: Comparison, names: Names) -> Iterator[Row]:
    figures = [comparison.figures[name] for name in ("params", "macs", "activations")]
    writers = (exact, exact, show_bytes)
    for name, values in zip(names, ([each.before for each in figures], [each.after for each in figures]), strict=True):
        params, macs, activations = (write(value or 0) for write, value in zip(writers, values, strict=True))
        yield f"  {name}", params, macs, activations
    params, macs, activations = map(_share, figures)
    yield "  change", params, macs, activations


def _share(figure: Figure) -> str:
    if not figure.change:
        return "same"
    if figure.share is None:
        return "new"
    return f"{figure.share:+.1%}" if abs(figure.share) >= 0.0005 else f"{'+' if figure.change > 0 else '-'}<0.1%"


def _row(line: Line) -> Row:
    subject = f"{line.subject}: " if line.subject and line.text else line.subject
    return (f"{'    ' * line.level}{line.mark} {subject}{line.text}{_shapes(line)}", *_cells(line.change))


def _shapes(line: Line) -> str:
    return f", output {line.shapes}" if line.shapes and line.level == 0 else ""


def _cells(change: Totals) -> tuple[str, str, str]:
    return (signed(change.params), signed(change.macs), _signed_bytes(change.activations))


def signed(value: int) -> str:
    """``+18.9M``: three digits with a sign; empty for 0."""
    return f"{'+' if value > 0 else '-'}{short(abs(value))}" if value else ""


def _signed_bytes(value: int) -> str:
    return f"{'+' if value > 0 else '-'}{show_bytes(abs(value))}" if value else ""


def _folded(text: str) -> list[str]:
    """A text in lines that are not too long, later ones further in."""
    start = len(text) - len(text.lstrip())
    text = _COMMAND.sub(r"\1 \2", text)
    return textwrap.wrap(
        text.strip(), _WIDEST, initial_indent=" " * start, subsequent_indent=" " * (start + 4), break_on_hyphens=False
    ) or [""]


_COMMAND = re.compile(r"(?<!\S)([:#])([:#])")
"""What a line may not begin with, where a runner of GitHub's would take it for a command."""


def _line(text: str, cells: Sequence[str], room: int, widths: Sequence[int]) -> str:
    return "   ".join([text.ljust(room), *(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))])


def notes(comparison: Comparison) -> Iterator[str]:
    """What the table does not say: memory, and whether checkpoints fit."""
    inference, training = (comparison.figures[name] for name in ("inference_memory", "training_memory"))
    yield f"Memory: {_bytes(inference)} at the peak of inference, {_bytes(training)} kept for training."
    trained = comparison.figures["trainable_params"]
    if trained.change != comparison.figures["params"].change:
        yield f"Trainable params: {exact(trained.before)} → {exact(trained.after)}."
    if not comparison.tensors:
        yield "Checkpoints: those of the one fit the other."
        return
    named = ", ".join(tensor.name for tensor in islice(comparison.tensors, _MOST_TENSORS))
    counts = [
        f"{sum(tensor.before is None for tensor in comparison.tensors):,} new",
        f"{sum(tensor.after is None for tensor in comparison.tensors):,} gone",
        f"{sum(None not in (tensor.before, tensor.after) for tensor in comparison.tensors):,} of another shape",
    ]
    more = " …" if len(comparison.tensors) > _MOST_TENSORS else ""
    yield f"Checkpoints do not fit: {', '.join(counts)} ({named}{more})."


def _bytes(figure: Figure) -> str:
    before, after = ("?" if value is None else show_bytes(value) for value in (figure.before, figure.after))
    return before if before == after else f"{before} → {after}"


def render_markdown(comparison: Comparison, names: Names | None = None, *, all: bool = False) -> str:
    """The table as Markdown, for a pull request."""
    names = names or names_of(comparison)
    title = f"### {escaped(' → '.join(names))}"
    if not comparison.edits:
        return f"{title}\n\nNo difference.\n"
    rows = [(escaped(row[0].strip()), *row[1:]) for row in _totals(comparison, names)]
    rows += [_markdown_row(line) for line in lines(comparison, all=all)]
    table = markdown_table(("", *HEADINGS), rows, "lrrr")
    remarks = [escaped(note) for note in notes(comparison)]
    return "\n".join([title, "", *table, "", *(f"{note}  " for note in remarks[:-1]), remarks[-1]]) + "\n"


def _markdown_row(line: Line) -> Row:
    subject = f"`{line.subject}`" if line.subject else ""
    mark = f"**{escaped(line.mark)}**" if line.kind else "└"
    text = escaped(line.text + _shapes(line))
    return (f"{'&emsp;' * line.level}{mark} {': '.join(filter(None, (subject, text)))}", *_cells(line.change))


def escaped(text: str) -> str:
    """A text that Markdown takes as it is."""
    return re.sub(r"[\\`*|\[\]~<>#]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)


Comparison.__str__ = render  # type: ignore[method-assign, assignment]
Comparison._repr_markdown_ = render_markdown  # type: ignore[attr-defined]
