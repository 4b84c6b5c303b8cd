"""Numbers as people write them on a command line: ``5M``, ``4.1G``, ``25_000_000``."""

from __future__ import annotations

import re
from decimal import Decimal

import typer

_SCALES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}
_WRITTEN = re.compile(r"([0-9][0-9_,]*(?:\.[0-9]+)?) ?([kmgbt]?)", re.ASCII | re.IGNORECASE)


def quantity(text: str) -> int:
    """The number that a text stands for.

    Raises:
        typer.BadParameter: It stands for none.

    >>> quantity("25.6M")
    25600000
    """
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise typer.BadParameter(f"`{text}` is no number such as 5M, 4.1G or 25_000_000")
    number, scale = written.groups()
    return int(Decimal(re.sub("[_,]", "", number)) * _SCALES[scale.lower()])
