"""``override:`` of a network as it is written: the changes of the nodes inside."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from archspec.compiler.binding import evaluate
from archspec.compiler.rule_reader import RuleReader, left_out, reused
from archspec.compiler.trace import Failed, Trace
from archspec.errors import Help, did_you_mean, listed
from archspec.language.choice import KINDS, Choice, chosen, names_one
from archspec.language.definition import Change, Definition
from archspec.language.edits import NO_EDITS, OF_CHANGES, Edit, Edits
from archspec.language.expr import is_expression
from archspec.language.merge import node_mapping
from archspec.language.source import Mapping as MappingValue
from archspec.language.source import Scalar, Sequence, Value
from archspec.language.values import Unknown, kind
from archspec.language.wording import found
from archspec.network import Network
from archspec.ops.op import NODE_KEYS

_EXPECTED = "the name of an op, a mapping of keys of a node, or null"
_EXAMPLE = "for example `silu`, `{stride: 1}`, or `null` for a node that passes its input through"
_NULL = "$(null)"


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
                help = Help.instead(help, shares)
            elif why := left_out(network, pattern):
                also = ", or change its `when` too: `when: true`" if why.endswith("is false") else ""
                message, help = why, Help.removal(f"leave this out{also}")
            trace.report("unknown-node", message, key, help=help or did_you_mean(pattern, network.written_paths()))


class _EditReader(RuleReader):
    def __init__(self, definition: Definition, arguments: Mapping[str, Any], trace: Trace) -> None:
        super().__init__(arguments, None, trace, strict=None)
        self.definition = definition

    def edits(self, value: MappingValue) -> Edits:
        """The edits that are right."""
        edits = []
        for name, entry in value.entries.items():
            stated = self._stated(name, entry)
            named = self._named(self._computed(stated), stated) if stated else None
            if self.is_pattern(value.keys[name], "paths") and named is not None:
                computed, user = named
                change = Change(value.keys[name], repr(computed.plain()), computed, user)
                edits.append(Edit(tuple(name.split(".")), change))
        return Edits(tuple(edits))

    def _stated(self, name: str, value: Value) -> MappingValue | None:
        """A change as keys of a node; None where it is wrong."""
        if isinstance(value, Scalar) and value.value is None:
            when = Scalar(value.source, value.start, value.end, "when")
            never = Scalar(value.source, value.start, value.end, False)
            return MappingValue(value.source, value.start, value.end, {"when": when}, {"when": never})
        stated = node_mapping(value)
        if stated is None or not stated.entries:
            message, expected = f"`override` of `{name}` has the wrong kind of value", _EXPECTED
            self.report("invalid-value", message, value, expected=expected, found=kind(value.plain()), help=_EXAMPLE)
            return None
        wrong = next((key for key in stated.entries if key in NODE_KEYS - OF_CHANGES), "")
        if wrong:
            help = f"besides arguments, it can change {listed(sorted(OF_CHANGES))}"
            self.report("unknown-key", f"`override` cannot change `{wrong}` of a node", stated.keys[wrong], help=help)
            return None
        if {"op", "block"} <= stated.entries.keys():
            second = next(key for key in reversed(stated.entries) if key in ("op", "block"))
            self.report(
                "conflicting-keys",
                "a node is an `op` or a `block`, not both",
                stated.keys[second],
                help=Help.removal(""),
            )
            return None
        return stated

    def _named(self, change: MappingValue, written: MappingValue) -> tuple[MappingValue, Definition] | None:
        """A change with the name and arguments of the op or block that an expression gives, and where it is looked up.

        None where the expression gives none; that is reported.

        Args:
            change: The change, its expressions computed.
            written: The change as written.
        """
        kind_ = next((kind_ for kind_ in KINDS if kind_ in written.entries), "")
        stated = written.entries.get(kind_)
        if not (isinstance(stated, Scalar) and is_expression(stated.value)):
            return change, self.definition
        value = change.entries[kind_].plain()
        if value == stated.value:  # the expression itself is wrong
            return None
        others = {key: entry for key, entry in change.entries.items() if key != kind_}
        if value == _NULL:
            keys, entries = {"when": written.keys[kind_]}, {"when": _placed(False, stated)}
            return MappingValue(change.source, change.start, change.end, keys, entries), self.definition
        if names_one(value, kind_):
            value = chosen(value, kind_, stated, self.definition)
        if not isinstance(value, Choice) or value.kind != kind_:
            message, expected = f"`{stated.value}` is no {kind_}", f"{KINDS[kind_]}, its name, or null"
            self.report("invalid-value", message, stated, expected=expected, found=found(value))
            return None
        given = {name: _placed(entry.value.plain(), stated) for name, entry in value.arguments.items()}
        keys = {name: Scalar(stated.source, stated.start, stated.end, name) for name in given} | written.keys
        entries = given | others | {kind_: _placed(value.name, stated)}
        assert isinstance(value.user, Definition)
        return MappingValue(change.source, change.start, change.end, keys, entries), value.user

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
    if plain is None:
        plain = _NULL  # a value, where null itself would remove a key
    elif isinstance(plain, str) and plain.startswith("$"):
        plain = f"${plain}"  # no expression
    return Scalar(*where, plain)
