"""Graphs as written: their nodes, and who takes whose output."""

from __future__ import annotations

from archspec.errors import Note, did_you_mean, nearest
from archspec.language.checking import Checker
from archspec.language.definition import GraphSteps, Step
from archspec.language.lets import LetReader
from archspec.language.merge import KINDS, node_mapping
from archspec.language.names import OPERAND, node_name_problem
from archspec.language.outputs import OutputReader
from archspec.language.source import Entry, Mapping, Scalar, Sequence, Value, keyed
from archspec.language.spec import Node
from archspec.language.values import kind
from archspec.language.wiring import Wiring, input_place
from archspec.ops.op import NODE_KEYS

_CHECKED_NODE_KEYS = NODE_KEYS - {"after", "before"}
_KIND_WORDS = {"op": "an op", "block": "a block", "graph": "a group"}
_KEY_HELP = {
    "first": "it changes the first copy of a block or op with `repeat`",
    "last": "it changes the last copy of a block or op with `repeat`",
    "inputs": "only a group (`graph:`) names its inputs",
    "output": "an op has one output",
    "outputs": "an op has one output",
}
_NODE_EXAMPLE = "for example `relu: relu` or `conv: {op: conv, out_channels: 64, kernel_size: 3}`"


class GraphReader:
    """Reads graphs. What is wrong is left out, so that the rest can be checked.

    Attributes:
        unusable: Blocks of the file that no node can use; that is reported where they stand.
    """

    def __init__(self, checker: Checker) -> None:
        self.unusable: set[str] = set()
        self.checker = checker
        self.outputs = OutputReader(checker)
        self.lets = LetReader(checker)

    def input_names(self, value: Value | None) -> tuple[str, ...]:
        """The names of a graph's inputs; empty for an only one called ``input``."""
        if isinstance(value, Mapping):
            names = list(value.keys.values())
        elif isinstance(value, Sequence):
            names = [item for item in value.items if isinstance(item, Scalar) and isinstance(item.value, str)]
        else:
            names = [value] if isinstance(value, Scalar) and isinstance(value.value, str) else []
        if [name.value for name in names] == ["input"]:
            return ()
        seen: dict[str, Scalar] = {}
        for name in names:
            if self.checker.check_name(name, node_name_problem) and str(name.value) in seen:
                notes = (Note("first here", seen[str(name.value)].span),)
                self.checker.report("duplicate-key", f"the input `{name.value}` stands twice", name.span, notes=notes)
            seen[str(name.value)] = name
        return tuple(str(name.value) for name in names)

    def graph(
        self,
        owner: Mapping,
        value: Mapping,
        wiring: Wiring,
        passed: tuple[str, ...] = (),
    ) -> GraphSteps:
        """A graph and its wiring. ``passed`` are the inputs that are used though no node takes them."""
        wiring.used.update(passed)
        self._check_hidden(owner, value, wiring)
        lets = self.lets.lets(owner, wiring)
        steps = tuple(self._step(value.keys[name], entry, wiring) for name, entry in value.entries.items())
        if not value.entries:
            self.checker.report("empty-graph", "the graph has no nodes", value.span, path=wiring.path)
            return GraphSteps(wiring.inputs, (), ())
        outputs = self.outputs.outputs(owner, wiring)
        wiring.report_unused(owner)
        has_operand = OPERAND not in value.entries and not wiring.is_input(OPERAND)
        return GraphSteps(wiring.inputs, steps, outputs, lets, has_operand)

    def _check_hidden(self, owner: Mapping, value: Mapping, wiring: Wiring) -> None:
        """Refuse inputs and nodes of a group with a name that a ``let`` around it defines."""
        places = {name: input_place(owner, name) for name in wiring.inputs if name in wiring.lets}
        places |= {name: key.span for name, key in value.keys.items() if name in wiring.lets}
        for name, place in places.items():
            message = f"`{name}` cannot be a name here: it is {wiring.meaning(name)}"
            self.checker.report("invalid-name", message, place, path=wiring.path)

    def _step(self, key: Scalar, value: Value, wiring: Wiring) -> Step:
        path = wiring.child(str(key.value))
        if wiring.is_input(key.value):
            message = f"`{key.value}` is the name of an input of this graph"
            self.checker.report("invalid-name", message, key.span, path=path)
        else:
            self.checker.check_name(key, node_name_problem, path)
        mapping = node_mapping(value)
        step = None
        if mapping is not None:
            step = self._mapping_step(key, mapping, wiring, path)
        else:
            self.checker.report(
                "invalid-value", f"`{key.value}` is no node", value.span, path=path, found=kind(value.plain()),
                expected="the name of an op, or a mapping", help=_NODE_EXAMPLE,
            )  # fmt: skip
        step = step or Step(str(key.value), key, resolved=wiring.resolved)
        wiring.add(step)
        return step

    def _mapping_step(self, key: Scalar, value: Mapping, wiring: Wiring, path: str) -> Step | None:
        entries = value.entries
        for misplaced in [word for word in entries if word in ("after", "before")]:
            message = f"`{misplaced}` places a node that is added to another file"
            help = "only a file with `extends` adds nodes; here, write the node where it belongs"
            self.checker.report("unknown-key", message, value.keys[misplaced].span, path=path, help=help)
        strays = wiring.strays(value) if "from" in entries else []
        if strays:
            value = self._gathered(value, strays, path)
            entries = value.entries
        operands = wiring.operands(key, value)
        if self.unusable and str(entries["block"].plain() if "block" in entries else "") in self.unusable:
            return None
        kind_ = self._kind(key, value, path)
        if not self._node(value, path) or not kind_:
            return None
        own = NODE_KEYS | {"let"} if kind_ == "graph" else NODE_KEYS
        arguments = {k: Entry(value.keys[k], v) for k, v in entries.items() if k not in own}
        for problem in self._misplaced(kind_, arguments, entries):
            near = did_you_mean(problem, NODE_KEYS) or "the nodes of a group see the parameters around it"
            help = _KEY_HELP.get(problem, near)
            message = f"`{problem}` is no key of {_KIND_WORDS[kind_]}"
            self.checker.report("unknown-key", message, value.keys[problem].span, path=path, help=help)
        target = entries[kind_]
        return Step(
            name=str(key.value),
            key=key,
            kind=kind_,
            target=target if isinstance(target, Scalar) else None,
            group=self._group(value, wiring, path) if kind_ == "graph" else None,
            operands=operands,
            resolved=wiring.resolved,
            arguments=arguments,
            first=keyed(entries.get("first")),
            last=keyed(entries.get("last")),
            when=entries.get("when"),
            repeat=entries.get("repeat"),
            outputs=self.outputs.taken(value, path) if kind_ == "block" else (),
        )

    def _gathered(self, value: Mapping, strays: list[str], path: str) -> Mapping:
        """A node with ``from: [a, b]`` where it says ``from: a, b``; that it does is reported."""
        origin = value.entries["from"]
        items = origin.items if isinstance(origin, Sequence) else [origin]
        listed = Sequence(value.source, origin.start, origin.end, [*items, *(value.keys[name] for name in strays)])
        help = f"several nodes are a list: `from: [{', '.join(map(str, listed.plain()))}]`"
        place = value.keys[strays[0]].span
        self.checker.report("unknown-key", f"`{strays[0]}` stands behind `from`", place, path=path, help=help)
        entries = {name: entry for name, entry in value.entries.items() if name not in strays}
        return Mapping(value.source, value.start, value.end, value.keys, entries | {"from": listed})

    def _kind(self, key: Scalar, value: Mapping, path: str) -> str:
        """What a node is; empty where it does not say one thing."""
        kinds = [word for word in value.entries if word in KINDS]
        if len(kinds) == 1:
            return kinds[0]
        near = next((word for word in value.entries if word.partition(":")[0] in KINDS or nearest(word, KINDS)), "")
        if kinds:
            message = f"a node is one thing, and `{key.value}` says `{kinds[0]}` and `{kinds[1]}`"
            notes = (Note("the other", value.keys[kinds[0]].span),)
            self.checker.report("conflicting-keys", message, value.keys[kinds[1]].span, path=path, notes=notes)
        elif near:
            self.checker.unknown_key(near, value, KINDS, path)
        else:
            from archspec.language.unknown import kind_help

            message = f"`{key.value}` does not say what it is: `op`, `block` or `graph`"
            help, place = kind_help(value)
            span = (place or key).span
            self.checker.report("missing-key", message, span, path=path, help=help or _NODE_EXAMPLE)
        return ""

    @staticmethod
    def _misplaced(kind_: str, arguments: dict[str, Entry], entries: dict[str, Value]) -> list[str]:
        misplaced = list(arguments) if kind_ == "graph" else []
        if kind_ != "graph":
            misplaced += [key for key in ("inputs",) if key in entries]
        if kind_ == "graph":
            misplaced += [key for key in ("first", "last") if key in entries]
        if kind_ == "op":
            misplaced += [key for key in ("output", "outputs") if key in entries]
        if "repeat" not in entries and kind_ != "graph":
            misplaced += [key for key in ("first", "last") if key in entries]
        return misplaced

    def _group(self, value: Mapping, wiring: Wiring, path: str) -> GraphSteps | None:
        inner, let = value.entries["graph"], value.entries.get("let")
        if let is not None and not isinstance(let, Mapping):
            message, found = "`let` has the wrong kind of value", kind(let.plain())
            self.checker.report("invalid-value", message, let.span, path=path, expected="a mapping", found=found)
        if not isinstance(inner, Mapping):
            return None
        inputs = self.input_names(value.entries.get("inputs"))
        # A group whose condition is false passes its first input through, so that is used.
        passed = inputs[:1] if "when" in value.entries else ()
        return self.graph(value, inner, Wiring(self.checker.found, inputs, inner.entries, wiring, path), passed)

    def _node(self, value: Mapping, path: str) -> bool:
        """Whether the keys of a node are right, besides its arguments."""
        before = len(self.checker.found)
        plain = {k: v.plain() for k, v in value.entries.items() if k in _CHECKED_NODE_KEYS}
        node = self.checker.checked(Node, value, plain)
        self.checker.found[before:] = [diagnostic._replace(path=path) for diagnostic in self.checker.found[before:]]
        return node is not None
