"""How wide a text is, without a font at hand.

Widths are those of Bitstream Vera Sans, which DejaVu Sans shares and Verdana nearly: the widest of the fonts that a
reader's machine is likely to have. A narrower one, such as Helvetica, leaves room. While a picture in another font is
laid out, they are those of that font (`measured_in`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

FAMILY = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', 'Bitstream Vera Sans', sans-serif"
"""For CSS: one of them is everywhere."""

_FIRST = 32
_REGULAR = """
318 401 460 838 636 950 780 275 390 390 500 838 318 361 318 337 636 636 636 636 636 636 636 636 636 636 337 337 838 838
838 531 1000 684 686 698 770 632 575 775 752 295 295 656 557 863 748 787 603 787 695 635 611 732 684 989 685 611 685 390
337 390 838 500 500 613 635 550 635 615 352 635 634 278 278 579 278 974 634 612 635 635 411 521 392 634 592 818 592 592
525 636 337 636 838
"""
_BOLD = """
348 456 521 838 696 1002 872 306 457 457 523 838 380 415 380 365 696 696 696 696 696 696 696 696 696 696 400 400 838 838
838 580 1000 774 762 734 830 683 683 821 837 372 372 775 637 995 837 850 733 850 770 720 682 812 774 1103 771 724 725
457 365 457 838 500 500 675 716 593 716 678 435 716 712 343 343 665 343 1042 712 687 716 716 493 595 478 712 652 924 645
652 582 712 365 712 838
"""
_BEYOND = {"×": 838, "²": 401, "³": 401, "…": 1000, "–": 500, "−": 838}
_WIDEST = 1100
"""For every other character."""


def _table(widths: str, dot: int) -> dict[str, int]:
    return {chr(_FIRST + index): int(width) for index, width in enumerate(widths.split())} | _BEYOND | {"·": dot}


class Metrics(NamedTuple):
    """Widths of characters in thousandths of the size of a text; characters left out are as wide as the widest."""

    regular: Mapping[str, int]
    bold: Mapping[str, int]


VERA = Metrics(_table(_REGULAR, 318), _table(_BOLD, 380))
"""Of Bitstream Vera Sans."""

_metrics: ContextVar[Metrics] = ContextVar("metrics", default=VERA)


@contextmanager
def measured_in(metrics: Metrics) -> Iterator[None]:
    """Texts are as wide as in a font, inside of the ``with``."""
    token = _metrics.set(metrics)
    try:
        yield
    finally:
        _metrics.reset(token)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text in the unit of ``size``.

    >>> round(text_width("conv 3×3", 10), 1)
    48.2
    """
    metrics = _metrics.get()
    table = metrics.bold if bold else metrics.regular
    return sum(table.get(character, _WIDEST) for character in text) * size / 1000
