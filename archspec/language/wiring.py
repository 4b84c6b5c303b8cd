"""Who takes whose output: the names in one graph, resolved as its nodes are read."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection
from typing import Any, NamedTuple

from archspec.errors import Diagnostic, Help, Span, did_you_mean, listed
from archspec.language.definition import ALL_COPIES, OutputStep, Reference, Reuse, Step, index_of
from archspec.language.rewiring import inputs_help, moved
from archspec.language.source import Mapping, Scalar, Sequence, Value

_REUSE_HELP = "it stands outside of this group, and a node reuses one of its own graph"


class Wiring:
    """The names that nodes of one graph can take, in the order of the file.

    Attributes:
        found: Where errors go.
        inputs: Names of the graph's inputs.
        nodes: All its nodes, those that have not been read among them.
        around: The names of the graph around it, for hints; None for an outermost one.
        path: The path of the graph within its file or block.
        params: The parameters of the definition that it belongs to.
        lets: What it and the graphs around it define; of a function, how many call each other in it.
        loops: The names of what differs from copy to copy of the nodes around it.
        steps: The nodes read so far.
        used: Names of nodes and inputs that something takes.
        unknown: Names that nothing has, with the number of the error that speaks of each.
        resolved: What the last node takes, as far as that is known.
        is_network: Whether it is the graph of a network.
        is_list: Whether its nodes are a list, each of which takes the one before.
        complete: Whether it is known what every node takes; if not, nothing can be said of unused ones.
    """

    def __init__(
        self,
        found: list[Diagnostic],
        inputs: tuple[str, ...],
        nodes: Mapping,
        around: Wiring | None = None,
        path: str = "",
        params: Collection[str] = (),
        loops: frozenset[str] = frozenset(),
    ) -> None:
        self.found = found
        self.inputs = inputs
        self._inputs = frozenset(inputs)
        self.nodes = nodes
        self.around = around
        self.path = path
        self.params: Collection[str] = around.params if around is not None else params
        self.lets: ChainMap[str, int] = around.lets.new_child() if around is not None else ChainMap()
        self.loops = loops
        self.steps: dict[str, Step] = {}
        self.used: set[str] = set()
        self.unknown: dict[str, int] = {}
        self.resolved: tuple[Reference, ...] = ()
        self.is_list = False
        self.is_network = False
        self.complete = True
        self.previous = ""

    def is_input(self, name: Any) -> bool:
        """Whether a name is that of an input of the graph."""
        return name in self._inputs

    def meaning(self, name: str) -> str:
        """What a name stands for in the graph or one around it, in words; empty for a new one."""
        if name in self.params:
            return "a parameter"
        if name in self.lets:
            return "defined by a `let` around"
        if name in self.loops:
            return "a name that `as` gives around this node"
        wiring: Wiring | None = self
        while wiring is not None:
            if name in wiring.nodes.entries or wiring.is_input(name):
                return "a node" if name in wiring.nodes.entries else "an input"
            wiring = wiring.around
        return ""

    def is_known(self, name: str) -> bool:
        """Whether a name stands for something that a value of ``let`` can ask for."""
        return name in self.params or name in self.lets or name in self.loops or self.is_input(name)

    def _is_around(self, name: str) -> bool:
        """Whether a node above, or an input, stands by a name in a graph around this one, where it counts as taken."""
        wiring = self.around
        while wiring is not None and name not in wiring.steps and not wiring.is_input(name):
            wiring = wiring.around
        if wiring is not None:
            wiring.used.add(name)
        return wiring is not None

    def child(self, name: str) -> str:
        """The path of a node."""
        return f"{self.path}.{name}" if self.path else name

    def add(self, step: Step) -> None:
        """A further node."""
        self.complete = self.complete and bool(step.kind)
        self.steps[step.name] = step
        self.previous = step.name

    def operands(self, key: Scalar, value: Mapping) -> tuple[Reference, ...] | None:
        """What a node takes, or None where an error left that unknown; `resolved` is then what is known of it."""
        self.resolved = ()
        origin = value.entries.get("from")
        if origin is None:
            return self._above(key, value)
        items = origin.items if isinstance(origin, Sequence) else [origin]
        names = [item for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
        references = [self.resolve(name, str(key.value)) for name in names]
        self.resolved = tuple(r for r in references if r)
        if not references or len(names) < len(items):
            self.complete = False
            return None
        return self.resolved if all(references) else None

    def samples(self, key: Scalar) -> tuple[Reference, ...]:
        """What tells how many samples there are: the graph's first input, which is not used by that."""
        self.resolved = (Reference(self.inputs[0] if self.inputs else "", "", key),)
        return self.resolved

    def strays(self, value: Mapping) -> list[str]:
        """Keys that nothing follows and that name what a node can take: the rest of ``{from: a, b}``."""
        empty = [name for name, entry in value.entries.items() if entry.start == value.keys[name].start]
        return [name for name in empty if name in self.steps or name in self.inputs or name == "input"]

    def _above(self, key: Scalar, value: Mapping) -> tuple[Reference, ...] | None:
        """What a node without ``from`` takes: the node above, or the graph's only input."""
        if not self.previous and len(self.inputs) > 1:
            message = "the first node of a graph with several inputs says which it takes"
            help = inputs_help(value, self.inputs)
            self._report("missing-key", message, key.span, path=self.child(str(key.value)), help=help)
            self.complete = False
            return None
        name = self.previous or (self.inputs[0] if self.inputs else "")
        self.used.add(name)
        return (Reference(name, "", key),)

    def resolve(self, value: Scalar, node: str = "") -> Reference | None:
        """The node or input of this graph that a name means, or None where it means nothing.

        Args:
            value: The name.
            node: The node that takes it; empty for an output of the graph.
        """
        written = reference(value)
        if not written.name:
            self._unknown(written.name, value, node)
            return None
        if written.name == "input" and len(self.inputs) <= 1:
            written = Reference(self.inputs[0] if self.inputs else "", written.port, value)
        if written.copy and not self._can_take_copies(written, node):
            return None
        if written.name in self.steps or self.is_input(written.name) or not (written.name or self.inputs):
            self.used.add(written.name)
            return written
        self._unknown(written.name, value, node)
        return None

    def reused(self, value: Scalar, node: str, *, repeats: bool) -> Reuse | None:
        """What a node reuses, or None where an error left that unknown.

        Args:
            value: The name of another node, or of a copy of it: ``layers.0``.
            node: The node that reuses it.
            repeats: Whether that has a `repeat` of its own.
        """
        name, _, copy = str(value.value).partition(".")
        step = self.steps.get(name)
        if step is None and not self.is_input(name) and name != "input":
            self._unknown(name, value, node, _REUSE_HELP)
        if step is None or not step.kind:
            self.complete = False
            if self.is_input(name) or name == "input":
                message, help = f"`{name}` is an input of this graph, and no node", "take it with `from:`"
                self._report("unknown-node", message, value.span, path=self.child(node), help=help)
            return None
        reuse = Reuse(step, index_of(copy), value)
        if step.reused is not None and not copy and step.when is None and not step.copies_reuse:
            reuse = step.reused._replace(value=value)
        refusal = _no_copy(step, copy, value) if reuse.step.reused is None else _reused_itself(reuse.step.reused, name)
        if refusal is None and repeats and reuse.is_repeat:
            refusal = _repeated_twice(reuse, name)
        if refusal is None:
            return reuse
        self.complete = False
        self._report(refusal.code, refusal.message, value.span, path=self.child(node), help=refusal.help)
        return None

    def _can_take_copies(self, written: Reference, node: str) -> bool:
        """Whether a reference to copies names a node that has some, where several can stand; that not is reported."""
        step = self.steps.get(written.name)
        if step is None or not step.kind:
            return True  # there is no such node, or it is wrong: that is reported
        message = help = ""
        if step.group is not None and step.group.is_list and not step.has_copies:
            message = f"`{step.name}` is a list, whose nodes are not seen from outside"
            help = "write its nodes as a mapping, and those that are taken as its `outputs:`"
        elif not step.has_copies:
            message, help = (
                f"`{step.name}` has no copies: it does not repeat",
                Help.instead(f"write `{step.name}`", step.name),
            )
        elif written.copy == ALL_COPIES and not node:
            message, help = f"`{written.name}.*` is many tensors, and an output is one", f"{step.name}.-1"
            help = Help.instead(f"for example the last: `{help}`", help)
        if message:
            self.used.add(step.name)
            self._report(
                "unknown-node", message, written.value.span, path=self.child(node) if node else self.path, help=help
            )
        return not message

    def _unknown(self, name: str, value: Scalar, node: str, outside: str = "") -> None:

        self.complete = False
        inputs = self.inputs if len(self.inputs) > 1 else ("input", *self.inputs)
        help = did_you_mean(name, [*self.steps, *(() if outside else inputs)])
        if isinstance(help, Help):
            help = help.around("", str(value.value)[len(name) :])
        if name == node:
            help = Help.removal("a node cannot take itself; without a `from` it takes the one above")
            itself = _REUSE_HELP if self._is_around(name) else "a node reuses one above, not itself"
            help = itself if outside else help
        elif not name:
            help = Help.removal("name a node; without a `from` it takes the one above")
        elif name in self.nodes.entries:
            help = moved(self.nodes, name, node)
        elif self._is_around(name):
            help = outside or "it stands outside of this group; hand it in with `from:` and `inputs:`"
        elif "," in str(value.value) and not outside:
            listing = f"[{', '.join(str(value.value).replace(',', ' ').split())}]"
            help = Help.instead(f"several nodes are a list: `from: {listing}`", listing)
        elif name == "input" and not outside:
            help = f"the graph has several inputs: {listed(self.inputs)}"
        shown = name or value.value
        message = f"no node `{shown}` stands above" if node else f"there is no node `{shown}`"
        if name in self.unknown:  # one mistake, wherever the name is taken
            self.found[self.unknown[name]] = self.found[self.unknown[name]].also_at(value.span)
            return
        self.unknown[name] = len(self.found)
        self._report("unknown-node", message, value.span, path=self.child(node) if node else self.path, help=help)

    def last(self) -> tuple[OutputStep, ...]:
        """The output of a graph that declares none: its last node."""
        self.used.add(self.previous)
        taken = Reference(self.previous, "", self.steps[self.previous].key)
        return (OutputStep("output", taken),)

    def report_unused(self, owner: Mapping) -> None:
        """Nodes and inputs that nothing takes are mistakes."""
        if not self.complete:
            return
        for step in self.steps.values():
            if step.name not in self.used:
                message = f"nothing takes the output of `{step.name}`"
                help = Help.removal("name it in a `from:` or an output, or remove it")
                self._report("unused-node", message, step.key.span, path=self.child(step.name), help=help)
        for name in self.inputs:
            if name not in self.used:
                help = Help.removal(f"write `from: {name}` at a node, or remove it")
                self._report("unused-node", f"no node takes the input `{name}`", input_place(owner, name), help=help)

    def _report(self, code: str, message: str, span: Span, **details: str) -> None:
        self.found.append(Diagnostic(code, message, span, **details))  # type: ignore[arg-type]


class _Refusal(NamedTuple):
    """Why a node cannot be reused."""

    message: str
    help: str
    code: str = "unknown-node"


def _reused(path: str) -> Help:
    return Help.instead(f"write `reuse: {path}`", path)


def _reused_itself(reused: Reuse, name: str) -> _Refusal:
    message = f"`{name}` reuses another node itself, with a `when` or copies of its own"
    return _Refusal(message, _reused(reused.path))


def _no_copy(step: Step, copy: str, value: Scalar) -> _Refusal | None:
    """Why there is no such copy of a step; None where there is, or none is named."""
    name, index = step.name, index_of(copy)
    if copy and step.each is not None and step.each.row.repeat is not None:
        message = f"each row of `{name}` is a repeat, and they are reused as a whole"
        help = f"write `reuse: {name}`, or make each row a group: `each: ..., graph: {{layer: {{repeat: ...}}}}`"
        return _Refusal(message, help)
    if "." in copy or (copy and index is None and not step.has_copies and step.kind != "op"):
        whole = f"{name}.{copy.partition('.')[0]}" if step.has_copies else name
        message = f"`{value.value}` stands inside of `{name}`, and a node reuses one of its own graph"
        return _Refusal(message, Help.instead(f"as a whole it is `reuse: {whole}`", whole))
    if copy and not step.has_copies:
        return _Refusal(f"`{name}` has no copies, and no `{copy}`", _reused(name))
    if copy and index is None:
        help = Help.instead(f"its copies are `{name}.0` to `{name}.-1`", f"{name}.0")
        return _Refusal(f"`{name}` has no copy `{copy}`", help)
    return None


def _repeated_twice(reuse: Reuse, name: str) -> _Refusal:
    word = "table" if reuse.step.each else "`repeat`"
    one = "" if reuse.step.each and reuse.step.each.row.repeat else f"reuse one copy: `reuse: {name}.0`, or "
    help = f"{one}put `{name}` into a group and reuse that"
    message = f"`{name}` has a {word}, so that its reuse cannot have a `repeat`"
    return _Refusal(message, Help.instead(help, f"{name}.0") if one else help, "conflicting-keys")


def input_place(owner: Mapping, name: str) -> Span:
    """Where an input of a graph is named."""
    inputs = owner.entries["inputs"]
    if isinstance(inputs, Mapping):
        return inputs.keys[name].span
    items = inputs.items if isinstance(inputs, Sequence) else []
    return next((item.span for item in items if isinstance(item, Scalar) and item.value == name), inputs.span)


def reference(value: Scalar) -> Reference:
    """A reference as written: ``backbone.c3`` is the output ``c3`` of ``backbone``."""
    name, _, port = str(value.value).partition(".")
    return Reference(name, port, value)


def start(value: Value) -> Span:
    """The first key of a mapping, or the first character of another value: a place for a short caret."""
    keys = [key for key in value.keys.values() if key.source is value.source] if isinstance(value, Mapping) else []
    if keys and value.source.text[value.start] != "{":
        return min(keys, key=lambda key: key.start).span
    return value.source.span(value.start, min(value.end, value.start + 1))
