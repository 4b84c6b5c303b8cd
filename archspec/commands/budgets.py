"""What a comparison may cost, as options of a command say it, and whether it keeps to that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import typer

from archspec.commands.quantities import quantity
from archspec.errors import UsageError

if TYPE_CHECKING:
    from archspec.comparison.comparison import Comparison

_WORDS = {"params": "params", "macs": "MACs"}
_PERCENT = re.compile(r"([+-][0-9]+(?:\.[0-9]+)?) ?%", re.ASCII)


class Budget(NamedTuple):
    """The most that a figure may be.

    Attributes:
        figure: Its name in a comparison.
        option: The option that says it, as it was written.
        percent: By how many percent it may be more than before; None where that is not what is said.
        number: The most that it may be, or with `more` by how much it may be more than before.
        more: Whether the number is counted from the figure before.
    """

    figure: str
    option: str
    percent: Decimal | None = None
    number: int = 0
    more: bool = False

    def most(self, before: int) -> int:
        """The most that it may be, where it was so much before."""
        if self.percent is not None:
            return int(before * (1 + self.percent / 100))
        return before + self.number if self.more else self.number


class Budgets(NamedTuple):
    """All that a comparison is to keep to.

    Attributes:
        figures: The most that figures may be.
        same: What has to be the same: ``weights`` or ``network``.
    """

    figures: Sequence[Budget]
    same: Sequence[str]

    def broken(self, comparison: Comparison) -> Iterator[str]:
        """What a comparison does not keep to, in words."""
        for budget in self.figures:
            figure = comparison.figures[budget.figure]
            before, after = figure.before or 0, figure.after or 0
            most = budget.most(before)
            if after > most:
                yield f"{after:,} {_WORDS[budget.figure]} are more than the {most:,} that `{budget.option}` allows"
        if "network" in self.same and comparison.edits:
            count = len(comparison.edits)
            yield f"the networks are not the same, as `--same network` asks: {count} edit{'s' * (count > 1)}"
        if "weights" in self.same and comparison.tensors:
            first = comparison.tensors[0].name
            count = len(comparison.tensors)
            more = f" and {count - 1:,} more" if count > 1 else ""
            yield f"checkpoints of the first do not fit the second, as `--same weights` asks: `{first}`{more}"


def budgets(max_params: str | None, max_macs: str | None, same: Sequence[str]) -> Budgets:
    """What options say.

    Raises:
        UsageError: The value of one is no number.
    """
    texts = dict(zip(_WORDS, (max_params, max_macs), strict=True))
    return Budgets([_budget(figure, text) for figure, text in texts.items() if text is not None], same)


def _budget(figure: str, text: str) -> Budget:
    option = f"--max-{figure} {text}"
    percent = _PERCENT.fullmatch(text)
    if percent:
        return Budget(figure, option, percent=Decimal(percent[1]))
    sign = text[:1] if text[:1] in ("+", "-") else ""
    try:
        number = quantity(text.removeprefix(sign))
    except typer.BadParameter:
        raise UsageError(
            f"`{option}` is no budget: write 25M, or +5% or +1M for what may be more than before"
        ) from None
    return Budget(figure, option, number=-number if sign == "-" else number, more=bool(sign))
