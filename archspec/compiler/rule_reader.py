"""What the readers of ``init:`` and ``weights:`` share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archspec.compiler.binding import evaluate
from archspec.compiler.trace import Trace
from archspec.errors import Help, listed, removable
from archspec.language import patterns
from archspec.language.source import Scalar, Source, Value
from archspec.network import Block, Layer, Network, Node

_MOST_PATTERNS = 100
_MOST_NAMES = 12
"""How many are listed."""


def reused(network: Network, path: str) -> str:
    """The path of what the node or block of a path reuses; empty where it reuses nothing, or is not there."""
    return network[path].shares if path in network else ""


def left_out(network: Network, path: str) -> str:
    """Why a node that is written at a path, or what it stands in, is not there; empty where none is written."""
    around = ""
    for name in path.split("."):
        inner = f"{around}.{name}" if around else name
        if inner not in network:
            block = network[around] if around else network.blocks
            steps = block.graph.steps if isinstance(block, Block) and block.graph is not None else ()
            step = next((step for step in steps if step.name == name), None)
            why = "no output needs it" if step is not None and step.when is None else "its `when` is false"
            return f"`{inner}` is left out: {why}" if step is not None else ""
        around = inner
    return ""


def _beginnings(path: str) -> Iterator[str]:
    """What a path leads through, the longest first."""
    while path := path.rpartition(".")[0]:
        yield path


class RuleReader:
    """Reads rules whose values may be expressions, and knows the nodes that they can speak of.

    Where ``strict`` is a file, a rule must speak of something, unless it is that of a bundled network which the file
    extends: it may be about what only another variant of that has.
    """

    def __init__(
        self, arguments: Mapping[str, Any], network: Network | None, trace: Trace, strict: Source | None
    ) -> None:
        self.arguments = arguments
        self.trace = trace
        self.network = network
        self.strict = strict
        self.count = 0

    @property
    def known(self) -> bool:
        """Whether there is a network that the rules can be held against."""
        return self.network is not None

    def must_speak(self, place: Value) -> bool:
        """Whether a rule that speaks of nothing is an error."""
        return self.strict is not None and (place.source is self.strict or not place.source.bundled)

    def nodes(self) -> Iterator[Layer]:
        """The nodes with tensors."""
        nodes = self.network.blocks.nodes() if self.network else ()
        return (Layer(node.path, node.applied) for node in nodes if node.weights or node.buffers)

    def shared_help(self, path: str) -> str:
        """Where the tensors are of a node or block that reuses another; empty for one that has its own."""
        shares = reused(self.network, path) if self.network is not None else ""
        return Help.instead(f"its weights are those of `{shares}`, which it reuses", shares) if shares else ""

    def there_help(self, path: str) -> str:
        """What has weights where a path ends that leads nowhere: the tensors of a node, or what stands in a block."""
        if self.network is None:
            return ""
        around = next((each for each in _beginnings(path) if each in self.network), "")
        part = self.network[around] if around else self.network.blocks
        if isinstance(part, Node):
            names = [*part.weights, *part.buffers]
        else:
            names = [child.name for child in part.children if child.params or child.buffer_elements]
        where = f"`{around}` has" if around else "what has weights is"
        return f"{where} {listed(names)}" if 0 < len(names) <= _MOST_NAMES else ""

    def report(self, code: str, message: str, value: Value, **details: str) -> None:
        """Report an error at a value. A rule can be left out."""
        self.trace.report(code, message, value, **details | {"help": removable(details.get("help", ""))})

    def plain(self, value: Value) -> Any:
        """The plain value, its expressions computed, as `evaluate` does."""
        return evaluate(value, self.arguments, self.trace, "")

    def is_pattern(self, key: Scalar, what: str) -> bool:
        """Whether a key is a pattern, and not one too many: each is compared with every node."""
        text = str(key.value)
        wrong = patterns.problem(text)
        if wrong:
            help = "for example `layer*.bn1`, or `features.**.norm` at any depth"
            self.report("invalid-value", f"`{text}` is no pattern of {what}: {wrong}", key, help=help)
            return False
        self.count += patterns.is_pattern(text)
        if self.count == _MOST_PATTERNS + 1 and patterns.is_pattern(text):
            self.report("limit-exceeded", f"more than {_MOST_PATTERNS} rules have a `*`", key)
        return self.count <= _MOST_PATTERNS or not patterns.is_pattern(text)
