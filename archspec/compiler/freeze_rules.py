"""``freeze:``: the patterns of nodes and blocks whose weights do not train."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.compiler.rule_reader import RuleReader, left_out
from archspec.compiler.trace import Failed
from archspec.errors import did_you_mean
from archspec.language import patterns
from archspec.language.source import Scalar, Sequence
from archspec.language.values import Unknown, kind


class FreezeReader(RuleReader):
    """Reads the patterns of ``freeze:``."""

    def patterns(self, value: Sequence | None) -> tuple[str, ...]:
        """The patterns that are right; errors are reported."""
        return tuple(self._found(value)) if value else ()

    def _found(self, value: Sequence) -> Iterator[str]:
        for item in value.items:
            if not (isinstance(item, Scalar) and isinstance(item.value, str)):
                continue  # reported with the kinds of values in the file
            try:
                pattern = self.plain(item)
            except (Failed, Unknown):
                continue
            if isinstance(pattern, str):
                place = Scalar(item.source, item.start, item.end, pattern)
                if self.is_pattern(place, "paths") and self._fits(pattern, place):
                    yield pattern
            elif pattern is not None:
                message, expected = "`freeze` lists what is no path", "the path of a node or block, or null"
                self.trace.report("invalid-value", message, item, expected=expected, found=kind(pattern))

    def _fits(self, pattern: str, place: Scalar) -> bool:
        """Whether some node with weights is one that a pattern freezes; that none is has been reported."""
        if self.network is None or any(n.applied.weights and patterns.begins(pattern, n.path) for n in self.nodes()):
            return True
        if self.must_speak(place):
            fits = any(patterns.matches(pattern, path) for path in self.network.paths())
            help = "nothing there has weights" if fits else did_you_mean(pattern, self.network.paths())
            help = self.shared_help(pattern) or left_out(self.network, pattern) or help or self.there_help(pattern)
            self.report("unknown-node", f"no weights have the path `{pattern}`", place, help=help)
        return False
