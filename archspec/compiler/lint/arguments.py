"""Arguments of blocks that have no effect."""

from __future__ import annotations

from archspec.compiler.trace import Trace
from archspec.errors import Help, listed
from archspec.network import Body, Use


def needless_arguments(use: Use, body: Body, path: str, trace: Trace) -> None:
    """Arguments that only the defaults of other parameters ask for, where these are given too.

    Args:
        use: A use of a block.
        body: What it holds.
        path: Where it stands.
        trace: Where warnings go.
    """
    for name, asking in body.template.of_defaults.items():
        if name in use.written and asking <= use.written.keys():
            others, given = listed(sorted(asking)), "is given" if len(asking) == 1 else "are given"
            message = f"`{name}` has no effect: only the default of {others} asks for it, and {others} {given}"
            help = Help.removal(f"write it in the value of {others}, or remove it")
            trace.report("needless-argument", message, use.written[name].key, path=path, help=help)
