"""Graphs as written: their nodes, and who takes whose output."""

from __future__ import annotations

from archspec.errors import Change, Diagnostic, Help, Note, changes_of, did_you_mean, nearest
from archspec.language.checking import Checker
from archspec.language.definition import IGNORED, GraphSteps, Reference, Step
from archspec.language.expr import is_expression
from archspec.language.lets import LetReader
from archspec.language.loops import loop_names, looped
from archspec.language.merge import KINDS, node_mapping, without
from archspec.language.names import OPERAND, node_name_problem
from archspec.language.outputs import OutputReader
from archspec.language.rewiring import other_name
from archspec.language.source import Entry, Mapping, Numbered, Scalar, Sequence, Value, keyed
from archspec.language.spec import REUSE_KEYS, Node
from archspec.language.values import kind
from archspec.language.wiring import Wiring, input_place, start
from archspec.ops import registry
from archspec.ops.op import NODE_KEYS

_CHECKED_NODE_KEYS = NODE_KEYS - {"after", "before"}
_KIND_WORDS = {"op": "an op", "block": "a block", "graph": "a group", "reuse": "a reuse"}
_KEY_HELP = {
    "first": "it changes the first copy of a block or op with `repeat` or `each`",
    "last": "it changes the last copy of a block or op with `repeat` or `each`",
    "as": "it names the rows of `each`, or the index of `repeat`",
    "inputs": "only a group (`graph:`) names its inputs",
    "output": "an op has one output",
    "outputs": "an op has one output",
}
_NO_LIST = "write the nodes as a mapping, by names: `conv: {op: conv, …}`"
_NODE_EXAMPLE = "for example `relu: relu` or `conv: {op: conv, out_channels: 64, kernel_size: 3}`"


def _takes_nothing(op: Value | None) -> bool:
    """Whether a node is of an op that takes no tensors."""
    cls = registry.find(str(op.value)) if isinstance(op, Scalar) and not is_expression(op.value) else None
    return cls is not None and cls.takes_nothing


class GraphReader:
    """Reads graphs. What is wrong is left out, so that the rest can be checked.

    Attributes:
        unusable: Blocks of the file that no node can use; that is reported where they stand.
        doubtful: What names the blocks of nodes whose keys are wrong, and the errors: the fault may be the block's.
    """

    def __init__(self, checker: Checker) -> None:
        self.unusable: set[str] = set()
        self.doubtful: list[tuple[Scalar, tuple[Diagnostic, ...]]] = []
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
                message, help = f"the input `{name.value}` stands twice", Help.removal("")
                self.checker.report("duplicate-key", message, name.span, notes=notes, help=help)
            seen[str(name.value)] = name
        return tuple(str(name.value) for name in names)

    def mapped(self, value: Mapping, path: str = "") -> Mapping:
        """A network, block or node in which mappings stand for the lists of its nodes and of its outputs."""
        graph, outputs = value.entries.get("graph"), value.entries.get("outputs")
        listed: dict[str, Value] = {}
        if isinstance(graph, Sequence):
            listed["graph"] = Numbered.of(graph, KINDS)
        if isinstance(outputs, Sequence):
            listed["outputs"] = self.outputs.named(outputs, path)
        return Mapping(value.source, value.start, value.end, value.keys, value.entries | listed) if listed else value

    def graph(
        self,
        owner: Mapping,
        value: Mapping,
        wiring: Wiring,
        passed: tuple[str, ...] = (),
    ) -> GraphSteps:
        """A graph and its wiring. ``passed`` are the inputs that are used though no node takes them."""
        if isinstance(value, Numbered) and len(wiring.inputs) > 1:
            message = f"a list of nodes is a chain, and this graph has {len(wiring.inputs)} inputs"
            self.checker.report("operand-count", message, start(value), path=wiring.path, help=_NO_LIST)
            return GraphSteps(wiring.inputs, (), ())
        wiring.used.update(passed)
        self._check_hidden(owner, value, wiring)
        lets = self.lets.lets(owner, wiring)
        wiring.is_list = isinstance(value, Numbered)
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
            help = other_name(name, node_name_problem, wiring.meaning)
            self.checker.report("invalid-name", message, place, path=wiring.path, help=help)

    def _step(self, key: Scalar, value: Value, wiring: Wiring) -> Step:
        path = wiring.child(str(key.value))
        if wiring.is_input(key.value):
            message = f"`{key.value}` is the name of an input of this graph"
            help = other_name(str(key.value), node_name_problem, wiring.meaning)
            self.checker.report("invalid-name", message, key.span, path=path, help=help)
        elif key.value in wiring.loops:
            message = f"`{key.value}` is a name that `as` gives around this node"
            self.checker.report("invalid-name", message, key.span, path=path)
        elif not wiring.is_list:
            self.checker.check_name(key, node_name_problem, path)
        mapping = node_mapping(value)
        step = None
        if mapping is not None:
            step = self._mapping_step(key, mapping, wiring, path)
        else:
            from archspec.language.unknown import node_help

            self.checker.report(
                "invalid-value", f"`{key.value}` is no node", value.span, path=path, found=kind(value.plain()),
                expected="the name of an op, or a mapping", help=node_help(key, value) or _NODE_EXAMPLE,
            )  # fmt: skip
        step = step or Step(str(key.value), key, resolved=wiring.resolved)
        wiring.add(step)
        return step

    def _mapping_step(self, key: Scalar, value: Mapping, wiring: Wiring, path: str) -> Step | None:
        value = self.mapped(value, path)
        entries = value.entries
        if wiring.is_list and "from" in entries:
            message = "a node of a list takes the one before it, without `from`"
            self.checker.report("unknown-key", message, value.keys["from"].span, path=path, help=Help.removal(_NO_LIST))
            value = without(value, {"from"})
            entries = value.entries
        if wiring.is_list and (_takes_nothing(entries.get("op")) or "reuse" in entries):
            what = "is another one again" if "reuse" in entries else "takes no tensor"
            message, place = f"a node of a list takes the one before it, and this one {what}", start(value)
            self.checker.report("invalid-value", message, place, path=path, help=_NO_LIST)
            return None
        for misplaced in [word for word in entries if word in ("after", "before")]:
            message = f"`{misplaced}` places a node that is added to another file"
            help = Help.removal("only a file with `extends` adds nodes; here, write the node where it belongs")
            self.checker.report("unknown-key", message, value.keys[misplaced].span, path=path, help=help)
        strays = wiring.strays(value) if "from" in entries else []
        if strays:
            value = self._gathered(value, strays, path)
            entries = value.entries
        operands = wiring.samples(key) if _takes_nothing(entries.get("op")) else wiring.operands(key, value)
        if self.unusable and str(entries["block"].plain() if "block" in entries else "") in self.unusable:
            return None
        before = len(self.checker.found)
        step = self._said(key, value, path)
        block = entries.get("block")
        if isinstance(block, Scalar) and len(self.checker.found) > before:
            self.doubtful.append((block, tuple(self.checker.found[before:])))
        if step is None:
            return None
        if step.kind == "reuse":
            return self._reuse(key, value, operands, wiring, path)
        names = loop_names(self.checker, value, wiring, path)
        group = self._group(value, wiring, path, names) if step.kind == "graph" else None
        return looped(step._replace(group=group, operands=operands, resolved=wiring.resolved), value, names)

    def changed(self, step: Step, value: Mapping, path: str) -> Step | None:
        """A node that says something else and takes what it took; None where that is wrong."""
        said = self._said(step.key, value, path)
        if said is None:
            return None
        was, op = step.value.entries.get("op") if step.value else None, value.entries.get("op")
        if _takes_nothing(was) != _takes_nothing(op):
            what, other = (was, "what comes instead takes one") if _takes_nothing(was) else (op, "the node takes one")
            assert what is not None
            message = f"`{what.plain()}` takes no tensor, and {other}"
            help = "a change leaves what a node takes as it is"
            self.checker.report("invalid-value", message, value.keys[said.kind].span, path=path, help=help)
            return None
        group = step.group if said.kind == "graph" else None
        changed = said._replace(group=group, operands=step.operands, resolved=step.resolved)
        return looped(changed, value, step.each.names if step.each else (step.counter,) if step.counter else ())

    def _said(self, key: Scalar, value: Mapping, path: str) -> Step | None:
        """A node without what it takes and without its graph; None where it does not say what it is."""
        entries = value.entries
        kind_ = self._kind(key, value, path)
        if not self._node(value, path) or not kind_:
            return None
        if kind_ == "reuse":
            return Step(str(key.value), key, kind_, value=value)
        own = NODE_KEYS | {"let"} if kind_ == "graph" else NODE_KEYS
        arguments = {k: Entry(value.keys[k], v) for k, v in entries.items() if k not in own}
        misplaced = self._misplaced(kind_, arguments, entries)
        for problem in misplaced:
            near = did_you_mean(problem, NODE_KEYS) or "the nodes of a group see the parameters around it"
            self._no_key(problem, kind_, value, path, _KEY_HELP.get(problem, near))
        passing = ("from", "when", "each", "repeat") if _takes_nothing(entries.get("op")) else ()
        for needless in [word for word in passing if word in entries]:
            message = f"`{entries['op'].plain()}` takes no tensor"
            help = "remove the key" if needless == "from" else f"`{needless}` passes a tensor on, and there is none"
            help = Help.removal(help)
            self.checker.report("unknown-key", message, value.keys[needless].span, path=path, help=help)
        if "as" in misplaced or (passing and "each" in entries):
            return None  # expressions that ask for its names are not wrong too
        target = entries[kind_]
        return Step(
            name=str(key.value),
            key=key,
            kind=kind_,
            target=target if isinstance(target, Scalar) else None,
            arguments=arguments,
            first=keyed(entries.get("first")),
            last=keyed(entries.get("last")),
            when=entries.get("when"),
            outputs=self.outputs.taken(value, path) if kind_ == "block" else (),
            value=value,
        )

    def _no_key(self, key: str, kind_: str, value: Mapping, path: str, help: str) -> None:
        message = f"`{key}` is no key of {_KIND_WORDS[kind_]}"
        help = help if changes_of(help) else Help.removal(help)
        self.checker.report("unknown-key", message, value.keys[key].span, path=path, help=help)

    def _reuse(
        self, key: Scalar, value: Mapping, operands: tuple[Reference, ...] | None, wiring: Wiring, path: str
    ) -> Step | None:
        """A node that is another one again, on operands of its own."""
        entries = value.entries
        for problem in [word for word in entries if word not in REUSE_KEYS]:
            near = nearest(problem, REUSE_KEYS)
            help = (
                Help.instead(f"did you mean `{near}`?", near)
                if near
                else "it has the arguments of the node that it reuses"
            )
            self._no_key(problem, "reuse", value, path, help)
        target = entries["reuse"]
        assert isinstance(target, Scalar)
        reused = wiring.reused(target, str(key.value), repeats="repeat" in entries)
        if reused is None:
            return None
        of = reused.step.value.entries.get("op") if reused.step.value else None
        if of is not None and _takes_nothing(of):
            message = f"`{of.plain()}` takes no tensor, and gives the same again"
            help = f"write `{reused.path}` instead"
            self.checker.report("invalid-value", message, target.span, path=path, help=help)
            return None
        node = Step(str(key.value), key, operands=operands, resolved=wiring.resolved, when=entries.get("when"))
        return node.again(reused, entries.get("repeat"))

    def _gathered(self, value: Mapping, strays: list[str], path: str) -> Mapping:
        """A node with ``from: [a, b]`` where it says ``from: a, b``; that it does is reported."""
        origin = value.entries["from"]
        items = origin.items if isinstance(origin, Sequence) else [origin]
        listed = Sequence(value.source, origin.start, origin.end, [*items, *(value.keys[name] for name in strays)])
        written = f"[{', '.join(map(str, listed.plain()))}]"
        whole = value.source.span(origin.start, max(value.keys[name].end for name in strays))
        help = Help(f"several nodes are a list: `from: {written}`", Change("replace", written, whole))
        place = value.keys[strays[0]].span
        self.checker.report("unknown-key", f"`{strays[0]}` stands behind `from`", place, path=path, help=help)
        entries = {name: entry for name, entry in value.entries.items() if name not in strays}
        return Mapping(value.source, value.start, value.end, value.keys, entries | {"from": listed})

    def _kind(self, key: Scalar, value: Mapping, path: str) -> str:
        """What a node is; empty where it does not say one thing."""
        kinds = [word for word in value.entries if word in KINDS]
        if len(kinds) == 1:
            return kinds[0]
        from archspec.language.unknown import conflict_help, kind_help

        near = next((word for word in value.entries if word.partition(":")[0] in KINDS or nearest(word, KINDS)), "")
        if kinds:
            message = f"a node is one thing, and `{key.value}` says `{kinds[0]}` and `{kinds[1]}`"
            notes = (Note("the other", value.keys[kinds[0]].span),)
            second = value.keys[kinds[1]].span
            help = conflict_help(value) or Help.removal("")
            self.checker.report("conflicting-keys", message, second, path=path, notes=notes, help=help)
        elif near:
            self.checker.unknown_key(near, value, KINDS, path)
        else:
            message = f"`{key.value}` does not say what it is: `op`, `block`, `graph` or `reuse`"
            help, place = kind_help(key, value)
            if str(key.value).isdecimal() and len(value.entries) == 1:
                help = help or "the nodes of a list have no names; those of a mapping are written without dashes"
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
        if "repeat" not in entries and "each" not in entries:
            misplaced += [key for key in ("first", "last") if key in entries and kind_ != "graph"]
            misplaced += [key for key in ("as",) if key in entries]
        return misplaced

    def _group(self, value: Mapping, wiring: Wiring, path: str, names: tuple[Scalar, ...]) -> GraphSteps | None:
        inner, let = value.entries["graph"], value.entries.get("let")
        if let is not None and not isinstance(let, Mapping):
            message, found = "`let` has the wrong kind of value", kind(let.plain())
            self.checker.report("invalid-value", message, let.span, path=path, expected="a mapping", found=found)
        if not isinstance(inner, Mapping):
            return None
        inputs = self.input_names(value.entries.get("inputs"))
        # A group whose condition is false passes its first input through, so that is used.
        passed = inputs[:1] if "when" in value.entries else ()
        loops = wiring.loops | {str(name.value) for name in names if name.value != IGNORED}
        return self.graph(value, inner, Wiring(self.checker.found, inputs, inner, wiring, path, loops=loops), passed)

    def _node(self, value: Mapping, path: str) -> bool:
        """Whether the keys of a node are right, besides its arguments."""
        before = len(self.checker.found)
        plain = {k: v.plain() for k, v in value.entries.items() if k in _CHECKED_NODE_KEYS}
        node = self.checker.checked(Node, value, plain)
        self.checker.found[before:] = [diagnostic._replace(path=path) for diagnostic in self.checker.found[before:]]
        return node is not None
