"""``override:`` of a network as it is written: the changes of the nodes inside."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from archspec.compiler.binding import evaluate
from archspec.compiler.rule_reader import RuleReader, reused
from archspec.compiler.trace import Failed, Trace
from archspec.errors import did_you_mean, listed
from archspec.language.definition import Change, Definition
from archspec.language.edits import NO_EDITS, OF_CHANGES, Edit, Edits
from archspec.language.expr import is_expression
from archspec.language.merge import node_mapping
from archspec.language.source import Mapping as MappingValue
from archspec.language.source import Scalar, Sequence, Value
from archspec.language.values import Unknown, kind
from archspec.network import Network
from archspec.ops.op import NODE_KEYS

_EXAMPLE = "for example `silu`, `{stride: 1}`, or `null` for a node that passes its input through"


def edits_of(definition: Definition, arguments: Mapping[str, Any], trace: Trace) -> Edits:
    """The edits that a network states for these values of its parameters; errors go to ``trace``."""
    if definition.override is None:
        return NO_EDITS
    return _EditReader(definition, arguments, trace).edits(definition.override)


def check_changed(definition: Definition, changed: Collection[Scalar], network: Network, trace: Trace) -> None:
    """Report the patterns that fit no node.

    Those that only a file has which this one extends are no mistake of this one: it may have removed the nodes.
    """
    keys = definition.override.keys.values() if definition.override else ()
    for key in keys:
        if key not in changed and key.source is definition.source:
            pattern = str(key.value)
            shares = reused(network, pattern)
            message, help = f"no node has the path `{pattern}`", ""
            if shares:
                message, help = f"`{pattern}` is `{shares}` again, and says nothing of its own", f"change `{shares}`"
            trace.report("unknown-node", message, key, help=help or did_you_mean(pattern, network.paths()))


class _EditReader(RuleReader):
    def __init__(self, definition: Definition, arguments: Mapping[str, Any], trace: Trace) -> None:
        super().__init__(arguments, None, trace, usual=False)
        self.definition = definition

    def edits(self, value: MappingValue) -> Edits:
        """The edits that are right."""
        found = []
        for name, entry in value.entries.items():
            stated = self._stated(name, entry)
            if self.is_pattern(value.keys[name], "paths") and stated is not None:
                computed = self._computed(stated)
                change = Change(value.keys[name], repr(computed.plain()), computed, self.definition)
                found.append(Edit(tuple(name.split(".")), change))
        return Edits(tuple(found))

    def _stated(self, name: str, value: Value) -> MappingValue | None:
        """A change as keys of a node; None where it is wrong."""
        if isinstance(value, Scalar) and value.value is None:
            when = Scalar(value.source, value.start, value.end, "when")
            never = Scalar(value.source, value.start, value.end, False)
            return MappingValue(value.source, value.start, value.end, {"when": when}, {"when": never})
        stated = node_mapping(value)
        if stated is None or not stated.entries:
            message, found = f"`override` of `{name}` has the wrong kind of value", kind(value.plain())
            expected = "the name of an op, a mapping of keys of a node, or null"
            self.report("invalid-value", message, value, expected=expected, found=found, help=_EXAMPLE)
            return None
        wrong = next((key for key in stated.entries if key in NODE_KEYS - OF_CHANGES), "")
        if wrong:
            help = f"besides arguments, it can change {listed(sorted(OF_CHANGES))}"
            self.report("unknown-key", f"`override` cannot change `{wrong}` of a node", stated.keys[wrong], help=help)
            return None
        if {"op", "block"} <= stated.entries.keys():
            second = next(key for key in reversed(stated.entries) if key in ("op", "block"))
            self.report("conflicting-keys", "a node is an `op` or a `block`, not both", stated.keys[second])
            return None
        return stated

    def _computed(self, value: Value) -> Any:
        """A value with what its expressions give; one that is wrong stays as it is."""
        if isinstance(value, MappingValue):
            entries = {key: self._computed(entry) for key, entry in value.entries.items()}
            return MappingValue(value.source, value.start, value.end, value.keys, entries)
        if isinstance(value, Sequence):
            return Sequence(value.source, value.start, value.end, list(map(self._computed, value.items)))
        assert isinstance(value, Scalar)
        if not is_expression(value.value):
            return value
        try:
            return _placed(evaluate(value, self.arguments, self.trace, ""), value)
        except (Failed, Unknown):
            return value


def _placed(plain: Any, place: Value) -> Value:
    """A plain value as if it stood at a place."""
    where = place.source, place.start, place.end
    if isinstance(plain, list):
        return Sequence(*where, [_placed(item, place) for item in plain])
    if isinstance(plain, str) and plain.startswith("$"):
        plain = f"${plain}"  # no expression
    return Scalar(*where, plain)
