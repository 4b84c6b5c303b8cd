"""``extends``: one file merged into another, key by key, each value keeping its own place."""

from __future__ import annotations

from collections.abc import Collection

from archspec.errors import Change, Diagnostic, Help, Note, did_you_mean, nearest
from archspec.language.choice import is_choice, kind_named
from archspec.language.names import let_form
from archspec.language.removal import Removal
from archspec.language.source import Mapping, Numbered, Scalar, Sequence, Value
from archspec.language.spec import Param
from archspec.ops.op import NODE_KEYS

KINDS = frozenset({"op", "block", "graph", "reuse"})
"""The keys that say what a node is."""


def merge(base: Mapping, over: Mapping, found: list[Diagnostic], removals: list[Removal]) -> Mapping:
    """The file ``over`` merged into the file ``base`` that it extends.

    A list replaces a list, and ``null`` removes a key. ``expect`` is a contract of the file that states it, so it is
    not inherited. Errors are added to ``found``, and what is removed to ``removals``.
    """
    return _Merge(found, removals).file(base, over)


def merged_node(base: Mapping, over: Mapping, found: list[Diagnostic]) -> Mapping:
    """What a node says where ``over`` is merged into it; errors are added to ``found``."""
    return _Merge(found, []).changed(base, over, ("graph", ""))


class _Merge:
    def __init__(self, found: list[Diagnostic], removals: list[Removal]) -> None:
        self.found = found
        self.removals = removals

    def file(self, base: Mapping, over: Mapping) -> Mapping:
        heads = _HEADS if over.entries.keys() & _HEADS else frozenset[str]()
        inherited = without(base, {"expect", "extends", *heads, *({"example"} if "name" in over.entries else ())})
        variants = inherited.entries.get("variants")
        if isinstance(variants, Mapping):
            stripped = {
                name: without(value, {"expect"}) if isinstance(value, Mapping) else value
                for name, value in variants.entries.items()
            }
            inherited = with_entry(inherited, "variants", _like(variants, variants.keys, stripped))
        return self.mapping(inherited, without(over, {"extends"}), ())

    def mapping(self, base: Mapping, over: Mapping, path: tuple[str, ...]) -> Mapping:
        keys, entries = dict(base.keys), dict(base.entries)
        for name, value in over.entries.items():
            if isinstance(value, Scalar) and value.value is None:
                self._remove(over.keys[name], keys, entries, (*path, name), base)
            else:
                keys[name] = over.keys[name]
                entries[name] = self.value(entries.get(name), value, (*path, name))
        return Mapping(over.source, over.start, over.end, keys, entries)

    def _remove(
        self,
        key: Scalar,
        keys: dict[str, Scalar],
        entries: dict[str, Value],
        path: tuple[str, ...],
        base: Mapping | None,
    ) -> None:
        name = path[-1]
        if name in entries:
            if base is not None and name in base.entries:
                self.removals.append(Removal(path, key.span, base))
            del keys[name], entries[name]
            return
        message, help = f"`null` removes a key, and there is no `{name}` to remove", did_you_mean(name, entries)
        if base is not None and _is_argument(name, base) and not nearest(name, entries):
            written = f"{name}: $(null)"
            help = Help(f"`{written}` gives it the value null", Change("state", written))
        self.found.append(Diagnostic("unknown-node", message, key.span, help=help))

    def value(self, base: Value | None, over: Value, path: tuple[str, ...]) -> Value:
        if path[-1] == "graph" and isinstance(over, Mapping):
            if isinstance(base, Sequence):
                return self.numbered(Numbered.of(base, KINDS), over, path)
            return self.graph(base if isinstance(base, Mapping) else None, over, path)
        is_value = not isinstance(over, Mapping) or (is_choice(over) and len(path) > 1)
        if len(path) == 2 and path[0] == "params" and isinstance(base, Mapping) and is_value:
            return with_entry(_declaration(base), "default", over)
        if len(path) == 2 and path[0] in ("init", "weights"):
            return _before(over, base) if path[0] == "weights" else over
        if path == ("override",):
            return _after(over, base)
        if len(path) == 2 and path[0] == "params" and _declares(over) and isinstance(base, Mapping):
            base = _declaration(base)
        if isinstance(base, Mapping) and isinstance(over, Mapping) and not is_value:
            return self.mapping(_as_in(over, base) if _is_let(path) else base, over, path)
        return over

    def graph(self, base: Mapping | None, over: Mapping, path: tuple[str, ...]) -> Mapping:
        """Nodes merged by name, and added ones put into their places."""
        keys = dict(base.keys) if base else {}
        entries = dict(base.entries) if base else {}
        for name, value in over.entries.items():
            key = over.keys[name]
            if isinstance(value, Scalar) and value.value is None:
                self._remove(key, keys, entries, (*path, name), base)
                continue
            if name not in entries and isinstance(value, Mapping) and not KINDS & value.entries.keys():
                message = f"the file that this one extends has no node `{name}`"
                help = did_you_mean(name, entries)
                self.found.append(Diagnostic("unknown-node", message, key.span, path=_path(path, name), help=help))
                continue
            above = node_mapping(value)
            if name not in keys or (above is not None and KINDS & above.entries.keys()):
                keys[name] = key  # where it stands what the node is
            entries[name] = self.node(entries.get(name), value, (*path, name))
            self._place(name, value, entries, _path(path, name))
        ordered = {name: keys[name] for name in entries}
        return Mapping(over.source, over.start, over.end, ordered, entries)

    def numbered(self, base: Numbered, over: Mapping, path: tuple[str, ...]) -> Mapping:
        """Nodes of a list changed by their numbers: the others keep theirs."""
        entries = dict(base.entries)
        for name, value in over.entries.items():
            if name in entries and not (isinstance(value, Scalar) and value.value is None):
                entries[name] = self.node(entries[name], value, (*path, name))
                continue
            message = f"the list that is extended has no node `{name}`"
            help = f"its nodes are 0 to {len(entries) - 1}; write the whole list anew to add some"
            if name in entries:
                message = f"node {name} of a list cannot be removed"
                help = Help(_KEEPS_NUMBERS, Change("state", f"{name}: {{when: false}}"))
            self.found.append(
                Diagnostic("unknown-node", message, over.keys[name].span, path=_path(path, name), help=help)
            )
        return Numbered(over.source, over.start, over.end, base.keys, entries)

    def node(self, base: Value | None, over: Value, path: tuple[str, ...]) -> Value:
        if base is None:
            return without(over, {"after", "before"}) if isinstance(over, Mapping) else over
        below, above = node_mapping(base), node_mapping(over)
        if below is None or above is None:
            return over
        return self.changed(below, without(above, {"after", "before"}), path)

    def changed(self, below: Mapping, above: Mapping, path: tuple[str, ...]) -> Mapping:
        """A node with the keys of ``above``; where these say that it is something else, it keeps what can hold."""
        was_group = "graph" in below.entries
        kinds = KINDS & above.entries.keys()
        if kinds:
            below = without(below, KINDS - kinds)
        if kinds & _WITHOUT_ARGUMENTS and not kinds & below.entries.keys():
            below = without(below, below.entries.keys() - _OF_ANY_NODE)
        elif kinds and "graph" not in kinds:
            below = without(below, _OF_GROUPS if was_group else set())
        return self.mapping(below, above, path)

    def _place(self, name: str, value: Value, entries: dict[str, Value], path: str) -> None:
        if not isinstance(value, Mapping):
            return
        sides = [key for key in value.entries if key in ("after", "before")]
        if len(sides) > 1:
            notes = (Note("the other", value.keys[sides[0]].span),)
            message = "a node goes `after` or `before` another, not both"
            self.found.append(
                Diagnostic(
                    "conflicting-keys",
                    message,
                    value.keys[sides[1]].span,
                    path=path,
                    notes=notes,
                    help=Help.removal(""),
                )
            )
        elif sides:
            self._move(name, value.entries[sides[0]], sides[0], entries, path)

    def _move(self, name: str, anchor: Value, side: str, entries: dict[str, Value], path: str) -> None:
        others = [other for other in entries if other != name]
        where = anchor.plain()
        if where not in others:
            message, help = f"`{side}` names no node of this graph", did_you_mean(str(where), others)
            self.found.append(Diagnostic("unknown-node", message, anchor.span, path=path, help=help))
            return
        others.insert(others.index(where) + (side == "after"), name)
        moved = {other: entries[other] for other in others}
        entries.clear()
        entries.update(moved)


_KEEPS_NUMBERS = "with `when: false` it is an `nn.Identity`, and those after it keep their numbers"
_HEADS = frozenset({"name", "block"})
_OF_ANY_NODE = frozenset({"from", "when", "each", "as", "repeat", "doc"})
_WITHOUT_ARGUMENTS = frozenset({"graph", "reuse"})
_OF_GROUPS = frozenset({"inputs", "let", "output", "outputs"})


def _is_let(path: tuple[str, ...]) -> bool:
    """Whether keys lead to what a file, one of its blocks or a group defines."""
    return path[-1] == "let" and (len(path) == 1 or path[-3:-2] == ("graph",) or path[0] == "blocks")


def _as_in(over: Mapping, base: Mapping) -> Mapping:
    """What ``let`` of one file defines, by the keys of another that define the same names."""
    forms = {let_form(form)[0]: form for form in over.entries}
    names = {form: forms.get(let_form(form)[0], form) for form in base.entries}
    keys = {names[form]: key for form, key in base.keys.items()}
    return _like(base, keys, {names[form]: value for form, value in base.entries.items()})


def _path(path: tuple[str, ...], name: str) -> str:
    """The path of a node, from the keys around it: each ``graph`` is followed by a node's name."""
    return ".".join((*path[1::2], name))


def node_mapping(value: Value) -> Mapping | None:
    """A node as a mapping: the bare word ``relu`` is ``{op: relu}``. None for what is no node."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return Mapping(value.source, value.start, value.end, {"op": value}, {"op": value})
    return None


def _like(value: Mapping, keys: dict[str, Scalar], entries: dict[str, Value]) -> Mapping:
    return Mapping(value.source, value.start, value.end, keys, entries)


def without(value: Mapping, names: Collection[str]) -> Mapping:
    """A mapping without some keys."""
    keys = {name: key for name, key in value.keys.items() if name not in names}
    return _like(value, keys, {name: value.entries[name] for name in keys})


def _before(over: Value, base: Value | None) -> Value:
    """The rules of one file before those of another, so that they apply first; ``null`` is a rule's own value."""
    if not (isinstance(over, Mapping) and isinstance(base, Mapping)):
        return over
    below = without(base, over.entries.keys())
    return _like(over, over.keys | below.keys, over.entries | below.entries)


def _is_argument(name: str, node: Mapping) -> bool:
    """Whether a key of a mapping would be an argument of a block, such as an activation that may be null."""
    return "block" in node.entries and name not in NODE_KEYS


def _declares(param: Value) -> bool:
    """Whether a mapping says what values a parameter takes, and not which arguments its value has."""
    return isinstance(param, Mapping) and not param.entries.keys().isdisjoint(Param.model_fields)


def _declaration(param: Mapping) -> Mapping:
    """The declaration of a parameter: ``{op: relu}`` is ``{type: op, default: {op: relu}}``."""
    if not is_choice(param):
        return param
    kind = Scalar(param.source, param.start, param.end, kind_named(param.plain()))
    return with_entry(with_entry(_like(param, {}, {}), "type", kind), "default", param)


def _after(over: Value, base: Value | None) -> Value:
    """The changes of one file behind those of another, so that they hold; ``null`` is a change's own value."""
    if not (isinstance(over, Mapping) and isinstance(base, Mapping)):
        return over
    below = without(base, over.entries.keys())
    return _like(over, below.keys | over.keys, below.entries | over.entries)


def with_entry(value: Mapping, name: str, entry: Value) -> Mapping:
    """A mapping with a value under a key, whose place is that of the value where it is a new one."""
    key = value.keys.get(name) or Scalar(entry.source, entry.start, entry.end, name)
    return _like(value, {**value.keys, name: key}, {**value.entries, name: entry})
