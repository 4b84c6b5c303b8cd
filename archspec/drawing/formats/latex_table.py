"""A table of stages as LaTeX: a ``tabular`` to put into a paper."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archspec.drawing.content.stage_table import CONVENTIONS, Cell, Row, StageTable
from archspec.drawing.content.stages import Entry
from archspec.drawing.formats.tabular import headings

_NEXT = r" \\ "
_STRUT = r"\rule[-0.4em]{0pt}{1.5em}"
_SIGNS = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "×": r"$\times$", "<": r"$<$", ">": r"$>$", "|": r"$|$",
    "−": r"$-$", "÷": r"$\div$", "…": r"\ldots{}",
}  # fmt: skip


def latex(table: StageTable) -> str:
    """The LaTeX of a table; it needs the package multirow."""
    lines = [
        r"% \usepackage{multirow}",
        f"% {CONVENTIONS}".replace("×", "x"),
        rf"\begin{{tabular}}{{{'|'.join('c' * (len(table.names) + 2))}}}",
        r"\hline",
        rf"{_STRUT}{' & '.join(map(escaped, headings(table)))} \\",
        r"\hline",
    ]
    for row in table.rows:
        lines += [*_row(row, len(table.names)), r"\hline"]
    lines += [
        rf"\multicolumn{{2}}{{c|}}{{{_STRUT}{name}}} & {' & '.join(map(escaped, figures))} \\"
        for name, figures in table.totals
    ]
    return "\n".join([*lines, r"\hline", r"\end{tabular}"]) + "\n"


def _row(row: Row, columns: int) -> Iterator[str]:
    bands = [_band(band, columns) for band in row.bands]
    height = sum(_lines(band) for band in row.bands) if len(bands) > 1 else 1
    start = " & ".join(_over(text, height) for text in (row.name, row.size))
    for number, text in enumerate(bands):
        yield rf"{start} & {text} \\"
        start = " & "
        if number < len(bands) - 1:
            yield rf"\cline{{3-{columns + 2}}}"


def _over(text: str, lines: int) -> str:
    return escaped(text) if lines == 1 else rf"\multirow{{{lines}}}{{*}}{{{escaped(text)}}}"


def _lines(band: tuple[Cell, ...]) -> int:
    """How many lines a band takes."""
    return max(sum(len(entry.lines) for entry in cell) for cell in band)


def _band(band: tuple[Cell, ...], columns: int) -> str:
    """The cells of a band, the first with a strut that keeps them off the rules."""
    first, *others = map(_cell, band)
    lines = _lines(band)
    first = rf"\rule[-{0.6 * lines:.1f}em]{{0pt}}{{{1.2 * lines + 0.6:.1f}em}}{first}"
    spans = len(band) == 1 and columns > 1
    return rf"\multicolumn{{{columns}}}{{c}}{{{first}}}" if spans else " & ".join([first, *others])


def _cell(cell: Cell) -> str:
    entries = [_entry(entry) for entry in cell]
    return entries[0] if len(entries) == 1 else _stacked(entries) if entries else ""


def _stacked(lines: list[str]) -> str:
    return rf"\begin{{tabular}}{{@{{}}c@{{}}}}{_NEXT.join(lines)}\end{{tabular}}"


def _entry(entry: Entry) -> str:
    lines = [escaped(line) for line in entry.lines]
    times = rf"\times{entry.copies}" if entry.copies > 1 else ""
    if not entry.is_block:
        return lines[0] + (f" ${times}$" if times else "")
    inner = lines[0] if len(lines) == 1 else _stacked(lines)
    return rf"$\left[\mbox{{{inner}}}\right]{times}$"


def escaped(text: str) -> str:
    r"""A text as LaTeX has it.

    >>> print(escaped("3×3, conv_1"))
    3$\times$3, conv\_1
    """
    return re.sub("|".join(map(re.escape, _SIGNS)), lambda sign: _SIGNS[sign[0]], text)
